"""The columns of a CSV file: what its heading says of them, and how their cells are read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.rules import column_name

LIST: Final = "|"
CAST: Final = {
    "title": "text",
    "person": "text",
    "person_id": "text",
    "person_aliases": "list",
    "character": "text",
    "aliases": "list",
}
RIGHTS: Final = {"title": "text", "group": "text"}
WHOLE: Final = re.compile(r"[+-]?[0-9]{1,20}")
DECIMAL: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
BOOLEANS: Final = {"true": True, "yes": True, "false": False, "no": False}


def _text(cell: str) -> str:
    return cell


def _number(cell: str) -> int | float:
    if WHOLE.fullmatch(cell):
        return int(cell)
    if DECIMAL.fullmatch(cell):
        return float(cell)
    raise ValueError("is no number: write it as 1994 or 7.5")


def _boolean(cell: str) -> bool:
    if cell.lower() in BOOLEANS:
        return BOOLEANS[cell.lower()]
    raise ValueError("is neither true nor false")


def _list(cell: str) -> list[str]:
    parts = [part.strip() for part in cell.split(LIST)]
    if "" in parts:
        raise ValueError(f"has nothing on one side of a {LIST}")
    return parts


KINDS: Final[Mapping[str, Callable[[str], Any]]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "list": _list,
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: where it stands, what it is called, and of which kind its cells are."""

    at: int
    name: str
    kind: str

    @property
    def label(self) -> str:
        """What a fault calls the column: its place where it has no name."""
        return self.name or str(self.at + 1)

    def read(self, cell: str) -> Any:
        """Return what a cell says, nothing when it is empty; ValueError when it is of another kind."""
        if not self.name and cell:
            raise ValueError("stands in a column without a heading")
        return KINDS[self.kind](cell) if cell or self.kind == "text" else None


def plain(cell: str) -> str:
    """Return a heading as it is compared with the names that are known."""
    return re.sub(r"[\s-]+", "_", cell.strip()).lower()


def cast_columns(heading: Sequence[str], report: Callable[[ImportFault], None]) -> list[Column]:
    """Return the columns of a cast list."""
    return _known(heading, CAST, "a cast list", report)


def rights_columns(heading: Sequence[str], report: Callable[[ImportFault], None]) -> list[Column]:
    """Return the columns of a list of rights."""
    return _known(heading, RIGHTS, "a list of rights", report)


def _known(
    heading: Sequence[str], kinds: Mapping[str, str], what: str, report: Callable[[ImportFault], None]
) -> list[Column]:
    columns: list[Column] = []
    for at, cell in enumerate(heading):
        if (name := plain(cell)) in {*kinds, ""}:
            columns.append(Column(at, name, kinds.get(name, "text")))
        else:
            rule = f"is no column of {what}: known are {', '.join(kinds)}"
            report(fault(rule, row=1, column=str(at + 1), value=cell))
    return _each_once(columns, report)


def metadata_columns(heading: Sequence[str], report: Callable[[ImportFault], None]) -> list[Column]:
    """Return the columns of a list of metadata: `year:number` is of the kind it names, `year` is text."""
    columns: list[Column] = []
    for at, cell in enumerate(heading):
        try:
            columns.append(_metadata_column(at, cell.strip()))
        except ValueError as error:
            report(fault(str(error), row=1, column=str(at + 1), value=cell))
    return _each_once(columns, report)


def _metadata_column(at: int, cell: str) -> Column:
    raw, colon, kind = cell.rpartition(":")
    if not colon:
        raw, kind = kind, "text"
    name, kind = column_name(raw) if cell else "", kind.strip().lower()
    if kind not in KINDS:
        raise ValueError(f"is of an unknown kind: known are {', '.join(KINDS)}")
    if name in CAST and name != "title":
        raise ValueError("belongs to a cast list, which has the column person, too")
    return Column(at, name, kind)


def _each_once(columns: list[Column], report: Callable[[ImportFault], None]) -> list[Column]:
    found: dict[str, Column] = {}
    for column in columns:
        if column.name and found.setdefault(column.name, column) is not column:
            report(fault("stands twice in the heading", row=1, column=column.name))
    return [column for column in columns if found.get(column.name, column) is column]
