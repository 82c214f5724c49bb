"""Text analysis, done once for every store: a text becomes folded words and stems.

Stores index both as space-separated strings, and queries go through the same function, so a language
behaves alike everywhere.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, TypeAlias

from watchdown_schemas.folding import fold, separate
from watchdown_schemas.language import normalise_language, primary_language

if TYPE_CHECKING:
    from Stemmer import Stemmer

__all__ = ["Analysis", "analyse", "analyse_many", "normalise_language", "stemmed_languages"]

Tokens: TypeAlias = tuple[str, str]

_TABLE: Final = """
ar=arabic ca=catalan cs=czech da=danish de=german el=greek en=english eo=esperanto es=spanish et=estonian
eu=basque fa=persian fi=finnish fr=french ga=irish hi=hindi hu=hungarian hy=armenian id=indonesian
it=italian lt=lithuanian nb=norwegian ne=nepali nl=dutch nn=norwegian no=norwegian pl=polish pt=portuguese
ro=romanian ru=russian sr=serbian st=sesotho sv=swedish ta=tamil tr=turkish yi=yiddish
"""
SNOWBALL: Final = {code: name for code, _, name in (pair.partition("=") for pair in _TABLE.split())}

# Thai, Lao, Burmese, Khmer, Han and kana write no spaces between words; Hangul writes particles onto them.
_BY_CHARACTER: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3021-\u3029\u3041-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\ua960-\ua97f\uaa60-\uaa7f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff"
)
_UNSPACED: Final = re.compile(f"[{_BY_CHARACTER}]")
_RUNS: Final = re.compile(f"([{_BY_CHARACTER}]+)|[^{_BY_CHARACTER}]+")
# What dictionaries keep, so that they hold 100 MB at most: words of a usual length, of the languages at hand.
_KEPT_LENGTH: Final = 32
_KEPT_WORDS: Final = 1 << 14
_KEPT_LANGUAGES: Final = 16


@dataclass(frozen=True, slots=True)
class Analysis:
    """The tokens of one text, parted by spaces, as a store indexes them.

    Words are as written but folded, stems are their roots in the text's language.
    """

    words_text: str
    stems_text: str

    @property
    def words(self) -> tuple[str, ...]:
        """The words one by one."""
        return tuple(self.words_text.split())

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems one by one."""
        return tuple(self.stems_text.split())


class _Dictionary(dict[str, Tokens]):
    """Words and stems of the stretches of text met so far in one language."""

    def __init__(self, algorithm: str | None) -> None:
        super().__init__()
        self._algorithm = algorithm

    def __missing__(self, chunk: str) -> Tokens:
        tokens = _tokens(chunk, self._algorithm)
        if len(chunk) <= _KEPT_LENGTH:
            if len(self) >= _KEPT_WORDS:
                self.clear()
            self[chunk] = tokens
        return tokens


def analyse(text: str, language: str = "und") -> Analysis:
    """Return the folded words and stems of a text in a BCP-47 language; punctuation and emoji are dropped.

    `words` do not depend on the language, so a query matches without knowing it.
    Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer have one stem per character, so that any part
    of a line is a phrase of stems, wherever the words are taken to begin.

    Raises:
        ValueError: if `language` is not a well-formed tag.
    """
    dictionary = _dictionary(_algorithm(language))
    return Analysis(*_joined(map(dictionary.__getitem__, separate(text).split())))


def analyse_many(texts: Iterable[str], languages: Iterable[str]) -> list[Analysis]:
    """Analyse a column of texts, each in the language that stands beside it."""
    return [analyse(text, language) for text, language in zip(texts, languages, strict=True)]


def stemmed_languages() -> frozenset[str]:
    """Return the primary language subtags whose words are reduced to stems."""
    return frozenset(SNOWBALL)


@lru_cache(maxsize=256)
def _algorithm(language: str) -> str | None:
    return SNOWBALL.get(primary_language(language))


@lru_cache(maxsize=_KEPT_LANGUAGES)
def _dictionary(algorithm: str | None) -> _Dictionary:
    return _Dictionary(algorithm)


@lru_cache(maxsize=256)
def _stemmer(algorithm: str, thread: int) -> Stemmer:
    """Return the stemmer of one thread: Snowball's are not safe to share."""
    from Stemmer import Stemmer

    del thread
    return Stemmer(algorithm, 0)


def _tokens(chunk: str, algorithm: str | None) -> Tokens:
    """Return words and stems of a stretch of text without spaces."""
    if chunk.isascii() or not _UNSPACED.search(chunk):
        return _word(chunk, algorithm)
    return _joined(_unspaced(run[1]) if run[1] else _word(run[0], algorithm) for run in _RUNS.finditer(chunk))


def _word(written: str, algorithm: str | None) -> Tokens:
    word = fold(written)
    if not _says_something(word):
        return "", ""
    if algorithm is None:
        return word, word
    stem = _stemmer(algorithm, threading.get_ident()).stemWord(written)
    return word, word if stem == written else fold(stem) or word


def _unspaced(run: str) -> Tokens:
    from icu4py.breakers import CharacterBreaker, WordBreaker

    words = filter(_says_something, map(fold, WordBreaker(run, "und")))
    return " ".join(words), " ".join(filter(_says_something, map(fold, CharacterBreaker(run, "und"))))


def _joined(parts: Iterable[Tokens]) -> Tokens:
    found = [*parts]
    return " ".join([words for words, _ in found if words]), " ".join([stems for _, stems in found if stems])


def _says_something(token: str) -> bool:
    return any(map(str.isalnum, token))
