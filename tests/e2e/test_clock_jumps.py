"""The clock jumps by an hour at the stages of a backfill: nothing is stuck, and nothing goes too early."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS, deployed
from client.libraries import services
from e2e import interrupted
from e2e.steps_taken import anew
from e2e.stopped import begun, until_here
from watchdown.load.clock import RealClock
from watchdown.runs import leases

HOUR = 3_600.0
DAYS = 2 * 24 * HOUR
WHOLE = {"seen": {"heat": 40, "rain": 40}, "counted": 80, "states": ["active"] * 4, "left": 0}


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as given:
        interrupted.fill(given)
        yield given


@pytest.fixture
def off(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Give what the clock is off by, in seconds, to be set."""
    told = {"by": 0.0}
    monkeypatch.setattr(RealClock, "now", RealClock.now)  # to be put back
    interrupted.set_clock(lambda: told["by"])
    return told


def jumping(real: Callable[..., Any], off: dict[str, float], there: float, back: float) -> Callable[..., Any]:
    """Return a stage at whose begin the clock jumps, and again at its end."""

    def stage(*runs: Any, **how: Any) -> Any:
        off["by"] = there
        done = real(*runs, **how)
        off["by"] = back
        return done

    return stage


@pytest.mark.parametrize(("there", "back"), [(HOUR, -HOUR), (-HOUR, HOUR)], ids=["forth", "back"])
def test_a_backfill_is_done_though_the_clock_jumps_at_each_stage(
    place: Path, off: dict[str, float], there: float, back: float
) -> None:
    with interrupted.open_library(str(place)) as library:
        stages = services(library).stages
        for stage in ("record", "validate", "load", "publish"):
            setattr(stages, stage, jumping(getattr(stages, stage), off, there, back))
        assert library.backfills.run("loud", only=True, size=1).state == "done"
        epochs = [one.epoch for one in library.publication.history()]
        assert epochs == sorted(epochs, reverse=True)
    assert interrupted.there(place) == WHOLE


@pytest.mark.parametrize("ahead", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_whoever_died_with_another_clock_is_waited_for_no_longer_than_a_lease(
    place: Path, monkeypatch: pytest.MonkeyPatch, ahead: float
) -> None:
    with begun(place, "Sink.write", 1, 60.0, ahead) as process:
        until_here(process)
        process.kill()
        process.wait()
    monkeypatch.setattr(leases, "LEASE_S", 0.5)
    with interrupted.open_library(str(place)) as library:
        assert library.backfills.run("loud", only=True, size=1).state == "done"
    assert interrupted.there(place) == WHOLE


def test_an_hour_forth_or_back_lets_nothing_be_collected_that_was_just_seen(
    place: Path, off: dict[str, float]
) -> None:
    with interrupted.open_library(str(place)) as library:
        anew(library, "heat", None)
        before = len(library.records("DialogueLine", as_of=2))
        for jump in (HOUR, -HOUR):
            off["by"] = jump
            assert library.collection.run().runs == ()
            assert len(library.records("DialogueLine", as_of=2)) == before == 40
        off["by"] = DAYS
        assert library.collection.run().runs == (1,)
        assert library.count("DialogueLine") == 39
