"""Reads tables of a lake in a process of its own, since a file that is damaged may end whoever reads it.

It is given a request as JSON on stdin, and tells a line of JSON for each file: `begun` before it is read, and
then what it holds, or the fault. Whoever asked sees by the last line in which file a reader has died.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict

import lance
import numpy as np

from watchdown.stores.holdings import pictures_of
from watchdown.stores.lance.reading import Part
from watchdown.stores.lance.sql import EVERY, Condition, quoted
from watchdown.stores.shared import is_shared
from watchdown_schemas.building import build
from watchdown_schemas.declaring import read_declaration
from watchdown_schemas.digest import Digest, Digests
from watchdown_schemas.record import BASE_TYPES, Record
from watchdown_schemas.types import STANDARD_TYPES

Types = Mapping[str, type[Record]]


class Table(TypedDict):
    """A table to read: its version, and the files that were read before."""

    name: str
    version: int | None
    skip: list[int]


class Request(TypedDict):
    """What to read: of which tables, rows that answer a condition in SQL, counted or hashed."""

    root: str
    tables: list[Table]
    where: str
    deep: bool
    types: list[Mapping[str, Any]]


def main() -> None:
    """Answer the request on stdin."""
    asked: Request = json.load(sys.stdin)
    types = made(asked["types"])
    for table in asked["tables"]:
        for line in told(asked, table, types):
            sys.stdout.write(json.dumps(line) + "\n")
            sys.stdout.flush()


def made(declared: Sequence[Mapping[str, Any]]) -> Types:
    """Return the standard types and those declared, whatever order they come in."""
    found: dict[str, type[Record]] = {**STANDARD_TYPES}
    left = [read_declaration(one) for one in declared]
    while left:
        ready = [one for one in left if all(base in found or base in BASE_TYPES for base in one.bases)]
        found |= {one.name: build(one, {**BASE_TYPES, **found}) for one in ready}
        if not ready:
            break
        left = [one for one in left if one not in ready]
    return found


def told(asked: Request, table: Table, types: Types) -> Iterator[dict[str, Any]]:
    """Yield what a table holds, file by file."""
    name = table["name"]
    of: dict[str, Any] = {"table": name, "version": table["version"]}
    yield of | {"begun": -1, "file": name}
    try:
        dataset: Any = lance.dataset(str(Path(asked["root"], f"{name}.lance")), version=table["version"])
        part = part_of(name, dataset, types)
        fragments = dataset.get_fragments()
    except BaseException as error:  # noqa: BLE001 - a panic of the library is no Exception
        yield of | {"part": -1, "file": name, "fault": said(error)}
        return
    for fragment in fragments:
        if fragment.fragment_id in table["skip"]:
            continue
        files = [file.path for file in fragment.data_files()]
        about = of | {"part": fragment.fragment_id, "file": files[0] if files else name}
        yield about | {"begun": fragment.fragment_id}
        try:
            held = counted(part, fragment, asked["where"])
            if asked["deep"]:
                held |= hashed(part, fragment, asked["where"])
        except BaseException as error:  # noqa: BLE001
            yield about | {"fault": said(error)}
        else:
            rows = [
                [schema, run, str(found), sorted(shown)] for (schema, run), (found, shown) in held.items()
            ]
            yield about | {"held": rows}


def part_of(name: str, dataset: Any, types: Types) -> Part:
    """Return a table as it is read, in whole."""
    own = types.get(name.partition("-")[0])
    if own is None:
        sharing = {one: schema for one, schema in types.items() if is_shared(schema)}
    else:
        sharing = {own.__name__: own}
    shared = own is None or is_shared(own)
    return Part(name, dataset, frozenset(dataset.schema.names), sharing, shared, EVERY, None)


Content = dict[tuple[str, int], tuple[Digest, set[str]]]


def counted(part: Part, fragment: Any, where: str) -> Content:
    """Return how many rows of each type and run a file has."""
    found: Content = {}
    columns = ["run", "type"] if part.shared else ["run"]
    scanner = part.dataset.scanner(
        columns=columns, filter=where or None, fragments=[fragment], use_scalar_index=False
    )
    for batch in scanner.to_batches():
        names, codes = [part.name.partition("-")[0]], np.zeros(batch.num_rows, np.int64)
        if part.shared:
            labels = batch.column("type").dictionary_encode()
            names = [label.partition(".")[0] for label in labels.dictionary.to_pylist()]
            codes = labels.indices.to_numpy()
        numbers = batch.column("run").to_numpy()
        for name in dict.fromkeys(names):
            of = np.isin(codes, [at for at, other in enumerate(names) if other == name])
            runs, counts = np.unique(numbers[of], return_counts=True)
            for run, rows in zip(runs.tolist(), counts.tolist(), strict=True):
                before = found.get((name, run), (Digest(), set()))[0]
                found[name, run] = before + Digest(rows), set()
    return found


def hashed(part: Part, fragment: Any, where: str) -> Content:
    """Return what the rows of each known type and run in a file hash to, and the pictures they show."""
    known = [f"starts_with(`type`, {quoted(f'{name}.')})" for name in part.schemas] if part.shared else []
    of_types = Condition(f"({' OR '.join(known) or 'false'})") if part.shared else EVERY
    found: dict[str, Digests] = {}
    shown: dict[tuple[str, int], set[str]] = {}
    for schema, batch in part.read(None, of_types, *one(where), fragments=[fragment]):
        found.setdefault(schema.__name__, Digests()).add(batch)
        for run, pictures in pictures_of(batch, schema).items():
            shown.setdefault((schema.__name__, run), set()).update(pictures)
    return {
        (name, run): (digest, shown.get((name, run), set()))
        for name, digests in found.items()
        for run, digest in digests.items()
    }


def one(where: str) -> list[Condition]:
    """Return a condition in SQL, if there is one."""
    return [Condition(where)] if where else []


def said(error: BaseException) -> str:
    """Return the first line of an error."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:300]


if __name__ == "__main__":
    main()
