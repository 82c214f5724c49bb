"""Records as columns: the quick way into Arrow, stamped, with ids and analysed text."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from watchdown_schemas.arrow import STEMS, WORDS, arrow_schema
from watchdown_schemas.convert import constant, convert
from watchdown_schemas.errors import RecordInvalid
from watchdown_schemas.faults import Fault, shown
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.ids import record_ids
from watchdown_schemas.language import is_language
from watchdown_schemas.record import AlgorithmOutput, Record
from watchdown_schemas.roles import Text
from watchdown_schemas.text import analyse_many

TEXT_LIMIT: Final = 100_000  # letters of a text field
DERIVED: Final = (WORDS, STEMS)
_WRITTEN_OVER: Final = frozenset({"id", "run", "algorithm", "version"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Stamp:
    """What the runtime knows of a run's records and writes into each of them."""

    run: int
    title: str
    timeline: str
    asset: str
    algorithm: str
    version: str


@dataclass(frozen=True, slots=True)
class Converted:
    """A batch in its type's Arrow schema, and the faults of rows whose values did not fit."""

    batch: pa.RecordBatch
    faults: list[Fault]


def from_columns(
    schema: type[Record],
    columns: Mapping[str, Any],
    stamp: Stamp,
    dimension: int | None = None,
    *,
    rows: int | None = None,
) -> Converted:
    """Return columns (Arrow arrays, numpy arrays or sequences by field name) as a batch of a schema type.

    Fields that are left out, or None, take their default. What the runtime stamps is written over; a
    `type` of another version, or a stamp of another run's place, is a fault of its row.

    Raises:
        RecordInvalid: for a column that the type does not have, of unequal length, or of another type.
    """
    target = arrow_schema(schema, dimension)
    given = {name: column for name, column in columns.items() if column is not None}
    count = _count(schema, given, rows)
    faults: list[Fault] = []
    arrays: dict[str, Any] = {}
    for field in fields(schema):
        kind = target.field(field.name).type
        if field.name in given and field.name not in _WRITTEN_OVER:
            arrays[field.name], found = convert(given[field.name], field, kind)
            faults += found
        else:
            arrays[field.name] = constant(None if field.mandatory else field.default, field, kind, count)
    faults += _stamp(schema, arrays, stamp, count, given.keys())
    arrays["id"] = record_ids(stamp.run, schema.__name__, [arrays[name] for name in schema.key], count)
    for field in fields(schema):
        if role := field.role(Text):
            languages = arrays[role.language] if role.language else None
            arrays |= _tokens(arrays[field.name], field, languages)
    batch = pa.RecordBatch.from_arrays([arrays[column.name] for column in target], schema=target)
    return Converted(batch, faults)


def _count(schema: type[Record], columns: Mapping[str, Any], rows: int | None) -> int:
    known = {field.name for field in fields(schema)}
    known |= {field.name + suffix for field in fields(schema) if field.role(Text) for suffix in DERIVED}
    if strange := sorted(set(columns) - known):
        names = ", ".join(strange)
        has = ", ".join(field.name for field in fields(schema) if not field.stamped)
        raise RecordInvalid(f"{schema.schema_label()}", f"has no field {names}", f"It has: {has}.")
    for name, column in columns.items():
        if isinstance(column, str | bytes | Mapping) or not hasattr(column, "__len__"):
            cause = f"is a {type(column).__name__}, no column of values"
            raise RecordInvalid(f"{schema.schema_label()}.{name}", cause, "Give a list or an array.")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values()) | ({rows} if rows is not None else set())) > 1:
        raise RecordInvalid(schema.schema_label(), f"has columns of unequal length: {lengths}", "Mend them.")
    return rows if rows is not None else next(iter(lengths.values()), 0)


def _stamp(
    schema: type[Record], arrays: dict[str, Any], stamp: Stamp, count: int, given: Collection[str]
) -> list[Fault]:
    """Write the run's stamp into the columns; return the faults of rows that claim another one."""
    faults: list[Fault] = []
    label = schema.schema_label()
    claims = {
        "type": (label, schema.__name__, "as the batch is"),
        "title": (stamp.title, stamp.title, "where the rows are written"),
        "timeline": (stamp.timeline, stamp.timeline, "where the rows are written"),
    }
    for name, (value, also, why) in claims.items():
        if name in given:
            faults += _claims(arrays[name], name, ("", value, also), f"is not {value}, {why}")
        arrays[name] = pa.repeat(pa.scalar(value), count)
    if issubclass(schema, AlgorithmOutput):
        arrays["algorithm"] = pa.repeat(pa.scalar(stamp.algorithm), count)
        arrays["version"] = pa.repeat(pa.scalar(stamp.version), count)
    arrays["run"] = pa.repeat(pa.scalar(stamp.run, pa.int64()), count)
    asset = pa.scalar(stamp.asset)
    if "asset" in given:
        unknown = pc.equal(pc.fill_null(arrays["asset"], ""), "")
        arrays["asset"] = pc.if_else(unknown, asset, arrays["asset"])
    else:
        arrays["asset"] = pa.repeat(asset, count)
    return faults


def _claims(column: pa.Array, name: str, allowed: tuple[str, ...], rule: str) -> list[Fault]:
    """Return the faults of rows that have a value which is none of those allowed."""
    strange = pc.indices_nonzero(pc.and_not(pc.is_valid(column), pc.is_in(column, pa.array(allowed))))
    values = column.take(strange).to_pylist()
    return [
        Fault(row, name, shown(value), rule) for row, value in zip(strange.to_pylist(), values, strict=True)
    ]


def _tokens(texts: pa.Array, field: Field, languages: pa.Array | None) -> dict[str, pa.Array]:
    """Return the columns of words and of stems of a column of texts, null where there is none."""
    given = texts.to_pylist()
    if field.many:
        given = [None if some is None else " ".join(filter(None, some)) for some in given]
    # A malformed tag or an endless text is for validation to refuse, row by row.
    short = ["" if text is None or len(text) > TEXT_LIMIT else text for text in given]
    tags = ["und"] * len(given) if languages is None else languages.to_pylist()
    known = {tag: tag if tag and is_language(tag) else "und" for tag in set(tags)}
    analysed = analyse_many(short, [known[tag] for tag in tags])
    missing = texts.is_null()
    columns = ([one.words_text for one in analysed], [one.stems_text for one in analysed])
    nothing = pa.scalar(None, pa.string())
    return {
        field.name + suffix: pc.if_else(missing, nothing, pa.array(tokens, pa.string()))
        for suffix, tokens in zip(DERIVED, columns, strict=True)
    }
