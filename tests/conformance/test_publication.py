"""What a reader sees while a run is written and published beside the one before it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from conformance.stores import Store
from runs.ledgers import brought, new_database
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown_schemas.types import Label, Shot


def labels(count: int) -> list[Label]:
    return [Label(start_ns=at, end_ns=at + 1, label="bright") for at in range(count)]


def shots(count: int) -> list[Shot]:
    return [Shot(start_ns=at, end_ns=at + 1, number=at) for at in range(count)]


@pytest.mark.feature(14)
def test_a_reader_sees_one_run_or_the_next_and_never_a_part(store: Store, tmp_path: Path) -> None:
    database = new_database(tmp_path / "library.db")
    ledger = Ledger(database)
    sizes = {1: 500, 2: 600, 3: 500, 4: 600}
    counts: list[int] = []
    done = threading.Event()

    def poll() -> None:
        while not done.is_set():
            counts.append(len(store.scan("Label", ledger.view())))

    def load(run: int) -> None:
        number = brought(ledger, State.LOADED, key=str(run))
        assert number == run
        store.write(number, labels(sizes[run] // 2))
        store.write(number, labels(sizes[run]))
        ledger.publish([number])

    load(1)
    reader = threading.Thread(target=poll)
    reader.start()
    for run in (2, 3, 4):
        load(run)
        assert len(store.scan("Label", ledger.view())) == sizes[run]
    done.set()
    reader.join()
    database.close()
    assert set(counts) <= {500, 600}


@pytest.mark.feature(15)
def test_a_run_of_two_types_is_seen_in_both_at_once(store: Store, tmp_path: Path) -> None:
    database = new_database(tmp_path / "library.db")
    ledger = Ledger(database)
    for run, size in ((1, 3), (2, 5)):
        number = brought(ledger, State.LOADED, key=str(run))
        before = ledger.view()
        store.write(number, labels(size))
        store.write(number, shots(size))
        assert {
            row["run"] for name in ("Label", "Shot") for row in store.scan(name, before)
        } == before.visible
        ledger.publish([number])
        for name in ("Label", "Shot"):
            rows = store.scan(name, ledger.view())
            assert [row["run"] for row in rows] == [number] * size
    database.close()
