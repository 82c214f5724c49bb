"""What the name of a side-car file tells of its content: `film.pt-BR.sdh.srt`, `film_descriptions_en.vtt`."""

from __future__ import annotations

import re
from typing import Final

from watchdown_schemas.language import TWO_LETTERS, normalise_language

_CODES: Final = "|".join(sorted({*TWO_LETTERS, *TWO_LETTERS.values()}))
_LANGUAGE: Final = re.compile(
    rf"[._-]((?:{_CODES})(?:[_-](?:[a-z]{{2}}|hans|hant|latn|cyrl|\d{{3}}))?)(?:[._-](?:cc|sdh|hi|forced|default))*\Z",
    re.IGNORECASE,
)
_KIND: Final = re.compile(r"(?:^|[._-])(description|chapter)s?(?:[._-]|$)", re.IGNORECASE)


def language_of_name(stem: str) -> str | None:
    """Return the language that ends a file's name, None when there is none."""
    match = _LANGUAGE.search(stem)
    return normalise_language(match[1]) if match else None


def kind_of_name(stem: str) -> str | None:
    """Return `description` or `chapter` when a file's name says so."""
    match = _KIND.search(stem)
    return match[1].lower() if match else None
