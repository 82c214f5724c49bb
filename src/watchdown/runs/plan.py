"""Planning: which algorithms a title still needs a run of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.model import Asset, Correction, Timeline, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.batch import Item, Task
from watchdown.runs.ledger import WRITTEN, Ledger, Run
from watchdown.runs.memo import Types, corrected, inputs_of, memo_key
from watchdown.runs.states import OPEN, State
from watchdown_algos.catalogue import AlgorithmCatalogue, Known


@dataclass(frozen=True, slots=True)
class Plan:
    """The next pass over a title: runs to work, those whose result is there already, and what must wait.

    `waiting` says by algorithm why it cannot run now, `lacking` what the title does not have for it at all.
    """

    item: Item
    open: tuple[Run, ...]
    done: tuple[Run, ...]
    waiting: Mapping[str, str]
    lacking: Mapping[str, str]


class Planner:
    """Plans passes over titles, by what their catalogue, the ledger and the algorithms say."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        ledger: Ledger,
        corrections: Corrections,
        algorithms: AlgorithmCatalogue,
        types: Types,
    ) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._corrections = corrections
        self._algorithms = algorithms
        self._types = types

    def plan(self, title: Title, names: Collection[str]) -> Plan:
        """Return the next pass of those algorithms over a title: over its media, or over active records.

        Whatever reads records that are being made waits for them.
        """
        timeline, assets = self._catalogue.timeline(title.id), self._catalogue.assets(title.id)
        past = self._ledger.runs(title.id, [*OPEN, State.ACTIVE])
        active = {run.algorithm: run for run in past if run.state is State.ACTIVE}
        # Nobody knows when a program will end what it writes.
        made = {run.algorithm for run in past if run.state is not State.ACTIVE and run.origin != WRITTEN}
        runs: list[Run] = []
        tasks: list[Task] = []
        waiting: dict[str, str] = {}
        lacking: dict[str, str] = {}
        for name, known in self._algorithms.items():
            if name not in names:
                continue
            inputs = inputs_of(known.manifest, assets)
            upstream, why = _upstream(known, self._algorithms, active, made)
            if not (inputs or upstream) and not self._possible(known, assets):
                lacking[name] = f"the title has no {' or '.join(known.manifest.consumes)}"
                continue
            if why:
                waiting[name] = why
                continue
            said = self._corrections.of(title.id, name)
            run = self._run(timeline, known, inputs, upstream, said)
            runs.append(run)
            if run.state in OPEN:
                made.add(name)
                tasks.append(
                    Task(
                        run=run.number,
                        algorithm=name,
                        version=known.manifest.version,
                        parameters=dict(known.manifest.parameters),
                        upstream={schema: other.number for schema, other in upstream.items()},
                        corrections=tuple(said),
                    )
                )
        return Plan(
            item=Item(
                title=title.id, name=title.name, timeline=timeline, assets=tuple(assets), tasks=tuple(tasks)
            ),
            open=tuple(run for run in runs if run.state in OPEN),
            done=tuple(run for run in runs if run.state not in OPEN),
            waiting=waiting,
            lacking=lacking,
        )

    def _possible(self, known: Known, assets: Sequence[Asset]) -> bool:
        """Whether an algorithm can be run over such a title, now or once others have run."""
        if not known.manifest.over_records:
            return bool(inputs_of(known.manifest, assets))
        return all(
            any(self._possible(producer, assets) for producer in self._algorithms.producers(schema))
            for schema in known.manifest.consumes
        )

    def _run(
        self,
        timeline: Timeline,
        known: Known,
        inputs: Sequence[Asset],
        upstream: Mapping[str, Run],
        said: Sequence[Correction],
    ) -> Run:
        """Return the run of what an algorithm would make of these inputs: one that there is, or a new one."""
        manifest, model = known.manifest, known.load_model()
        fingerprint = model.fingerprint if model else None
        bare = memo_key(
            manifest,
            manifest.parameters,
            model=fingerprint,
            assets=inputs,
            upstream={schema: run.content for schema, run in upstream.items()},
            types=self._types,
        )
        return self._ledger.plan(
            title=timeline.title,
            timeline=timeline.id,
            algorithm=manifest.name,
            version=manifest.version,
            memo_key=corrected(bare, said),
            model=fingerprint,
        )


def _upstream(
    known: Known, algorithms: AlgorithmCatalogue, active: Mapping[str, Run], made: Collection[str]
) -> tuple[dict[str, Run], str]:
    """Return the active run per consumed schema type, or why one must be waited for."""
    found: dict[str, Run] = {}
    for schema in known.manifest.consumes if known.manifest.over_records else ():
        producers = [producer.manifest.name for producer in algorithms.producers(schema)]
        if soon := next((name for name in producers if name in made), None):
            return {}, f"{soon} is at work on its {schema} records"
        run = next((active[name] for name in producers if name in active), None)
        if run is None:
            return (
                {},
                f"it has no {schema} records yet; run {' or '.join(producers) or 'what makes them'} first",
            )
        found[schema] = run
    return found, ""
