"""Planning: which algorithms a title still needs a run of."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.runs.batch import Item, Task
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.memo import Types, corrected, inputs_of, memo_key
from watchdown.runs.states import OPEN, State
from watchdown_algos.catalogue import AlgorithmCatalogue, Known


@dataclass(frozen=True, slots=True)
class Plan:
    """The next pass over a title: runs to work, and those whose result is there already."""

    item: Item
    open: tuple[Run, ...]
    done: tuple[Run, ...]


def plan(
    title: Title,
    timeline: Timeline,
    assets: list[Asset],
    *,
    algorithms: AlgorithmCatalogue,
    ledger: Ledger,
    corrections: Corrections,
    types: Types,
    over_records: bool,
    without: Collection[str] = (),
) -> Plan:
    """Return the next pass over a title: over its media, or over the active records of earlier passes.

    `without` names algorithms that are left out, as they have had their try.
    """
    active = {run.algorithm: run for run in ledger.runs(title.id, [State.ACTIVE])}
    runs: list[Run] = []
    tasks: list[Task] = []
    for known in algorithms.values():
        manifest = known.manifest
        if manifest.over_records != over_records or manifest.name in without:
            continue
        upstream = _upstream(known, algorithms, active)
        inputs = inputs_of(manifest, assets)
        if upstream is None or not (inputs or upstream):
            continue
        model = known.load_model()
        said = corrections.of(title.id, manifest.name)
        bare = memo_key(
            manifest,
            manifest.parameters,
            model=model.fingerprint if model else None,
            assets=inputs,
            upstream={schema: run.content for schema, run in upstream.items()},
            types=types,
        )
        run = ledger.plan(
            title=title.id,
            timeline=timeline.id,
            algorithm=manifest.name,
            version=manifest.version,
            memo_key=corrected(bare, said),
            model=model.fingerprint if model else None,
        )
        runs.append(run)
        if run.state in (State.PLANNED, State.RUNNING):
            tasks.append(
                Task(
                    run=run.number,
                    algorithm=manifest.name,
                    version=manifest.version,
                    parameters=dict(manifest.parameters),
                    upstream={schema: other.number for schema, other in upstream.items()},
                    corrections=tuple(said),
                )
            )
    item = Item(title=title.id, name=title.name, timeline=timeline, assets=tuple(assets), tasks=tuple(tasks))
    return Plan(
        item=item,
        open=tuple(run for run in runs if run.state in OPEN),
        done=tuple(run for run in runs if run.state not in OPEN),
    )


def _upstream(known: Known, algorithms: AlgorithmCatalogue, active: dict[str, Run]) -> dict[str, Run] | None:
    """Return the active run per consumed schema type; None while one is missing."""
    if not known.manifest.over_records:
        return {}
    found = {}
    for schema in known.manifest.consumes:
        producers = [active.get(producer.manifest.name) for producer in algorithms.producers(schema)]
        run = next((run for run in producers if run is not None), None)
        if run is None:
            return None
        found[schema] = run
    return found
