"""Forms in which people use records elsewhere: WebVTT for players, CSV for tables, and pictures."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from watchdown.catalogue.model import Timeline
from watchdown_schemas.errors import NotFound
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Blob, Vector
from watchdown_schemas.time import NS

MS: Final = 1_000_000
TIMES: Final = ("start", "end", "start_timecode", "end_timecode")
_SAYING: Final = ("text", "label", "name", "character", "person")


class Cues:
    """Records as the cues of a WebVTT file. Of each, only its times and what it says are held."""

    def __init__(self) -> None:
        self._cues: list[tuple[int, int, str]] = []
        self._count = 0

    def add(self, record: Record) -> None:
        """Take a record; one without times is no cue."""
        self._count += 1
        start, end = getattr(record, "start_ns", None), getattr(record, "end_ns", None)
        if start is not None and end is not None:
            self._cues.append((start, end, _said(record, self._count)))

    def write(self, path: Path) -> bool:
        """Write the cues in the order of their times; return False where there is none."""
        if not self._cues:
            return False
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.write("WEBVTT\n")
            for start, end, text in sorted(self._cues):
                # A cue must end after it begins.
                file.write(f"\n{_clock(start)} --> {_clock(max(end, start + MS))}\n{text}\n")
        return True


class CsvForm:
    """Records as a table: times for people first, then every field but vectors and what is stamped."""

    def __init__(self, path: Path, schema: type[Record], timeline: Timeline) -> None:
        self._own = [
            field.name for field in fields(schema) if not field.stamped and field.role(Vector) is None
        ]
        self._timed = {"start_ns", "end_ns"} <= set(self._own)
        self._timeline = timeline
        self._path = path

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8", newline="")
        self._table = csv.writer(self._file)
        self._table.writerow([*(TIMES if self._timed else ()), *self._own])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, record: Record) -> None:
        """Write a record as a row."""
        values = record.model_dump(mode="json")
        times = self._times(values) if self._timed else []
        self._table.writerow([*times, *(_cell(values[name]) for name in self._own)])

    def _times(self, values: dict[str, Any]) -> list[str]:
        start, end = values["start_ns"], values["end_ns"]
        if start is None or end is None:
            return [""] * len(TIMES)
        return [
            _clock(start),
            _clock(end),
            self._timeline.timecode(start),
            self._timeline.timecode(end),
        ]


class Stills:
    """The pictures that records name, as JPEG files numbered as the records are, but for those gone."""

    def __init__(self, folder: Path, schema: type[Record], picture: Callable[[str], bytes]) -> None:
        """Take what gives the picture that a key names; it raises NotFound for one that is gone."""
        self.files: list[Path] = []
        self._folder = folder
        self._picture = picture
        self._holding = [field.name for field in fields(schema) if field.role(Blob)]
        self._count = 0

    def add(self, record: Record) -> None:
        """Write the pictures of a record."""
        self._count += 1
        for name in self._holding:
            key = getattr(record, name)
            if not isinstance(key, str):
                continue
            try:
                picture = self._picture(key)
            except NotFound:
                continue
            self._folder.mkdir(parents=True, exist_ok=True)
            which = f"-{name}" if len(self._holding) > 1 else ""
            path = self._folder / f"{self._count:05}{which}.jpg"
            path.write_bytes(picture)
            self.files.append(path)


def _said(record: Record, number: int) -> str:
    """Return what a cue says: the record's text, else its type and number."""
    for name in _SAYING:
        value = getattr(record, name, None)
        if isinstance(value, str) and value.strip():
            text = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
            return "\n".join(line for line in text.splitlines() if line.strip())  # an empty line ends a cue
    return f"{type(record).__name__} {number}"


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _clock(ns: int) -> str:
    """Return a time as WebVTT writes it: hours, minutes, seconds and thousandths."""
    seconds, rest = divmod(round(ns / MS) * MS, NS)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest // MS:03}"
