"""Two runs of a title side by side: what appeared, vanished, moved and changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from watchdown.catalogue.model import Timeline
from watchdown.client.results_difference import (
    RecordDifference,
    RunDifference,
    TypeDifference,
    VectorDifference,
)
from watchdown.client.services import Services
from watchdown.runs.difference import Difference, Example, What, difference
from watchdown.runs.staged_records import StagedRecords
from watchdown.runs.stages import model_of
from watchdown.runs.states import State
from watchdown_schemas.errors import QueryError, RunError
from watchdown_schemas.fields import has_vector

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run

_STAGED: Final = (State.STAGED, State.VALIDATED)
_STORED: Final = (State.LOADED, State.ACTIVE, State.SUPERSEDED)


def diff(services: Services, before: int, after: int, examples: int) -> RunDifference:
    """Compare two runs of one title and algorithm; of each kind of difference, show so many examples.

    Raises RunError for runs that cannot be compared, NotFound where there is none of a number.
    """
    if examples < 0:
        raise QueryError(f"{examples} examples", "cannot be shown", "Ask for none or more")
    old, new = services.ledger.get(before), services.ledger.get(after)
    if (old.title, old.timeline, old.algorithm) != (new.title, new.timeline, new.algorithm):
        what = "algorithms" if old.title == new.title and old.timeline == new.timeline else "titles"
        remedy = "Compare two runs of one title and algorithm; see: watchdown runs --in TITLE"
        raise RunError(f"runs {before} and {after}", f"are of different {what}", remedy)
    for run in (old, new):
        _check(run)
    same_model = old.model == new.model
    title = services.catalogue.title_by_id(old.title)
    timeline = services.catalogue.timeline(title.id)
    types = []
    notes = []
    for name in sorted(old.counts.keys() | new.counts.keys()):
        schema = services.registry[name]
        found = difference(
            partial(_read, services, old, name),
            partial(_read, services, new, name),
            schema,
            examples=examples,
            same_model=same_model,
        )
        if has_vector(schema) and not same_model:
            notes.append(f"{name}: vectors of different models are not compared")
        types.append(_told(name, found, timeline))
    return RunDifference(
        before=old.number,
        before_version=old.version,
        after=new.number,
        after_version=new.version,
        title=title.id,
        title_name=title.name,
        algorithm=old.algorithm,
        types=tuple(types),
        notes=tuple(notes),
    )


def _check(run: Run) -> None:
    """Raise RunError for a run whose rows cannot be read."""
    if run.collected_at is not None:
        raise RunError(f"run {run.number}", "was removed", "Compare runs that are there: watchdown runs")
    if run.state not in (*_STAGED, *_STORED):
        why = f"is {run.state}, and has no rows to compare"
        held = f"See: watchdown quarantine list, for run {run.number}"
        remedy = held if run.state is State.QUARANTINED else "Compare runs that are staged or later"
        raise RunError(f"run {run.number}", why, remedy)


def _read(services: Services, run: Run, schema: str) -> Iterable[pa.RecordBatch]:
    """Return the rows of a run: from where it was staged until a store has it."""
    if schema not in run.counts:
        return ()
    if run.state in _STAGED:
        return StagedRecords(services.storage).read_run(schema, run.number)
    return services.read_run(schema, run.number, model_of(run, schema, services.registry))


def _told(name: str, found: Difference, timeline: Timeline) -> TypeDifference:
    vectors = found.vectors
    return TypeDifference(
        schema_type=name,
        before=found.before,
        after=found.after,
        same=found.same,
        appeared=found.counts[What.APPEARED],
        vanished=found.counts[What.VANISHED],
        moved=found.counts[What.MOVED],
        changed=found.counts[What.CHANGED],
        fields=dict(found.fields),
        vectors=VectorDifference(mean=vectors.mean, least=vectors.least, pairs=vectors.pairs)
        if vectors
        else None,
        examples=tuple(_examples(found, timeline)),
    )


def _examples(found: Difference, timeline: Timeline) -> Iterator[RecordDifference]:
    for some in found.examples.values():
        for one in some:
            yield _example(one, timeline)


def _example(one: Example, timeline: Timeline) -> RecordDifference:
    start, end = one.after or (None, None)
    was, until = one.before or (None, None)
    return RecordDifference(
        what=one.what.value,
        says=one.says,
        start_ns=start,
        end_ns=end,
        timecode=None if start is None else timeline.timecode(start),
        before_start_ns=was,
        before_end_ns=until,
        before_timecode=None if was is None else timeline.timecode(was),
        fields=dict(one.fields),
    )
