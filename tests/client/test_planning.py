"""What a backfill would do and cost, asked before it is begun."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import update

import watchdown
from client.libraries import services
from runs.algorithms import LOUD, known
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.tables import runs
from watchdown.client import Library
from watchdown.client.planning import plan as planned
from watchdown.client.results_plan import BackfillPlan
from watchdown.settings.model import PricesSettings
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_schemas.errors import AlgorithmError, AlgorithmNotFound, NotFound

SECOND = 1_000_000_000
SPOKEN = "1\n00:00:00,000 --> 00:00:01,000\nPull the curtain!\n\n2\n00:00:01,000 --> 00:00:02,000\n{}\n"


def algorithms(version: str = "1.0.0", name: str = "Lines") -> AlgorithmCatalogue:
    """Return an algorithm over subtitles and one over its lines."""
    found = known(name)
    manifest = found.manifest.model_copy(update={"version": version, "name": "lines"})
    return AlgorithmCatalogue([Known(manifest, found.package, found.folder), LOUD])


def speak(library: Library, folder: Path, *names: str, seconds: int = 100) -> None:
    for name in names:
        path = folder / f"{name}.srt"
        path.write_text(SPOKEN.format(name))
        title = Title(id=name, name=name, added_at="")
        timeline = Timeline(id=f"{name}.1", title=name, duration_ns=seconds * SECOND, rate=25)  # type: ignore[arg-type] # whole
        text = Asset(
            id=f"{name}.a",
            title=name,
            timeline=timeline.id,
            kind="text",
            path=str(path),
            fingerprint=name,
            language="en",
        )
        services(library).catalogue.add(title, timeline, [text])


def opened(root: Path, algorithms: AlgorithmCatalogue) -> Library:
    return watchdown.open(root, create=True, algorithms=algorithms)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with opened(tmp_path / "library", algorithms()) as found:
        speak(found, tmp_path, "a", "b", "c", "d")
        yield found


def run_all(library: Library, titles: Sequence[str] = ()) -> None:
    library.backfills.run("lines", titles)


def test_a_plan_enters_nothing_and_is_what_the_backfill_then_does(library: Library) -> None:
    found = library.plan("lines", size=3)
    assert (found.titles, found.to_do, found.batches, found.up_to_date) == (4, 4, 2, 0)
    assert [(one.algorithm, one.titles) for one in found.dependants] == [("loud", 4)]
    assert library.runs() == []
    done = library.backfills.run("lines", size=3)
    assert len([one for one in done.batches if one.algorithms == ("lines",)]) == found.batches
    after = library.plan("lines", size=3)
    assert (after.to_do, after.batches, after.up_to_date, after.dependants) == (0, 0, 4, ())
    assert after.total is None


def test_what_is_left_out_is_counted_by_its_reason_with_a_few_names(library: Library) -> None:
    for name in ("p", "q", "r", "s", "t"):
        title = Title(id=name, name=name, added_at="")
        timeline = Timeline(id=f"{name}.1", title=name, duration_ns=SECOND, rate=25)  # type: ignore[arg-type] # whole
        services(library).catalogue.add(title, timeline, [])
    [skipped] = library.plan("lines").skipped
    assert (skipped.why, skipped.titles, skipped.names) == ("the title has no text", 5, ("p", "q", "r"))
    waiting = {one.why: one.titles for one in library.plan("loud").skipped}
    assert waiting == {
        "the title has no DialogueLine": 5,
        "it has no DialogueLine records yet; run lines first": 4,
    }


def test_titles_that_are_planned_already_are_counted_apart(library: Library) -> None:
    parts = services(library)
    parts.batching.plan([parts.catalogue.title("a")], ["lines"])
    found = library.plan("lines", size=2)
    assert (found.to_do, found.in_progress, found.batches) == (4, 1, 3)


@pytest.mark.feature(91)
def test_a_new_version_makes_every_title_a_thing_to_do(library: Library, tmp_path: Path) -> None:
    run_all(library)
    library.close()
    with opened(tmp_path / "library", algorithms("2.0.0")) as newer:
        found = newer.plan("lines")
        assert (found.version, found.to_do, found.up_to_date) == ("2.0.0", 4, 0)
        assert found.expected is not None
        assert (found.expected.version, found.expected.runs) == ("1.0.0", 4)
        told: list[tuple[str, int, int]] = []
        newer.backfills.run("lines", report=lambda step: told.append((step.stage, step.done, step.total)))
        worked = [done for stage, done, _total in told if stage == "work"]
        assert (worked[0], told[0][2]) == (0, 4)
        assert told[-1] == ("publish", 8, 8)  # what reads the lines follows
        assert (newer.plan("lines").to_do, newer.plan("lines").up_to_date) == (0, 4)
        seen = {run.version for run in newer.runs() if (run.algorithm, run.state) == ("lines", "active")}
        assert seen == {"2.0.0"}


def cost(library: Library, numbers: Sequence[int], **values: float) -> None:
    """Let runs have cost so much."""
    with services(library).database.writing() as connection:
        for number in numbers:
            connection.execute(update(runs).where(runs.c.number == number).values(cost=values))


def same_cost(library: Library, cpu_s: float, *, gpu_s: float = 0) -> None:
    numbers = [run.number for run in library.runs() if run.algorithm == "lines"]
    cost(
        library, numbers, cpu_s=cpu_s, gpu_s=gpu_s, clock_s=2 * cpu_s, bytes=1_000_000, media_ns=100 * SECOND
    )


def priced(library: Library, **prices: float) -> BackfillPlan:
    parts = services(library)
    parts.settings = parts.settings.model_copy(
        update={"prices": PricesSettings.model_validate({"currency": "USD", **prices})}
    )
    return planned(parts, "lines", concurrency=2)


def test_what_is_expected_is_measured_by_the_length_of_media(library: Library, tmp_path: Path) -> None:
    run_all(library)
    same_cost(library, 50)
    speak(library, tmp_path, "long", seconds=1000)
    found = priced(library)
    assert found.to_do == 1
    assert found.expected is not None
    assert found.expected.runs == 4
    assert found.expected.cpu_s.low <= 500 <= found.expected.cpu_s.high
    assert found.expected.cpu_s.low < found.expected.cpu_s.high
    assert found.expected.documents.low <= 20 <= found.expected.documents.high
    assert priced(library) == found
    assert found.money is None


def test_money_is_named_for_what_has_a_price(library: Library, tmp_path: Path) -> None:
    run_all(library)
    same_cost(library, 360)
    loud = [run.number for run in library.runs() if run.algorithm == "loud"]
    cost(
        library,
        loud,
        cpu_s=0,
        gpu_s=0,
        clock_s=0,
        bytes=0,
        media_ns=SECOND,
    )
    speak(library, tmp_path, "long", seconds=1000)
    money = priced(library, cpu_hour=2).money
    assert money is not None
    assert money.work is not None
    assert (money.currency, money.storage_month) == ("USD", None)
    assert money.work.low <= 2 <= money.work.high
    kept = priced(library, storage_gb_month=100).money
    assert kept is not None
    assert kept.storage_month is not None
    assert kept.work is None
    assert kept.storage_month.low <= 1 <= kept.storage_month.high
    same_cost(library, 360, gpu_s=1)
    assert priced(library, cpu_hour=2).money is None


def test_without_history_nothing_is_claimed_and_a_probe_leaves_nothing_behind(
    library: Library, tmp_path: Path
) -> None:
    assert library.plan("lines").expected is None
    speak(library, tmp_path, "short", seconds=10)
    speak(library, tmp_path, "long", seconds=1000)
    tried: list[str] = []
    found = library.plan("lines", probe=True, report=tried.append)
    assert tried == ["short", "a", "long"]
    assert found.expected is not None
    assert (found.expected.runs, found.expected.probed) == (3, True)
    assert found.total is None  # what follows was never measured
    assert library.runs() == []
    assert [path for path in (tmp_path / "library").rglob("*") if "trial" in path.name] == []
    assert services(library).ledger.runs() == []


def test_a_probe_that_fails_says_why(tmp_path: Path) -> None:
    with opened(tmp_path / "library", algorithms(name="Torn")) as library:
        speak(library, tmp_path, "a")
        with pytest.raises(AlgorithmError, match=r"the probe: fails on every title \(a: .*ZeroDivisionError"):
            library.plan("lines", probe=True)


def test_bad_questions_are_refused(library: Library) -> None:
    with pytest.raises(AlgorithmNotFound, match="nothing: is no known algorithm"):
        library.plan("nothing")
    with pytest.raises(NotFound, match="Nowhere: chooses no title here"):
        library.plan("lines", ["Nowhere"])


def test_a_plan_is_json(library: Library) -> None:
    assert json.loads(library.plan("lines").model_dump_json())["to_do"] == 4
