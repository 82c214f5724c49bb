"""Character folding: which spellings of a word count as one, in every script."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

WORD_PARTERS: Final = "\u02bb\u02bc\u200b"  # apostrophes that count as letters; zero-width space
VARIATION_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
DROPPED_MARKS: Final = (
    *range(0x0300, 0x0370),  # accents
    *range(0x0591, 0x05C8),  # Hebrew points
    *(0x0640, 0x0670, *range(0x064B, 0x0660)),  # Arabic tatweel, vowels and what sits on alef
)
FOLDED_LETTERS: Final = {
    "æ": "ae",
    "œ": "oe",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ł": "l",
    "ħ": "h",
    "ŋ": "ng",
    "ŧ": "t",
    "þ": "th",
    "\u0131": "i",  # Turkish, without a dot
    "ٱ": "\u0627",  # alef
    "ى": "ي",
    "ی": "ي",
    "ک": "ك",
    "ة": "\u0647",  # teh marbuta, often typed heh
}
_POINT_OUTSIDE_NUMBER: Final = re.compile(r"[.,](?!(?<=\d.)\d)")


class _WordCharacters(dict[int, str | None]):
    """What becomes of a character: itself, nothing when it is invisible, or the space between words."""

    def __missing__(self, code: int) -> str | None:
        self[code] = result = self._look_up(chr(code))
        return result

    @staticmethod
    def _look_up(character: str) -> str | None:
        category = unicodedata.category(character)
        if category == "Nd":
            return str(unicodedata.decimal(character))
        if character in WORD_PARTERS:
            return " "
        if category in {"Cf", "Me"} or VARIATION_SELECTORS.match(character):
            return None
        return character if category[0] in "LMN" or character in ".," else " "


class _FoldedCharacters(dict[int, int | str | None]):
    """What a character folds to; those that stay are entered as they come, which spares a failed look-up."""

    def __missing__(self, code: int) -> int:
        self[code] = code
        return code


_WORD_CHARACTERS: Final = _WordCharacters()
_FOLDED_CHARACTERS: Final = _FoldedCharacters(dict.fromkeys(DROPPED_MARKS) | str.maketrans(FOLDED_LETTERS))


def caseless(text: str) -> str:
    """Return the text in one case and one width, accents kept."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    # The case fold of a dotted capital I leaves its dot behind.
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")


def separate(text: str) -> str:
    """Return the text caseless, with a space for all that is no letter, mark or number.

    A point or comma inside a number stays; apostrophes and hyphens always part words.
    """
    joined = caseless(text).replace("l·l", "ll")  # one Catalan letter, not two words
    return _POINT_OUTSIDE_NUMBER.sub(" ", joined.translate(_WORD_CHARACTERS))


def fold(text: str) -> str:
    """Return the text caseless, without accents, points and vowel signs that people leave out when typing.

    Signs that make another letter stay: Japanese voicing, vowels of Indic scripts.
    """
    if text.isascii():
        return text.lower()
    bare = unicodedata.normalize("NFKD", caseless(text)).translate(_FOLDED_CHARACTERS)
    return unicodedata.normalize("NFC", bare)
