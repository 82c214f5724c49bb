"""The database is gone for a while in the middle of a backfill: it goes on then, or the next call does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from client.deployments import DEPLOYMENTS
from e2e import interrupted
from e2e.stopped import begun, ended, until_here
from services.library import settings_of
from services.postgresql import PostgreSQL, new_database
from watchdown.catalogue.database import PATIENCE_SECONDS
from watchdown.cli.exit_codes import ExitCode

WHOLE = {"seen": {"heat": 40, "rain": 40}, "counted": 80, "states": ["active"] * 4, "left": 0}
IMPATIENCE_S = 3.0
SEAMS = {"between titles": ("Worker.__call__", 1), "while loading": ("Sink.write", 1)}


@dataclass(frozen=True)
class Deployment:
    """A library, and how its database goes away and comes back."""

    place: Path
    go: Callable[[], object]
    back: Callable[[], object]


@pytest.fixture(params=DEPLOYMENTS)
def deployment(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    if request.param == "folder":
        place = tmp_path / "library"
        interrupted.fill(place)
        other = sqlite3.connect(place / "library.db", isolation_level=None, check_same_thread=False)
        yield Deployment(place, lambda: other.execute("BEGIN EXCLUSIVE"), lambda: other.execute("ROLLBACK"))
        other.close()
        return
    server: PostgreSQL = request.getfixturevalue("module_server")(PostgreSQL)
    bucket, store = (request.getfixturevalue(name) for name in ("s3_server", "opensearch_url"))
    place = tmp_path / "watchdown.toml"
    place.write_text(settings_of(new_database(server.url), bucket, store), "utf-8")
    interrupted.fill(place)
    yield Deployment(place, server.down, server.up)


def again(place: Path) -> dict[str, Any]:
    """Backfill undisturbed, and return what is there then."""
    with interrupted.open_library(str(place)) as library:
        assert library.backfills.run("loud", only=True, size=1).state == "done"
    return interrupted.there(place)


def test_a_database_that_comes_back_is_waited_for(deployment: Deployment) -> None:
    with begun(deployment.place, *SEAMS["while loading"], PATIENCE_SECONDS) as process:
        until_here(process)
        deployment.go()
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        back = Timer(2, deployment.back)
        back.start()
        code, err = ended(process)
        back.join()
    assert code == ExitCode.OK, err
    assert interrupted.there(deployment.place) == WHOLE


@pytest.mark.parametrize("seam", SEAMS)
def test_one_that_stays_away_ends_it_with_one_error_and_the_next_call_goes_on(
    deployment: Deployment, seam: str
) -> None:
    with begun(deployment.place, *SEAMS[seam], IMPATIENCE_S) as process:
        until_here(process)
        deployment.go()
        code, err = ended(process)
    deployment.back()
    assert code == ExitCode.FAILED
    assert len([line for line in err.splitlines() if line.startswith("error: ")]) == 1, err
    assert again(deployment.place) == WHOLE
