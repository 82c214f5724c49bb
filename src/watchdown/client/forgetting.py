"""Forget: a title leaves the library, and it is proved that nothing of it is left."""

from __future__ import annotations

from collections.abc import Callable

from watchdown.client.collecting import COLLECTOR
from watchdown.client.results_collection import Forgotten
from watchdown.client.services import Services
from watchdown.runs.collect import Report
from watchdown.runs.forget import Forgetting
from watchdown_schemas.errors import LibraryError


def forget(
    services: Services,
    title: str,
    *,
    keep_media: bool,
    dry_run: bool,
    report: Report,
    waiting: Callable[[], None],
) -> Forgotten:
    """Remove a title from everywhere; a dry run only says what there is of it.

    Raises NotFound for what is no title, RunError where it is being worked on, LibraryError where something
    of it is left.
    """
    found = services.catalogue.title(title)
    forgetting = Forgetting(
        storage=services.storage,
        database=services.database,
        catalogue=services.catalogue,
        sink=services.store.sink,
        told=services.store.told,
        work=services.shelf.work,
        announce=services.telling.everything if services.telling else lambda: None,
    )
    if dry_run:
        known = forgetting.look(found)
        left = forgetting.left(known, keep_media=keep_media)
    else:
        with services.alone(COLLECTOR, waiting), services.writing(waiting):
            known = forgetting.look(found)
            left = forgetting.forget(found, keep_media=keep_media, report=report)
    kept = sorted(known.sources) if keep_media else []
    told = Forgotten(
        title=found.id,
        name=found.name,
        dry_run=dry_run,
        runs=known.hidden.runs,
        left=left,
        untouched=(*map(services.storage.place, kept), *known.elsewhere),
    )
    if not dry_run and not told.proven:
        places = ", ".join(f"{count} in {place}" for place, count in left.items() if count)
        remedy = "Somebody may have written it meanwhile: collect with a grace of 0, and look again"
        raise LibraryError(found.id, f"was removed, but something of it is there ({places})", remedy)
    return told
