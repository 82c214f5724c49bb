"""What a lake holds, read in a process of its own, which a damaged file may end; and how it is mended."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import pyarrow as pa

from watchdown.lake.tables import Lake
from watchdown.stores.holdings import Beside, Found, Held, Unreadable
from watchdown.stores.lance.reading import Part
from watchdown.stores.lance.sink import layout_of
from watchdown.stores.lance.sql import EVERY, Condition, quoted
from watchdown.stores.protocol import Types
from watchdown.stores.shared import is_shared
from watchdown.stores.tables import table_of
from watchdown_schemas.declaring import declare
from watchdown_schemas.digest import Digest
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES

LOOK_BACK: Final = 50  # earlier versions of a table, at most


class LanceHoldings:
    """Tells what the lake's tables hold; a damaged file ends only the process that reads it."""

    def __init__(self, lake: Lake, types: Types = STANDARD_TYPES) -> None:
        self._lake = lake
        self._types = types

    def table(self, schema: type[Record], model: str | None) -> str:
        """Return the table that rows of a type, and of the model of its vectors, lie in."""
        return table_of(schema, model)

    def tables(self) -> Collection[str]:
        """Return the tables that readers see."""
        return self._lake.names()

    def survey(self, *, deep: bool, title: str | None = None) -> Iterator[Found]:
        """Yield what tables hold, of one title or of all, file by file, and the files that cannot be read."""
        where = "" if title is None else f"title = {quoted(title)}"
        tables = [(name, None) for name in self._lake.names()]
        yield from (found for _, found in self._read(tables, where, deep=deep))

    def _read(
        self, tables: Sequence[tuple[str, int | None]], where: str, *, deep: bool
    ) -> Generator[tuple[int | None, Found], None, None]:
        """Yield what tables hold, each with the version that was asked for, in the order of the tables."""
        declared = [
            declare(self._types[name]).model_dump(mode="json")
            for name in self._types
            if name not in STANDARD_TYPES
        ]
        left: list[dict[str, Any]] = [
            {"name": name, "version": version, "skip": list[int]()} for name, version in tables
        ]
        while left:
            asked = {
                "root": str(self._lake.root),
                "tables": left,
                "where": where,
                "deep": deep,
                "types": declared,
            }
            died: Unreadable | None = None
            begun: Mapping[str, Any] | None = None
            for line in _answers(json.dumps(asked)):
                if isinstance(line, int):
                    died = _died(begun, line)
                    break
                begun = line if "begun" in line else None
                while (left[0]["name"], left[0]["version"]) != (line["table"], line["version"]):
                    left.pop(0)
                if begun is None:
                    left[0]["skip"].append(line["part"])
                    yield from ((line["version"], found) for found in _found(line))
            else:
                return
            yield left[0]["version"], died
            left[0]["skip"].append(died.part)
            if died.part < 0:
                left.pop(0)

    def mend(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> int:
        """Let a table have these rows of runs and no others, in one commit; return how many it has then."""
        layout = layout_of(schema, batches)
        return self._lake.merge_runs(
            table_of(schema, model),
            runs,
            layout.schema,
            layout.batches,
            only=layout.only,
            looked_up=layout.looked_up,
        )

    def remove(self, schema: str, runs: Sequence[int], table: str) -> None:
        """Remove the rows of one schema type of runs from a table."""
        condition = f"run IN ({', '.join(map(str, runs))})"
        if table.partition("-")[0] != schema:
            condition += f" AND starts_with(`type`, {quoted(f'{schema}.')})"
        self._lake.delete_from(table, condition)

    def cut_out(self, parts: Sequence[Unreadable]) -> None:
        """Take files out of their tables that cannot be read, so that the rest can be."""
        for name in dict.fromkeys(part.table for part in parts):
            if lost := [part.part for part in parts if part.table == name and part.part >= 0]:
                self._lake.cut_out(name, lost)

    def earlier(
        self, schema: type[Record], model: str | None, run: int, digest: Digest
    ) -> Iterator[pa.RecordBatch] | None:
        """Return the rows of a run as an earlier version of its table has them whole, if one is kept."""
        name = table_of(schema, model)
        try:
            known = self._lake.versions(name)
        except (ValueError, OSError):  # the newest one cannot be opened
            return None
        versions = [(name, version) for version in known[1 : LOOK_BACK + 1]]
        with closing(self._read(versions, f"run = {run}", deep=True)) as read:
            for version, some in groupby(read, key=itemgetter(0)):
                told = [found for _, found in some]
                held = [one.digest for one in told if isinstance(one, Held) and one.schema == schema.__name__]
                broken = any(isinstance(one, Unreadable) for one in told)
                if version is not None and not broken and sum(held, Digest()) == digest:
                    return self._rows(name, version, schema, run)
        return None

    def _rows(self, name: str, version: int, schema: type[Record], run: int) -> Iterator[pa.RecordBatch]:
        dataset, shared = self._lake.dataset(name, version), is_shared(schema)
        columns = frozenset(dataset.schema.names)
        part = Part(name, dataset, columns, {schema.__name__: schema}, shared, EVERY, None)
        of_type = Condition(f"starts_with(`type`, {quoted(f'{schema.__name__}.')})") if shared else EVERY
        yield from (batch for _, batch in part.read(None, of_type, Condition(f"run = {run}")))

    def beside(self, schema: type[Record], model: str | None, dimension: int | None) -> Beside:
        """Refuse: the lake is of record, and there is nothing to build its tables from."""
        del model, dimension
        raise LibraryError(schema.__name__, "lies in the lake alone", "Only its indices can be made anew")

    def index_anew(self, table: str) -> None:
        """Make the indices of a table anew from its rows."""
        self._lake.index_anew(table)


def _answers(asked: str) -> Iterator[dict[str, Any] | int]:
    """Yield what the surveyor tells, and, where it did not come to its end, how it ended."""
    command = [sys.executable, "-m", "watchdown.stores.lance.surveyor"]
    with subprocess.Popen(  # noqa: S603 - this very program
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise AssertionError(command)
        try:
            with process.stdin as pipe:
                pipe.write(asked)
            for line in process.stdout:
                yield json.loads(line)
        except BaseException:
            process.kill()
            raise
        if process.wait():
            yield process.returncode


def _died(begun: Mapping[str, Any] | None, code: int) -> Unreadable:
    """Return the file in which a surveyor has died."""
    how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
    if begun is None:
        cause = f"cannot be read in a process of its own ({how})"
        raise LibraryError("the lake", cause, "See that this Python can run: python -m watchdown")
    return Unreadable(begun["table"], begun["begun"], begun["file"], f"it ends whoever reads it ({how})")


def _found(line: Mapping[str, Any]) -> Iterator[Found]:
    if fault := line.get("fault"):
        yield Unreadable(line["table"], line["part"], line["file"], fault)
    for schema, run, digest, pictures in line.get("held", ()):
        yield Held(line["table"], schema, run, Digest.parse(digest), frozenset(pictures))
