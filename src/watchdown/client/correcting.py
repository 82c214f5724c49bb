"""Corrections: a person changes or removes a record; the next run of its slot is derived at once.

The correction is kept beside the runs, and made again in whatever the algorithm brings later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from watchdown.catalogue.corrections import Correction
from watchdown.client.services import Services
from watchdown.runs.correct import apply, as_json, own_values
from watchdown.runs.derive import derive
from watchdown.runs.ledger import Run
from watchdown.runs.memo import corrected
from watchdown.runs.publishing import model_of
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
            _derive(services, run, schema, lambda rows: apply([correction], rows, schema))
        except BaseException:
            services.corrections.withdraw(correction.id)
            raise
    return correction


def withdraw(services: Services, correction: int, waiting: Waiting) -> Correction:
    """Take a correction back: the record becomes what it was before it."""
    with services.writing(waiting):
        taken = services.corrections.get(correction)
        if taken.withdrawn_at is not None:
            return taken
        schema = services.registry[taken.schema_type]
        run = _active(services, taken.title, taken.algorithm)
        back = Correction(
            id=taken.id,
            title=taken.title,
            algorithm=taken.algorithm,
            schema_type=taken.schema_type,
            target={**taken.target, **(taken.changes or {})},
            changes={**taken.target},
            author=taken.author,
            made_at=taken.made_at,
        )
        withdrawn = services.corrections.withdraw(correction)
        _derive(services, run, schema, lambda rows: _unmarked(apply([back], rows, schema), taken, schema))
    return withdrawn


def _unmarked(rows: Sequence[Mapping[str, Any]], taken: Correction, schema: type[Record]) -> list[Any]:
    """Return rows in which the record that a correction was about has the very values of before."""
    key = [taken.target.get(name) for name in schema.key]
    return [dict(taken.target) if [row.get(name) for name in schema.key] == key else row for row in rows]


def _find(services: Services, schema: type[Record], record: str) -> tuple[Run, dict[str, Any]]:
    """Return the visible record of an id, and its run; for one that was superseded, what took its place."""
    snapshot, name = services.searcher.snapshot(), schema.__name__
    now = services.ledger.view()
    found = services.searcher.find(name, record, now, snapshot=snapshot)
    if found is not None:
        return services.ledger.get(found["run"]), to_row(found, schema)
    earlier = [run.number for run in services.ledger.runs(states=[State.SUPERSEDED])]
    past = View(epoch=PAST - now.epoch, last_run=now.last_run, visible=frozenset(earlier))
    found = services.searcher.find(name, record, past, snapshot=snapshot)
    if found is not None:
        run = services.ledger.get(found["run"])
        active = _active(services, run.title, run.algorithm)
        for row in to_rows(
            services.read_run(name, active.number, model_of(active, name, services.registry)), schema
        ):
            if all(row[field] == found[field] for field in schema.key):
                return active, row
    raise NotFound(record, f"is no {name} that is visible", "Take an id from library.records()")


def _active(services: Services, title: str, algorithm: str) -> Run:
    runs = services.ledger.runs(title, [State.ACTIVE])
    return next(run for run in runs if run.algorithm == algorithm)


def _derive(
    services: Services,
    run: Run,
    schema: type[Record],
    change: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]],
) -> None:
    """Publish the active run's rows with a change made in those of one type."""
    made = services.corrections.of(run.title, run.algorithm)
    derived = derive(
        run,
        services.catalogue.title_by_id(run.title),
        change=lambda rows, other: change(rows) if other is schema else rows,
        memo_key=corrected(run.memo_key, made),
        writing=services.writer,
        read=services.read_run,
        types=services.registry,
    )
    if derived.state is not State.ACTIVE:
        told = "; ".join([derived.error or "", *derived.warnings])
        raise RecordInvalid(f"run {derived.number}", f"was refused: {told}", "Give other values")
