"""A line in each language whose words we know, read from `languages.tsv` beside this file.

A row holds a line, a word of it in its base form, and the inflected form that someone asks for; in languages
without inflection, where only the word boundary has to be found, the two are the same.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final, NamedTuple


class Spoken(NamedTuple):
    """One row of the table."""

    language: str
    name: str
    line: str
    word: str
    asked: str


def _read() -> tuple[Spoken, ...]:
    text = Path(__file__).with_suffix(".tsv").read_text("utf-8")
    header, *rows = csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    assert tuple(header) == Spoken._fields
    return tuple(Spoken(*row) for row in rows)


SPOKEN: Final = _read()
STEMMED: Final = tuple(row for row in SPOKEN if row.word != row.asked)
UNSPACED: Final = tuple(row for row in SPOKEN if row.word == row.asked)
