"""Corrections: a person changes or removes a record; the next run of its slot is derived at once.

The correction is kept beside the runs, and made again in whatever the algorithm brings later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from watchdown.catalogue.model import Correction
from watchdown.client.services import Services
from watchdown.runs.correct import MARK, apply, as_json, find, from_json, own_values
from watchdown.runs.derive import Change, derive
from watchdown.runs.ledger import Run
from watchdown.runs.memo import corrected
from watchdown.runs.stages import model_of
from watchdown.runs.states import State
from watchdown.view import View
from watchdown_schemas.errors import NotFound, RecordInvalid
from watchdown_schemas.fields import fields
from watchdown_schemas.reading import to_row, to_rows
from watchdown_schemas.record import Record

Waiting = Callable[[], None]
PAST: Final = -(10**12)  # epochs that no publication has, for what no reader sees


def correct(
    services: Services,
    schema_type: str,
    record: str,
    changes: Mapping[str, Any] | None,
    *,
    author: str,
    waiting: Waiting,
) -> Correction:
    """Give fields of a visible record other values, or remove it (`changes` None); return the correction.

    Raises NotFound where no visible record has that id, RecordInvalid where the new values are refused.
    """
    schema = services.registry[schema_type]
    known = {field.name for field in fields(schema) if not field.stamped}
    if strange := sorted(set(changes or ()) - known):
        raise RecordInvalid(
            record, f"has no field {', '.join(strange)}", f"It has: {', '.join(sorted(known))}"
        )
    with services.writing(waiting):
        run, row = _find(services, schema, record)
        target = own_values(row, schema)
        correction = services.corrections.add(
            title=run.title,
            algorithm=run.algorithm,
            schema_type=schema_type,
            target=as_json(target),
            changes=None if changes is None else as_json(changes),
            author=author,
        )
        try:
            held = services.corrections.of(run.title, run.algorithm)
            _derive(services, run, lambda rows, other: apply([correction], rows, other), held)
        except BaseException:
            services.corrections.withdraw(correction.id)
            raise
    return correction


def withdraw(services: Services, correction: int, waiting: Waiting) -> Correction:
    """Take a correction back: the record becomes what it would be without it."""
    with services.writing(waiting):
        taken = services.corrections.get(correction)
        if taken.withdrawn_at is not None:
            return taken
        schema = services.registry[taken.schema_type]
        run = services.ledger.active(taken.title, taken.algorithm)
        if run is None:  # its result was taken back: there is nothing to change
            return services.corrections.withdraw(correction)
        held = [one for one in services.corrections.of(taken.title, taken.algorithm) if one.id != correction]
        bare = _bare(services, run)
        if bare is not None:
            _derive(services, bare, lambda rows, other: apply(held, rows, other), held)
        else:
            _derive(
                services,
                run,
                lambda rows, other: _restored(taken, held, rows, schema) if other is schema else rows,
                held,
            )
        return services.corrections.withdraw(correction)


def _bare(services: Services, run: Run) -> Run | None:
    """Return the run of the slot that has the same result without corrections, if there was one."""
    key = corrected(run.memo_key, [])
    runs = services.ledger.runs(run.title, [State.ACTIVE, State.SUPERSEDED])
    same = [
        one
        for one in runs
        if one.algorithm == run.algorithm and one.memo_key == key and one.collected_at is None
    ]
    return same[-1] if same else None


def _restored(
    taken: Correction, held: Sequence[Correction], rows: Sequence[Mapping[str, Any]], schema: type[Record]
) -> list[dict[str, Any]]:
    """Return rows in which a record has the values of before a correction, where no other one gives them."""
    before = from_json(taken.target, schema)
    mine = [one for one in held if one.schema_type == taken.schema_type]
    others = [one for one in mine if find(from_json(one.target, schema), [before], schema) is not None]
    given = {name for one in others for name in one.changes or ()}
    result = [dict(row) for row in rows]
    place = find({**before, **from_json(taken.changes or {}, schema)}, result, schema)
    if place is None:
        return [*result, before]
    back = {name: before.get(name) for name in taken.changes or () if name not in given and name in before}
    attributes = {**(result[place].get("attributes") or {})}
    if not others:
        attributes.pop(MARK, None)
    result[place] |= {"attributes": attributes, **back}
    return result


def _find(services: Services, schema: type[Record], record: str) -> tuple[Run, dict[str, Any]]:
    """Return the visible record of an id, and its run; for one that was superseded, what took its place."""
    now, name = services.ledger.view(), schema.__name__
    snapshot = services.searcher.snapshot(now)
    found = services.searcher.find(name, record, now, snapshot=snapshot)
    if found is not None:
        return services.ledger.get(found["run"]), to_row(found, schema)
    earlier = [run.number for run in services.ledger.runs(states=[State.SUPERSEDED])]
    past = View(epoch=PAST - now.epoch, last_run=now.last_run, visible=frozenset(earlier))
    found = services.searcher.find(name, record, past, snapshot=snapshot)
    if found is not None:
        run = services.ledger.get(found["run"])
        active = services.ledger.active(run.title, run.algorithm)
        model = model_of(active, name, services.registry) if active else None
        batches = services.read_run(name, active.number, model) if active else ()
        for row in to_rows(batches, schema):
            if active and all(row[field] == found[field] for field in schema.key):
                return active, row
    raise NotFound(record, f"is no {name} that is visible", "Take an id from library.records()")


def _derive(services: Services, run: Run, change: Change, held: Sequence[Correction]) -> None:
    """Publish a run's rows with a change made in them, as the result of the corrections held."""
    derived = derive(
        run,
        services.catalogue.title_by_id(run.title),
        change=change,
        memo_key=corrected(run.memo_key, held),
        writing=services.writer,
        read=services.read_run,
        types=services.registry,
    )
    if derived.state is not State.ACTIVE:
        told = "; ".join([derived.error or "", *derived.warnings])
        raise RecordInvalid(f"run {derived.number}", f"was refused: {told}", "Give other values")
