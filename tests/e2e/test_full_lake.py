"""A disk that fills up while rows are loaded into a folder's store: seen by nobody, and gone on with then."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import lancedb.table
import pytest

from client.libraries import services
from e2e import interrupted
from watchdown.runs.states import State
from watchdown_schemas.errors import StorageFull

NO_ROOM = f"LanceError(IO): {os.strerror(errno.ENOSPC)} (os error {errno.ENOSPC})"


@pytest.mark.parametrize("half", [False, True])
def test_a_disk_without_room_ends_the_load_and_the_next_call_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, half: bool
) -> None:
    place = tmp_path / "library"
    interrupted.fill(place)
    real = lancedb.table.LanceTable.add

    def add(table: Any, rows: Any, *more: Any, **how: Any) -> Any:
        if half:
            real(table, rows, *more, **how)
        raise OSError(NO_ROOM)

    with interrupted.open_library(str(place)) as library:
        library.write("Label", [{"start_ns": 0, "end_ns": 1, "label": "x", "confidence": 1}], "heat")
        with monkeypatch.context() as patch:
            patch.setattr(lancedb.table.LanceTable, "add", add)
            with pytest.raises(StorageFull):
                library.backfills.run("loud", only=True)
        states = [run.state for run in services(library).ledger.runs()]
        assert states == [State.ACTIVE] * 3 + [State.VALIDATED] * 2
        assert library.count("Label") == 1
        assert library.backfills.run("loud", only=True).state == "done"
        assert library.count("Label") == 41
    assert interrupted.there(place)["left"] == 0
