"""Upgrade stored records of a schema type to its newest version: derived runs, published one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.compute as pc

from watchdown.client.results import RunSummary
from watchdown.client.services import Services
from watchdown.client.showing import summary
from watchdown.runs.derive import derive
from watchdown.runs.ledger import Run
from watchdown.runs.memo import in_versions
from watchdown.runs.progress import Progress
from watchdown.runs.stages import model_of
from watchdown.runs.states import State


def behind(services: Services, schema_type: str) -> list[Run]:
    """Return the active runs that hold records of the type in an older version."""
    label = services.registry[schema_type].schema_label()
    found = []
    for run in services.ledger.runs(states=[State.ACTIVE]):
        if run.counts.get(schema_type):
            model = model_of(run, schema_type, services.registry)
            first = next(iter(services.read_run(schema_type, run.number, model)), None)
            if first is not None and not _all_are(first, label):
                found.append(run)
    return found


def _all_are(batch: Any, label: str) -> bool:
    if "type" not in batch.schema.names:
        return False
    return pc.all(pc.equal(pc.fill_null(batch["type"], ""), label)).as_py() is not False


def upgrade(services: Services, schema_type: str, report: Callable[[Progress], None]) -> list[RunSummary]:
    """Write each run that is behind anew in the newest version, and publish it; return the runs written."""
    with services.writing(lambda: report(Progress("", "waiting for another process", 0, 0))):
        runs = behind(services, schema_type)
        written = []
        for done, run in enumerate(runs):
            title = services.catalogue.title_by_id(run.title)
            report(Progress(title.name, f"upgrading {schema_type}, {done + 1} of {len(runs)}", 0, 0))
            made = derive(
                run,
                title,
                change=lambda rows, _schema: rows,
                memo_key=in_versions(run.memo_key, run.counts, services.registry),
                writing=services.writer,
                read=services.read_run,
                types=services.registry,
            )
            written.append(summary(made, title.name))
    return written
