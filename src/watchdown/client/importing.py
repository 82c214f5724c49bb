"""Import what titles are known by: a whole file in one transaction, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from watchdown.catalogue.imports import Change, compare, read_import, replaced, store
from watchdown.client.results import Imported, ImportedChange
from watchdown.client.services import Services
from watchdown.folder import storage_error


def import_titles(services: Services, path: Path, *, dry_run: bool, waiting: Callable[[], None]) -> Imported:
    """Import a file, or with `dry_run` only say what it would change. No algorithm runs.

    Raises ImportInvalid with all faults of the file, LibraryError when the library cannot be written.
    """
    plan = read_import(path)
    try:
        if dry_run:
            with services.database.reading() as connection:
                changes = compare(connection, plan)
        else:
            with services.writing(waiting), services.database.writing() as connection:
                changes = compare(connection, plan)
                store(connection, changes)
    except OSError as error:
        raise storage_error(Path(services.place), error) from error
    return Imported(
        file=str(path),
        dry_run=dry_run,
        titles=len(plan.entries),
        changes=tuple(map(_told, changes)),
        replaced=replaced(changes),
    )


def _told(change: Change) -> ImportedChange:
    return ImportedChange(
        part=change.part,
        id=change.id,
        of=change.of,
        name=change.name,
        before=change.before,
        after=change.after,
    )
