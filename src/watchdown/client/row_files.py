"""Rows of files: Parquet by row groups, JSON Lines by so many rows, from a disk, a bucket or a pipe.

What a file is, its first bytes say: Parquet, gzip with JSON Lines inside, else JSON Lines.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import pyarrow as pa
import pyarrow.parquet as pq

from watchdown.client.row_batches import BATCH
from watchdown.media.place import Place, StoredMedia
from watchdown.validation.quarantine import typed
from watchdown_schemas.errors import NotFound, RecordInvalid, StorageNotFound
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record

LONGEST: Final = 16 << 20  # bytes of one line
STDIN: Final = "standard input"
NAME_ONE: Final = "Name a Parquet or JSON Lines file"
_PARQUET, _GZIP = b"PAR1", b"\x1f\x8b"


def batches(given: Place | BinaryIO, schema: type[Record]) -> Iterator[Any]:
    """Yield the rows of a file as Arrow batches or lists of mappings; memory does not grow with it.

    Raises NotFound where there is no file, RecordInvalid for one that is neither Parquet nor JSON Lines, and
    for a line that is no JSON object: it is named.
    """
    with _opened(given) as (name, file):
        start = file.peek(len(_PARQUET))[: len(_PARQUET)]
        if start == _PARQUET:
            if not file.seekable():
                raise RecordInvalid(name, "is Parquet, which cannot be read from a pipe", "Name a file")
            yield from _parquet(name, file)
        elif start.startswith(_GZIP):
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield from _lists(name, cast("BinaryIO", unpacked), schema)
        else:
            yield from _lists(name, file, schema)


@contextmanager
def _opened(given: Place | BinaryIO) -> Iterator[tuple[str, BufferedReader]]:
    if isinstance(given, Path):
        if given.is_dir() or not given.exists():
            raise NotFound(str(given), "is a folder" if given.is_dir() else "is no file", NAME_ONE)
        try:
            with given.open("rb") as file:
                yield str(given), file
        except OSError as error:
            cause = f"cannot be read ({error.strerror or error})"
            raise RecordInvalid(str(given), cause, "Check the file, and that you may read it") from error
    elif isinstance(given, StoredMedia):
        try:
            with given.storage.open(given.key) as stored:
                yield str(given), _buffered(stored)
        except StorageNotFound:
            raise NotFound(str(given), "is not there", NAME_ONE) from None
    else:
        yield STDIN, _buffered(given)


def _buffered(file: BinaryIO) -> BufferedReader:
    return file if isinstance(file, BufferedReader) else BufferedReader(cast("Any", file))


def _parquet(name: str, file: BinaryIO) -> Iterator[pa.RecordBatch]:
    try:
        yield from pq.ParquetFile(file).iter_batches(BATCH)
    except (pa.ArrowException, OSError) as error:
        raise RecordInvalid(name, f"is no sound Parquet file ({error})", "Write it anew") from error


def _lists(name: str, file: BinaryIO, schema: type[Record]) -> Iterator[list[Mapping[str, Any]]]:
    known = {field.name: field for field in fields(schema)}
    held: list[Mapping[str, Any]] = []
    for number, line in _lines(name, file):
        held.append(_row(f"{name} line {number}", line, known))
        if len(held) == BATCH:
            yield held
            held = []
    if held:
        yield held


def _lines(name: str, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not empty, with their numbers."""
    number = 0
    while True:
        number += 1
        try:
            line = file.readline(LONGEST + 1)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise RecordInvalid(
                f"{name} line {number}", f"is no sound gzip ({error})", "Pack it anew"
            ) from None
        if not line:
            return
        if len(line) > LONGEST:
            remedy = "Write one JSON object on each line"
            raise RecordInvalid(f"{name} line {number}", f"is longer than {LONGEST >> 20} MiB", remedy)
        if line.strip():
            yield number, line


def _row(place: str, line: bytes, known: Mapping[str, Field]) -> Mapping[str, Any]:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RecordInvalid(place, f"is no JSON ({error})", "Write one JSON object on each line") from None
    if not isinstance(row, dict):
        raise RecordInvalid(place, "is no JSON object", "Write one JSON object on each line")
    return {key: typed(value, known[key]) if key in known else value for key, value in row.items()}
