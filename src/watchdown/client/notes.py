"""People's marks: each save of a title's notes is a run of its own, so that earlier versions stay."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final

from watchdown.client.services import Services
from watchdown.runs.correct import own_values
from watchdown.runs.ledger import Run
from watchdown.runs.states import State
from watchdown_schemas.errors import NotFound, RecordInvalid
from watchdown_schemas.reading import to_record, to_rows
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import Note

ALGORITHM: Final = "notes"
VERSION: Final = "1.0.0"
NOTE: Final = Note.__name__
Rows = dict[str, dict[str, Any]]


def of(services: Services, title: str, run: Run | None = None) -> list[Note]:
    """Return the notes of a title as they are now, or as a run left them, in time order."""
    found = run or services.ledger.active(services.catalogue.title(title).id, ALGORITHM)
    notes = [to_record(row, Note) for row in (_read(services, found) if found else {}).values()]
    return sorted(notes, key=lambda note: (note.start_ns, note.note))


def history(services: Services, title: str, note: str) -> list[Note]:
    """Return every version of a note, oldest first; NotFound when the title never had it."""
    versions: dict[int, Note] = {}
    for run in services.ledger.runs(services.catalogue.title(title).id):
        if run.algorithm == ALGORITHM and run.visible_from is not None:
            row = _read(services, run).get(note)
            if row is not None:
                found = to_record(row, Note)
                versions.setdefault(found.revision, found)
    if not versions:
        raise NotFound(note, "is no note of this title", "See all with: watchdown note list")
    return [versions[revision] for revision in sorted(versions)]


def save(services: Services, title: str, values: Mapping[str, Any], waiting: Callable[[], None]) -> Note:
    """Add a note, or a new version of the one that `values` names with `note`; return it as it was saved."""
    note = str(values.get("note") or uuid.uuid4().hex[:12])
    if not values.keys() - {"author", "note"}:
        raise RecordInvalid("the note", "says nothing", "Give it words, a time, a shape or a colour")

    def change(rows: Rows) -> None:
        before = rows.get(note)
        if values.get("note") and before is None:
            raise NotFound(note, "is no note of this title", "See all with: watchdown note list")
        kept = before or _whole(services, title)
        revision = kept["revision"] + 1 if before else 0
        rows[note] = {**kept, **values, "note": note, "revision": revision}

    run = _publish(services, title, change, waiting)
    return to_record(_read(services, run)[note], Note)


def _whole(services: Services, title: str) -> dict[str, Any]:
    """Return the range of a note that is on no moment in particular."""
    found = services.catalogue.title(title)
    return {"start_ns": 0, "end_ns": services.catalogue.timeline(found.id).duration_ns}


def remove(services: Services, title: str, note: str, waiting: Callable[[], None]) -> None:
    """Take a note off a title; its versions stay in the history."""

    def change(rows: Rows) -> None:
        if rows.pop(note, None) is None:
            raise NotFound(note, "is no note of this title", "See all with: watchdown note list")

    _publish(services, title, change, waiting)


def _publish(
    services: Services, name: str, change: Callable[[Rows], None], waiting: Callable[[], None]
) -> Run:
    """Write the title's notes anew, changed, as the next run."""
    with services.writing(waiting):
        title = services.catalogue.title(name)
        active = services.ledger.active(title.id, ALGORITHM)
        rows = _read(services, active) if active else {}
        change(rows)
        own = [own_values(row, Note) for row in rows.values()]
        run = services.writer.write(
            title,
            {NOTE: lambda stamp: [from_rows(Note, own, stamp)]},
            algorithm=ALGORITHM,
            version=VERSION,
        )
    if run.state is not State.ACTIVE:
        told = "; ".join([run.error or "", *run.warnings])
        raise RecordInvalid("the note", f"was refused: {told}", "Mend it and save it again")
    return run


def _read(services: Services, run: Run) -> Rows:
    return {row["note"]: row for row in to_rows(services.read_run(NOTE, run.number), Note)}
