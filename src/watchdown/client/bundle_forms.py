"""Forms in which people use records elsewhere: WebVTT for players, CSV for tables, and pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from watchdown.catalogue.model import Timeline
from watchdown.media.sprites import cut, parse_key
from watchdown_schemas.errors import NotFound
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Blob, Vector
from watchdown_schemas.time import NS

ReadPicture = Callable[[str], bytes]  # the file that a key names
_SAYING: Final = ("text", "label", "title", "name", "character", "person")
MS: Final = 1_000_000
TIMES: Final = ("start", "end", "start_timecode", "end_timecode")


def write_vtt(path: Path, records: Sequence[Record]) -> bool:
    """Write records as cues of WebVTT, in the order of their times; return False where none has a time."""
    cues = sorted(
        (start, end, _said(record, number))
        for number, record in enumerate(records, 1)
        if (start := getattr(record, "start_ns", None)) is not None
        and (end := getattr(record, "end_ns", None)) is not None
    )
    if not cues:
        return False
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write("WEBVTT\n")
        for start, end, text in cues:
            # A cue must end after it begins.
            file.write(f"\n{_clock(start)} --> {_clock(max(end, start + MS))}\n{text}\n")
    return True


def write_csv(path: Path, records: Iterable[Record], schema: type[Record], timeline: Timeline) -> None:
    """Write records as a table: times for people first, then every field but vectors and what is stamped."""
    own = [field for field in fields(schema) if not field.stamped and field.role(Vector) is None]
    timed = {"start_ns", "end_ns"} <= {field.name for field in own}
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*(TIMES if timed else ()), *(field.name for field in own)])
        for record in records:
            values = record.model_dump(mode="json")
            begun = _times(values, timeline) if timed else []
            table.writerow([*begun, *(_cell(values[field.name]) for field in own)])


def write_stills(
    folder: Path, records: Iterable[Record], schema: type[Record], read: ReadPicture
) -> Iterator[Path]:
    """Write the pictures that records name as JPEG files, numbered in their order, but for those gone."""
    holding = [field for field in fields(schema) if field.role(Blob)]
    if not holding:
        return
    sheet: tuple[str, bytes] | None = None
    for number, record in enumerate(records, 1):
        for field in holding:
            key = getattr(record, field.name)
            if not isinstance(key, str):
                continue
            name, box = parse_key(key)
            if sheet is None or sheet[0] != name:  # those of one sheet stand side by side
                sheet = None
                with suppress(NotFound):
                    sheet = name, read(name)
            if sheet is None:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / _still_name(number, field, holding)
            path.write_bytes(cut(sheet[1], box) if box else sheet[1])
            yield path


def _still_name(number: int, field: Field, holding: Sequence[Field]) -> str:
    return f"{number:05}{f'-{field.name}' if len(holding) > 1 else ''}.jpg"


def _said(record: Record, number: int) -> str:
    """Return what a cue says: the record's text, else its type and number."""
    for name in _SAYING:
        value = getattr(record, name, None)
        if isinstance(value, str) and value.strip():
            text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return "\n".join(line for line in text.splitlines() if line.strip())
    return f"{type(record).__name__} {number}"


def _times(values: dict[str, Any], timeline: Timeline) -> list[str]:
    start, end = values["start_ns"], values["end_ns"]
    if start is None or end is None:
        return [""] * len(TIMES)
    return [_clock(start), _clock(end), timeline.timecode(start), timeline.timecode(end)]


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _clock(ns: int) -> str:
    """Return a time as WebVTT writes it: hours, minutes, seconds and thousandths."""
    seconds, rest = divmod(round(ns / MS) * MS, NS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest // MS:03}"
