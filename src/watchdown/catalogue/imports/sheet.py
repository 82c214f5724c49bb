"""CSV read: one of three shapes, told by the heading, which also gives the kind of each column.

`title, year:number, genre:list` is metadata, `title, person, character` are casts, `title, group` are rights.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from watchdown.catalogue.imports.cells import Column, cast_columns, metadata_columns, plain, rights_columns
from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.models import Entry, Group, Place, Role, check
from watchdown.catalogue.imports.rules import TEXT_LENGTH

DELIMITERS: Final = ",;\t"

Report: TypeAlias = Callable[[ImportFault], None]
Row: TypeAlias = tuple[int, dict[str, Any]]


def read_sheet(text: str, report: Report) -> list[Entry]:
    """Return what a CSV file says of each title; its faults are reported."""
    delimiter = next((one for one in DELIMITERS if "title" in map(plain, _heading(text, one))), None)
    if delimiter is None:
        report(fault("is missing: the heading of every file has it", row=1, column="title"))
        return []
    heading = _heading(text, delimiter)
    names = set(map(plain, heading))
    if names & {"person", "person_id"}:
        return _casts(_rows(text, delimiter, cast_columns(heading, report), report), report)
    if "group" in names:
        return _rights(_rows(text, delimiter, rights_columns(heading, report), report), report)
    return _metadata(_rows(text, delimiter, metadata_columns(heading, report), report), report)


def _reader(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _heading(text: str, delimiter: str) -> list[str]:
    try:
        return next(_reader(text, delimiter), [])
    except csv.Error:
        return []


def _rows(text: str, delimiter: str, columns: Sequence[Column], report: Report) -> Iterator[Row]:
    """Yield the number and the cells of each row that says something, by the names of their columns."""
    reader = _reader(text, delimiter)
    width = len(next(reader))
    number = 1
    while True:
        number += 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            cause = str(error)
            if "field limit" in cause:
                cause = f"a cell is longer than {TEXT_LENGTH:,} characters"
            report(fault(f"{cause}; what follows was not read", row=number))
            return
        if not any(map(str.strip, cells)):
            continue
        if len(cells) != width:
            report(fault(f"has {len(cells)} cells, the heading has {width}", row=number))
            continue
        said: dict[str, Any] = {}
        for column in columns:
            cell = cells[column.at].strip()
            try:
                value = column.read(cell)
            except ValueError as error:
                report(fault(str(error), row=number, column=column.label, value=cell))
            else:
                said |= {column.name: value} if column.name else {}
        yield number, said


def _column(place: Place) -> str:
    """Return the column of a fault: the last name on the way to the value."""
    return next((part for part in reversed(place) if isinstance(part, str) and part != "[key]"), "")


def _metadata(rows: Iterator[Row], report: Report) -> list[Entry]:
    entries: list[Entry | None] = []
    for number, said in rows:
        raw = {"title": said.pop("title", None), "metadata": said}
        entries.append(check(Entry, raw, number, report, _column))
    return [entry for entry in entries if entry]


def _by_title(rows: Iterator[Row], report: Report) -> dict[str, list[Row]]:
    """Return the rows of each title, without it; a row without names must be its title's only one."""
    found: dict[str, list[Row]] = {}
    for number, said in rows:
        entry = check(Entry, {"title": said.pop("title", None)}, number, report, _column)
        if entry is None:
            continue
        others = found.setdefault(entry.title, [])
        if others and not (any(said.values()) and any(others[0][1].values())):
            rule = "has a row without names, which removes all, beside others"
            report(fault(rule, row=number, column="title", value=entry.title))
        others.append((number, said))
    return found


def _casts(rows: Iterator[Row], report: Report) -> list[Entry]:
    entries: list[Entry] = []
    for title, lines in _by_title(rows, report).items():
        roles = [check(Role, said, number, report, _column) for number, said in lines if any(said.values())]
        raw = {"title": title, "cast": [role for role in roles if role]}
        entries.append(Entry.model_validate(raw, context=lines[0][0]))
    return entries


def _rights(rows: Iterator[Row], report: Report) -> list[Entry]:
    entries: list[Entry] = []
    for title, lines in _by_title(rows, report).items():
        groups: dict[str, int] = {}
        for number, said in lines:
            one = check(Group, said, number, report, _column) if any(said.values()) else None
            if one and groups.setdefault(one.group, number) != number:
                rule = f"stands in row {groups[one.group]} for this title, too"
                report(fault(rule, row=number, column="group", value=one.group))
        raw = {"title": title, "rights": list(groups)}
        entries.append(Entry.model_validate(raw, context=lines[0][0]))
    return entries
