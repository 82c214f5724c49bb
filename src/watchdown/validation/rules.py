"""The row rules that follow from the roles of a schema type's fields.

On sound rows nothing is done row by row in Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from watchdown.validation.attributes import attribute_rules
from watchdown.validation.breaches import Breach, Rule, bools, breach, each, missing, without_gaps
from watchdown.validation.values import (
    CONTROL,
    CONTROL_BUT_BREAKS,
    longer_than,
    matching,
    no_language,
    none_of,
    not_finite,
    not_matching,
    not_unit,
    outside,
    shown_vector,
)
from watchdown_schemas.columns import TEXT_LIMIT
from watchdown_schemas.faults import shown
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import (
    Attributes,
    Blob,
    Confidence,
    Entity,
    Geometry,
    Keyword,
    Language,
    Time,
    Vector,
)
from watchdown_schemas.time import seconds

OF_ROWS: Final = "asset"  # the one stamp that rows may bring themselves
KEYWORD_LIMIT: Final = 8_191  # characters; four bytes each, they are what an index takes whole
_SHOWN_AMONG: Final = 8
_ID: Final = r"\S(?:(?s:.)*\S)?"
_ENTITY: Final = rf"[^:\s]+:{_ID}"


def rules(schema: type[Record], duration_ns: int) -> Iterator[Rule]:
    """Yield the rules for rows of a schema type on a timeline of that length."""
    for field in fields(schema):
        if field.stamped and field.name != OF_ROWS:
            continue
        if not (field.optional or field.stamped):
            yield missing(field.name)
        if field.many:
            yield without_gaps(field.name)
        if field.role(Attributes):
            yield attribute_rules(field.name, KEYWORD_LIMIT)
        elif field.role(Vector):
            yield each(field.name, "is no unit vector of finite numbers", not_unit, shown_vector)
        elif field.kind is str:
            yield from _of_text(field)
        else:
            yield from _of_number(field, duration_ns)


def _of_number(field: Field, duration_ns: int) -> Iterator[Rule]:
    name = field.name
    if field.role(Confidence):
        yield each(name, "is not in [0, 1]", outside(0, 1))
    elif field.kind is float:
        yield each(name, "is no finite number", not_finite)
    if time := field.role(Time):
        rule = f"lies outside the timeline of {seconds(duration_ns):.3f} s"
        yield each(name, rule, outside(0, duration_ns))
        if time.start is not None:
            yield _after(name, time.start)


def _after(end: str, start: str) -> Rule:
    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        early = bools(pc.less_equal(batch[end], batch[start]))
        yield from breach(f"does not come after {start}", batch[end], early)

    return Rule(end, find)


def _of_text(field: Field) -> Iterator[Rule]:
    name = field.name
    if field.among is not None:
        some = ", ".join(field.among[:_SHOWN_AMONG]) + ", ..." * (len(field.among) > _SHOWN_AMONG)
        yield each(name, f"is none of {some}", none_of(field.among))
    elif field.role(Language):
        yield _shorter(name, KEYWORD_LIMIT)
        yield each(name, "is no BCP-47 language tag", no_language)
    elif field.role(Geometry):
        yield _shorter(name, TEXT_LIMIT)
        yield _geometry(name)
    elif field.stamped or any(field.role(kind) for kind in (Keyword, Entity, Blob)):
        yield _shorter(name, KEYWORD_LIMIT)
        yield each(name, "has control characters", matching(CONTROL))
        if entity := field.role(Entity):
            form = "kind:id" if entity.kind is None else f"the id of a {entity.kind}"
            pattern = _ENTITY if entity.kind is None else _ID
            yield each(name, f"is not of the form {form}", not_matching(pattern))
    else:
        yield _shorter(name, TEXT_LIMIT)
        yield each(
            name, "has control characters other than tabs and line breaks", matching(CONTROL_BUT_BREAKS)
        )


def _shorter(name: str, limit: int) -> Rule:
    return each(name, f"is longer than {limit:,} characters", longer_than(limit))


def _geometry(name: str) -> Rule:
    def find(batch: pa.RecordBatch) -> Iterator[Breach]:
        column = batch[name]
        if column.null_count == len(column):
            return
        from watchdown_schemas.geometry import inside_frame, valid

        endless = longer_than(TEXT_LIMIT)(column)  # told already, and slow to read
        if endless.any():
            column = pc.if_else(pa.array(endless), pa.scalar(None, pa.string()), column)
        doubtful = np.flatnonzero(~inside_frame(column))
        if doubtful.size:
            texts = column.take(pa.array(doubtful))
            sound = valid(texts)
            for rule, some in (("is no WKT of a known kind", ~sound), ("lies outside the frame", sound)):
                if some.any():
                    told = [shown(text) for text in texts.filter(pa.array(some)).to_pylist()]
                    yield Breach(rule, doubtful[some], told)

    return Rule(name, find)
