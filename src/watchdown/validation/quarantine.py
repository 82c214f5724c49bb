"""Quarantine: refused rows read back with their faults, as JSON to mend by hand, and as rows to write again.

In JSON, a number that JSON has no way to write is "NaN", "Infinity" or "-Infinity"; a moment among the
attributes is `{"time": "2024-05-01T12:00:00Z"}`. Keys that begin with `_`, and `row`, are for reading only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.validation.check import FAULTS, REASONS, ROW
from watchdown_schemas.columns import DERIVED
from watchdown_schemas.errors import NotFound, RecordInvalid
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes
from watchdown_schemas.upgrade import upgraded

Source: TypeAlias = Path | BinaryIO
"""A Parquet file of refused rows."""

TOLD: Final = "_faults"
_BATCH: Final = 1_000
_STRANGE: Final = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_PARTS: Final = ("keyword", "number", "time")


def read(refused: Source) -> pa.Table:
    """Return refused rows as a table: their own columns, then `row`, `reasons` and `faults`."""
    file = pq.ParquetFile(refused)
    return file.read(columns=_columns(file.schema_arrow))


def read_rows(refused: Source) -> list[dict[str, Any]]:
    """Return refused rows as JSON has them, each with its place `row` and its `_faults`."""
    return list(_as_json(refused))


def to_jsonl(refused: Source, out: Path) -> int:
    """Write refused rows as one JSON object per line, as `read_rows` has them; return how many."""
    count = 0
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for row in _as_json(refused):
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def read_file(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of a mended file as they stand there, with their place `row` where they still have it.

    Raises NotFound where there is no file, RecordInvalid for one that is neither JSONL nor Parquet.
    """
    if not path.is_file():
        raise NotFound(str(path), "is no file", "Name the one that holds the mended rows")
    if path.suffix != ".parquet":
        yield from _lines(path)
        return
    try:
        for batch in pq.ParquetFile(path).iter_batches(_BATCH):
            yield from batch.to_pylist()
    except pa.ArrowInvalid as error:
        raise RecordInvalid(str(path), f"is no Parquet file ({error})", "Name the mended file") from error


def mended(rows: Iterable[Mapping[str, Any]], schema: type[Record]) -> list[dict[str, Any]]:
    """Return rows as `read_rows` gives them, mended or not, as `from_rows` takes them.

    What is told of the rows is left out. Rows of an earlier version of the type are upgraded; RecordInvalid
    tells where a step of that fails.
    """
    known = {field.name: field for field in fields(schema)}
    found = []
    for row in rows:
        own = {
            name: typed(value, known[name]) if name in known else value
            for name, value in row.items()
            if not (name.startswith("_") or name in (ROW, REASONS, FAULTS) or name.endswith(DERIVED))
        }
        found.append(upgraded(own, schema) if _is_older(own, schema) else own)
    return found


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns without those that are derived from another."""
    own = set(schema.names)
    derived = {name + suffix for name in own for suffix in DERIVED}
    return [name for name in schema.names if name not in derived]


def _as_json(refused: Source) -> Iterator[dict[str, Any]]:
    file = pq.ParquetFile(refused)
    for batch in file.iter_batches(_BATCH, columns=_columns(file.schema_arrow)):
        told = batch.select([ROW, FAULTS]).to_pylist()
        for row, own in zip(told, rows_as_json(batch.drop_columns([ROW, REASONS, FAULTS])), strict=True):
            yield {ROW: row[ROW], TOLD: row[FAULTS], **own}


def rows_as_json(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the rows of a batch as JSON has them, without what is derived; `mended` takes them back."""
    attributes = {column.name for column in batch.schema if _holds_attributes(column.type)}
    for row in batch.select(_columns(batch.schema)).to_pylist():
        yield {
            name: _attributes(value) if name in attributes else _jsonable(value)
            for name, value in row.items()
        }


def _holds_attributes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) and pa.types.is_struct(kind.value_type))


def _jsonable(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if isinstance(value, dict):
        return {name: _jsonable(item) for name, item in value.items()}
    return value


def _attributes(stored: Sequence[Mapping[str, Any] | None] | None) -> Any:
    """Return attributes by name, or in their Arrow form where that would lose something."""
    if stored is None:
        return None
    named = {one["name"]: _attribute(one) for one in stored if one is not None}
    if len(named) < len(stored) or None in named or None in named.values():
        return _jsonable([dict(one or {}) for one in stored])
    return named


def _attribute(stored: Mapping[str, Any]) -> Any:
    """Return one value as JSON has it; None where it is not one, or a moment finer than Python's."""
    given = {part: stored[part] for part in _PARTS if stored[part] is not None}
    if len(given) != 1 or given.get("time", 0) % 1000:
        return None
    if "time" in given:
        moment = datetime.fromtimestamp(given["time"] // 10**9, UTC)
        whole = moment.replace(microsecond=given["time"] % 10**9 // 1000)
        return {"time": whole.isoformat().replace("+00:00", "Z")}
    (value,) = given.values()
    told = _jsonable(value)
    return {"number": told} if told is not value else value


def typed(value: Any, field: Field) -> Any:
    """Return a value from JSON as its field has it; what is none is left for conversion to tell."""
    if field.role(Attributes) and isinstance(value, Mapping):
        return {name: _typed_attribute(item) for name, item in value.items()}
    if field.role(Attributes) and isinstance(value, list):
        return [_typed_parts(item) for item in value]
    if field.kind is not float:
        return value
    return [_number(item) for item in value] if isinstance(value, list) else _number(value)


def _number(value: Any) -> Any:
    return _STRANGE.get(value, value) if isinstance(value, str) else value


def _typed_parts(value: Any) -> Any:
    if isinstance(value, Mapping) and "number" in value:
        return {**value, "number": _number(value["number"])}
    return value


def _typed_attribute(value: Any) -> Any:
    if isinstance(value, Mapping) and value.keys() == {"number"}:
        return _number(value["number"])
    if isinstance(value, Mapping) and value.keys() == {"time"} and isinstance(value["time"], str):
        try:
            return datetime.fromisoformat(value["time"])
        except ValueError:
            return value
    return value


def _is_older(row: Mapping[str, Any], schema: type[Record]) -> bool:
    name, _dot, version = str(row.get("type")).rpartition(".")
    return name == schema.__name__ and version.isdecimal() and int(version) < schema.schema_version


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open("rb") as file:  # text would take more than line feeds for the ends of lines
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line.decode("utf-8-sig"))
            except (ValueError, RecursionError) as error:
                raise RecordInvalid(f"{path} line {number}", f"is no JSON ({error})", "Mend it") from None
            if not isinstance(row, dict):
                raise RecordInvalid(f"{path} line {number}", "is no JSON object", "Mend it")
            yield row
