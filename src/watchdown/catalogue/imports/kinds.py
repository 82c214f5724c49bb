"""A value of metadata is of one kind throughout a library, or a search by it would miss titles silently."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.matching import Matched
from watchdown.catalogue.metadata import Kind, kind
from watchdown.catalogue.model import Value

ARTICLE: Final[Mapping[Kind, str]] = {
    "text": "text",
    "number": "a number",
    "boolean": "true or false",
    "list": "a list",
}


def check_kinds(
    matched: Iterable[Matched],
    stored: Mapping[str, Mapping[str, Value]],
    report: Callable[[ImportFault], None],
) -> None:
    """Report values of another kind than those of that name elsewhere in the file or in other titles."""
    first: dict[str, tuple[int, Value]] = {}
    said: dict[str, set[str]] = {}
    for one in matched:
        for name, value in one.entry.metadata.items():
            said.setdefault(name, set()).add(one.id)
            if value is None:
                continue
            row, other = first.setdefault(name, (one.entry.row, value))
            if kind(value) != kind(other):
                rule = f"is {ARTICLE[kind(value)]}, but row {row} has {ARTICLE[kind(other)]}"
                report(fault(rule, row=one.entry.row, column=name, value=value))
    for name, (row, value) in first.items():
        for title, values in stored.items():
            if name in values and title not in said[name] and kind(values[name]) != kind(value):
                here = kind(values[name])
                rule = f"is {ARTICLE[kind(value)]}, but {ARTICLE[here]} in title {title}, not in this file"
                remedy = f"write {ARTICLE[here]} (in CSV, head the column {name}:{here})"
                report(fault(f"{rule}: {remedy}", row=row, column=name, value=value))
                break
