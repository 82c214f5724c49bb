"""A file to import, read: what it says of titles and people, and all that is wrong with it by itself."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from watchdown.catalogue.imports.document import read_document, read_lines
from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.models import Entry, Somebody
from watchdown.catalogue.imports.sheet import read_sheet

LARGEST: Final = 100_000_000
ENDINGS: Final = (".csv", ".tsv", ".json", ".jsonl")


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a file says, before the library is asked; `faults` are those that need no library to see."""

    file: str
    entries: tuple[Entry, ...] = ()
    people: tuple[Somebody, ...] = ()
    faults: tuple[ImportFault, ...] = ()


def read_import(path: Path) -> ImportPlan:
    """Read a CSV, JSON or JSON Lines file; what is wrong with it stands in the plan's `faults`."""
    faults: list[ImportFault] = []
    entries: list[Entry] = []
    people: list[Somebody] = []
    text = _text(path, faults.append)
    if text is not None:
        match path.suffix.lower():
            case ".json":
                entries, people = read_document(text, faults.append)
            case ".jsonl":
                entries = read_lines(text, faults.append)
            case _:
                entries = read_sheet(text, faults.append)
    return ImportPlan(str(path), tuple(entries), tuple(people), tuple(faults))


def _text(path: Path, report: Callable[[ImportFault], None]) -> str | None:
    """Return the text of a file; bytes that are no UTF-8 become surrogates, which each value then reports."""
    rule = text = None
    try:
        if path.suffix.lower() not in ENDINGS:
            rule = f"is of an unknown kind: known are {', '.join(ENDINGS)}"
        elif path.exists() and not path.is_file():
            rule = "is no file"
        elif path.stat().st_size > LARGEST:
            rule = f"is larger than {LARGEST // 1_000_000} MB: import it in parts"
        elif (data := path.read_bytes()).startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            rule = "is in UTF-16: save the file as UTF-8"
        elif not (text := data.decode("utf-8-sig", errors="surrogateescape")).strip():
            rule = "is empty"
    except OSError as error:
        rule = f"cannot be read ({error.strerror})"
    if rule is None:
        return text
    report(fault(rule))
    return None
