"""The rules for single values of a file: clean text, names, numbers, and what a value of metadata may be."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Annotated, Any, Final

from pydantic import BeforeValidator

from watchdown.catalogue.model import Value, folded_name, person_id

NAME_LENGTH: Final = 300
TEXT_LENGTH: Final = 100_000
COLUMN_LENGTH: Final = 64
EXACT: Final = 2**53  # up to here a store's floating-point numbers hold every whole number

_SURROGATES: Final = re.compile("[\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")  # all but line feed and tab
_CONTROLS_AND_LAYOUT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_COLUMN: Final = re.compile(r"[^\W\d]\w*")


def text(raw: Any, *, limit: int = TEXT_LENGTH, lines: bool = True) -> str:
    """Return text in Unicode's composed form, no spaces around it; ValueError names the rule it breaks."""
    if not isinstance(raw, str):
        raise ValueError("is no text")  # noqa: TRY004 - Pydantic makes a fault of ValueError only
    if len(raw) > limit:
        raise ValueError(f"is longer than {limit:,} characters")
    said = raw.replace("\r\n", "\n").replace("\r", "\n").strip()
    if _SURROGATES.search(said):
        raise ValueError("is not Unicode text in UTF-8: save the file as UTF-8")
    if found := (_CONTROLS if lines else _CONTROLS_AND_LAYOUT).search(said):
        raise ValueError(f"has a control character (U+{ord(found[0]):04X})")
    return unicodedata.normalize("NFC", said)


def line(raw: Any) -> str:
    """Return a name: text on one line that says something."""
    said = text(raw, limit=NAME_LENGTH, lines=False)
    if not said:
        raise ValueError("is empty")
    return said


def person_name(raw: Any) -> str:
    """Return a name of a person, by which one can be found."""
    said = line(raw)
    if not folded_name(said):
        raise ValueError("has no letter")
    return said


def identifier(raw: Any) -> str:
    """Return a person's id: lower-case letters and digits, parted by hyphens."""
    said = line(raw)
    if said != person_id(said):
        raise ValueError(f"is no id of a person: write {person_id(said) or 'omar-sy'}")
    return said


def column_name(raw: Any) -> str:
    """Return the name of a value of metadata, as it is stored: `Release Year` becomes `release_year`."""
    name = re.sub(r"[\s-]+", "_", line(raw)).lower()
    if len(name) > COLUMN_LENGTH or not _COLUMN.fullmatch(name):
        raise ValueError(f"is no name: letters, digits and _, from a letter on, at most {COLUMN_LENGTH}")
    return name


def number(raw: int | float) -> int | float:  # noqa: PYI041 - a whole number stays one
    """Return a number that every store can hold."""
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValueError("is no finite number")
    if isinstance(raw, int) and abs(raw) > EXACT:
        raise ValueError(f"is beyond ±{EXACT:,}, where numbers are no longer exact")
    return raw


def value(raw: Any) -> Value | None:
    """Return a value of metadata; None, empty text and an empty list remove what is there."""
    if raw is None or isinstance(raw, bool):
        return raw
    if isinstance(raw, int | float):
        return number(raw)
    if isinstance(raw, list):
        return tuple(dict.fromkeys(map(line, raw))) or None
    if isinstance(raw, dict):
        raise ValueError("is an object, where a value is asked for")  # noqa: TRY004 - as above
    return text(raw) or None


Line = Annotated[str, BeforeValidator(line)]
PersonName = Annotated[str, BeforeValidator(person_name)]
PersonId = Annotated[str, BeforeValidator(identifier)]
ColumnName = Annotated[str, BeforeValidator(column_name)]
