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

Tokens: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]

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
_RUNS: Final = re.compile(f"([{_BY_CHARACTER}]+)|[^{_BY_CHARACTER}]+")
_CACHED_LENGTH: Final = 32


@dataclass(frozen=True, slots=True)
class Analysis:
    """The tokens of one text: `words` as written but folded, `stems` their roots in the text's language."""

    words: tuple[str, ...]
    stems: tuple[str, ...]

    @property
    def words_text(self) -> str:
        """The words as a store indexes them, parted by spaces."""
        return " ".join(self.words)

    @property
    def stems_text(self) -> str:
        """The stems as a store indexes them, parted by spaces."""
        return " ".join(self.stems)


def analyse(text: str, language: str = "und") -> Analysis:
    """Return the folded words and stems of a text in a BCP-47 language; punctuation and emoji are dropped.

    `words` do not depend on the language, so a query matches without knowing it.
    Chinese, Japanese, Korean, Thai, Lao, Burmese and Khmer have one stem per character, so that any part
    of a line is a phrase of stems, wherever the words are taken to begin.

    Raises:
        ValueError: if `language` is not a well-formed tag.
    """
    algorithm = _algorithm(language)
    words: list[str] = []
    stems: list[str] = []
    for chunk in separate(text).split():
        tokens = _cached_tokens if len(chunk) <= _CACHED_LENGTH else _tokens
        chunk_words, chunk_stems = tokens(chunk, algorithm)
        words += chunk_words
        stems += chunk_stems
    return Analysis(tuple(words), tuple(stems))


def analyse_many(texts: Iterable[str], languages: Iterable[str]) -> list[Analysis]:
    """Analyse a column of texts, each in the language that stands beside it."""
    return [analyse(text, language) for text, language in zip(texts, languages, strict=True)]


def stemmed_languages() -> frozenset[str]:
    """Return the primary language subtags whose words are reduced to stems."""
    return frozenset(SNOWBALL)


@lru_cache(maxsize=256)
def _algorithm(language: str) -> str | None:
    return SNOWBALL.get(primary_language(language))


@lru_cache(maxsize=256)
def _stemmer(algorithm: str, thread: int) -> Stemmer:
    """Return the stemmer of one thread: Snowball's are not safe to share."""
    from Stemmer import Stemmer

    del thread
    return Stemmer(algorithm, 0)


def _tokens(chunk: str, algorithm: str | None) -> Tokens:
    """Return words and stems of a stretch of text without spaces."""
    from icu4py.breakers import CharacterBreaker, WordBreaker

    words: list[str] = []
    stems: list[str] = []
    for run in _RUNS.finditer(chunk):
        if run[1]:
            words += filter(_says_something, map(fold, WordBreaker(run[1], "und")))
            stems += filter(_says_something, map(fold, CharacterBreaker(run[1], "und")))
        elif _says_something(word := fold(run[0])):
            words.append(word)
            stem = _stemmer(algorithm, threading.get_ident()).stemWord(run[0]) if algorithm else word
            stems.append(fold(stem) or word)
    return tuple(words), tuple(stems)


_cached_tokens: Final = lru_cache(maxsize=1 << 15)(_tokens)


def _says_something(token: str) -> bool:
    return any(map(str.isalnum, token))
