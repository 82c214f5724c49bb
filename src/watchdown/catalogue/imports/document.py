"""JSON read: a list of titles, or an object of `titles` and `people`; in JSON Lines a title on each line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.models import Entry, Place, Somebody, check, place_name

Report = Callable[[ImportFault], None]


def read_document(text: str, report: Report) -> tuple[list[Entry], list[Somebody]]:
    """Return what a JSON file says of each title and person; its faults are reported.

    What `watchdown titles import --json` printed is such a file, too: its `replaced` puts things back.
    """
    said = _parsed(text, None, report)
    if isinstance(said, dict) and "replaced" in said:
        said = said["replaced"]
    if isinstance(said, list):
        said = {"titles": said}
    if not isinstance(said, dict):
        if said is not None:
            report(fault("is neither a list of titles nor an object with titles and people"))
        return [], []
    titles, people = said.get("titles", []), said.get("people", [])
    for name in said.keys() - {"titles", "people"}:
        report(fault("is no key here: known are titles, people", column=name))
    for name, part in (("titles", titles), ("people", people)):
        if not isinstance(part, list):
            report(fault("is no list", column=name, value=part))
    entries = [check(Entry, one, row, report) for row, one in _numbered(titles)]
    somebody = [check(Somebody, one, row, report, _of_people) for row, one in _numbered(people)]
    return [one for one in entries if one], [one for one in somebody if one]


def read_lines(text: str, report: Report) -> list[Entry]:
    """Return what a file of JSON Lines says of each title; its faults are reported."""
    entries: list[Entry | None] = []
    for row, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            said = _parsed(line, row, report)
            entries.append(None if said is None else check(Entry, said, row, report))
    return [one for one in entries if one]


def _numbered(part: Any) -> list[tuple[int, Any]]:
    return list(enumerate(part, start=1)) if isinstance(part, list) else []


def _of_people(place: Place) -> str:
    return place_name(("people", *place))


def _parsed(text: str, row: int | None, report: Report) -> Any:
    """Return the JSON value of a text; None, with the fault reported, when it is none."""
    twice: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        said = dict(pairs)
        if len(said) < len(pairs):
            twice.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return said

    try:
        said = json.loads(text, object_pairs_hook=once)
    except RecursionError:
        report(fault("is nested too deeply", row=row))
        return None
    except ValueError as error:
        report(fault(f"is no JSON ({error})", row=row))
        return None
    for name in twice:
        report(fault("stands twice in one object", row=row, column=name))
    if said is None:
        report(fault("says nothing (null)", row=row))
    return said
