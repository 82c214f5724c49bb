"""What lies where in a library of either kind, for tests that nothing is left of a run."""

from __future__ import annotations

from client.libraries import services
from watchdown.client import Library
from watchdown.storage import keys
from watchdown.view import View


def written(library: Library) -> list[str]:
    """Return the keys of all rows that lie in storage."""
    prefixes = (keys.STAGED, keys.QUARANTINE, keys.DEAD_LETTERS)
    return [stored.key for prefix in prefixes for stored in services(library).storage.list(prefix)]


def left(library: Library, run: int) -> list[str]:
    """Return what there is of a run, be it in view or not: keys in storage, and rows in the store."""
    inside = services(library)
    objects = [stored.key for prefix in keys.left_by(run) for stored in inside.storage.list(prefix)]
    view = View(epoch=-run, last_run=run, visible=frozenset({run}))
    rows = inside.searcher.scan(
        ["Label", "Shot"], view, columns=["id"], snapshot=inside.searcher.snapshot(view)
    )
    return objects + [f"row {row['id']}" for batch in rows for row in batch.to_pylist()]
