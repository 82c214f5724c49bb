"""Rows that a real store refuses for good: kept with the reason, counted, and judged by the tolerance."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stores.loads import Loads
from watchdown.catalogue.database import open_database
from watchdown.catalogue.model import Timeline, Title
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.titles import Catalogue
from watchdown.load.dead_letters import REASON
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.staged_records import StagedRecords
from watchdown.runs.stages import Stages
from watchdown.runs.states import State
from watchdown.runs.writing import Writing
from watchdown.settings import Address
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.validation.policy import Tolerance
from watchdown_schemas import registry
from watchdown_schemas.errors import StoreUnavailable
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import Shot

TITLE = Title(id="t", name="t", added_at="")
ROWS, BAD = 100, 10


class Library:
    """What writes runs and publishes them, on a folder and a real store."""

    def __init__(self, root: Path, loads: Loads) -> None:
        self.storage = LocalStorage(root)
        self.database = open_database(Address(kind="sqlite", path=str(root / "library.db")), create=True)
        self.ledger, catalogue = Ledger(self.database), Catalogue(self.database)
        catalogue.add(TITLE, Timeline(id="t.1", title="t", duration_ns=ROWS, rate=Fraction(25)), [])
        types = registry.discover(StoredTypes(self.database))
        self.loads = loads
        self.stages = Stages(storage=self.storage, ledger=self.ledger, sink=loads.sink, types=types)
        self.writing = Writing(
            storage=self.storage,
            catalogue=catalogue,
            ledger=self.ledger,
            stages=self.stages,
            types=types,
        )

    def write(self, bad: int, share: float = 0.0, *, name: str = "x") -> Run:
        """Write shots, so many of which have two attributes; up to a share of them may be refused."""
        rows: list[dict[str, Any]] = [
            {"start_ns": at, "end_ns": at + 1, "number": at, "attributes": {"mood": "low"}}
            for at in range(ROWS)
        ]
        for row in rows[:bad]:
            row["attributes"] = {"mood": "low", "light": 0.5}
        return self.writing.write(
            TITLE,
            {"Shot": lambda stamp: [from_rows(Shot, rows, stamp)]},
            algorithm=name,
            version="1.0.0",
            tolerance=Tolerance(share),
        )

    def seen(self) -> list[int]:
        """Return the numbers of the shots that readers see."""
        return sorted(row["number"] for row in self.loads.store.rows("Shot", self.ledger.view()))

    def read_back(self, run: Run) -> list[int]:
        """Return the numbers of the shots of a run, as what was staged has them."""
        batches = StagedRecords(self.storage).read_run("Shot", run.number)
        return sorted(row["number"] for batch in batches for row in batch.to_pylist())

    def letters(self) -> list[str]:
        """Return the keys of all dead letters."""
        return [stored.key for stored in self.storage.list(keys.DEAD_LETTERS)]


@pytest.fixture
def library(tmp_path: Path, opensearch_url: str) -> Iterator[Library]:
    """Give a library whose store takes no more than one attribute for a row."""
    loads = Loads(opensearch_url)
    library = Library(tmp_path, loads)
    first = library.write(0)
    assert (first.state, first.warnings) == (State.ACTIVE, [])
    loads.settings(index__mapping__nested_objects__limit=1)
    yield library
    loads.remove()
    library.database.close()


def test_rows_that_the_store_refuses_are_kept_with_the_reason_and_the_others_seen(library: Library) -> None:
    run = library.write(BAD, 0.1)
    assert (run.state, run.counts, run.error) == (State.ACTIVE, {"Shot": ROWS - BAD}, None)
    assert library.seen() == library.read_back(run) == list(range(BAD, ROWS))
    assert library.letters() == [keys.dead_letters(run.number, "Shot")]
    with library.storage.open(*library.letters()) as file:
        kept = pq.read_table(file).to_pylist()
    assert [row["number"] for row in kept] == list(range(BAD))
    assert {len(row["attributes"]) for row in kept} == {2}
    assert all("nested documents has exceeded the allowed limit" in row[REASON] for row in kept)
    (warning,) = run.warnings
    assert f"{BAD} Shot rows refused by the store" in warning
    assert library.letters()[0] in warning
    assert "nested documents has exceeded" in warning


@pytest.mark.parametrize(("bad", "share"), [(BAD, 0.05), (1, 0.0), (ROWS, 1.0)])
def test_a_run_of_which_the_store_refuses_too_much_fails_and_nothing_of_it_is_seen(
    library: Library, bad: int, share: float
) -> None:
    run = library.write(bad, share)
    assert (run.state, run.counts) == (State.FAILED, {"Shot": ROWS - bad})
    assert run.error is not None
    assert "refused" in run.error
    assert "refused by the store" in run.warnings[0]
    assert library.letters() == [keys.dead_letters(run.number, "Shot")]
    assert library.seen() == list(range(ROWS))
    assert {row["run"] for row in library.loads.store.rows("Shot", library.ledger.view())} == {1}


def test_letters_of_a_load_that_was_not_finished_go_when_the_store_takes_the_rows(library: Library) -> None:
    library.loads.settings(index__blocks__write=True)
    with pytest.raises(Exception, match="takes no writes"):
        library.write(BAD, 0.1)
    library.loads.settings(index__blocks__write=None)
    assert library.letters() == []
    (failed,) = library.ledger.runs(states=[State.FAILED])
    assert "takes no writes" in str(failed.error)
    run = library.write(BAD, 0.1)
    library.storage.put(keys.dead_letters(run.number + 1, "Shot"), b"of an interrupted load")
    again = library.write(0)
    assert again.number == run.number + 1
    assert library.letters() == [keys.dead_letters(run.number, "Shot")]
    assert library.read_back(again) == library.seen() == list(range(ROWS))


def test_a_store_that_is_away_fails_a_written_run_and_keeps_what_was_seen(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Loads("http://127.0.0.1:1", timeout_s=0.5)
    monkeypatch.setattr(library.stages, "_sink", away.sink)
    with pytest.raises(StoreUnavailable, match="Connection refused"):
        library.write(0)
    assert library.ledger.runs()[-1].state is State.FAILED
    assert library.seen() == list(range(ROWS))
