"""Text analysis, quick as it is, equals its definition read out plainly: no short cut, nothing remembered."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st
from icu4py.breakers import CharacterBreaker, WordBreaker
from Stemmer import Stemmer

from conformance.languages import SPOKEN
from watchdown_schemas import text as module
from watchdown_schemas.folding import DROPPED_MARKS, FOLDED_LETTERS, WORD_PARTERS, fold, separate
from watchdown_schemas.text import SNOWBALL, analyse

VARIATION = {*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))}
SCRIPTS = (
    "aZé.,1'-·lIİ\u0131ßŁñ \n\t½²ⅷ٣१\u0301\u0307\u200b\u200d\u00ad♪“…кЁўἀΣςאָשׁعةىک"
    "कनहीं가각がｶﾞ々日本เก็ດမខ\U00020000👍🏽"
)
texts = st.one_of(st.text(), st.text(SCRIPTS), st.sampled_from([row.line for row in SPOKEN]))
languages = st.sampled_from(["und", "tlh", "ja", *SNOWBALL])


def plain_caseless(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("i\u0307", "i")


def plain_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if character in WORD_PARTERS:
        return " "
    if category in {"Cf", "Me"} or character in VARIATION:
        return ""
    return character if category[0] in "LMN" or character in ".," else " "


def plain_separate(text: str) -> str:
    joined = "".join(map(plain_character, plain_caseless(text).replace("l·l", "ll")))
    return re.sub(r"(?<!\d)[.,]|[.,](?!\d)", " ", joined)


def plain_fold(text: str) -> str:
    marks = {chr(code) for code in DROPPED_MARKS}
    letters = unicodedata.normalize("NFKD", plain_caseless(text))
    kept = "".join(FOLDED_LETTERS.get(letter, letter) for letter in letters if letter not in marks)
    return unicodedata.normalize("NFC", kept)


def plain_analysis(text: str, language: str) -> tuple[list[str], list[str]]:
    """Return words and stems."""
    words: list[str] = []
    stems: list[str] = []
    for run in module._RUNS.finditer(plain_separate(text)):
        if run[1]:
            words += map(plain_fold, WordBreaker(run[1], "und"))
            stems += map(plain_fold, CharacterBreaker(run[1], "und"))
            continue
        for written in run[0].split():
            word = plain_fold(written)
            if any(map(str.isalnum, word)):
                stem = Stemmer(SNOWBALL[language]).stemWord(written) if language in SNOWBALL else written
                words.append(word)
                stems.append(plain_fold(stem) or word)
    return [word for word in words if any(map(str.isalnum, word))], [
        stem for stem in stems if any(map(str.isalnum, stem))
    ]


@given(texts)
def test_folding_and_parting_equal_their_definitions(text: str) -> None:
    assert fold(text) == plain_fold(text)
    assert separate(text) == plain_separate(text)


@given(texts, languages)
@example("1.,2 3.4.5 .6 7, 1.a", "en")
@example("x" * 100 + " " + "y" * 32 + " " + "z" * 33, "en")
def test_an_analysis_equals_its_definition_the_first_time_and_the_next(text: str, language: str) -> None:
    module._dictionary.cache_clear()
    words, stems = plain_analysis(text, language)
    for _ in range(2):
        analysis = analyse(text, language)
        assert (list(analysis.words), list(analysis.stems)) == (words, stems)
        assert (analysis.words_text, analysis.stems_text) == (" ".join(words), " ".join(stems))


def test_the_line_of_every_language_is_analysed_by_the_definition() -> None:
    for row in SPOKEN:
        analysis = analyse(row.line, row.language)
        assert ([*analysis.words], [*analysis.stems]) == plain_analysis(row.line, row.language)


def test_what_is_remembered_is_bounded() -> None:
    texts = [f"walking{number} {'long' * 9}{number}" for number in range(20_000)]
    assert [analyse(text, "en").words_text for text in texts] == texts
    assert len(module._dictionary("english")) <= module._KEPT_WORDS
    assert max(map(len, module._dictionary("english"))) <= module._KEPT_LENGTH
