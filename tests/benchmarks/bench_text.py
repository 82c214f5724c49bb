"""Text analysis of European dialogue: lines per second of one core, beside bare ICU and Snowball."""

import argparse
import random
import re
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import accumulate
from pathlib import Path

from icu4py.breakers import WordBreaker
from machine import machine
from Stemmer import Stemmer

from watchdown_schemas import text as analysis
from watchdown_schemas.text import SNOWBALL, analyse_many

ROOT = Path(__file__).parents[2]
SUBTITLES = ROOT / "../shared/data/subtitles"
AIM = 50_000
LANGUAGES = ("de", "en", "es", "fr", "it", "pt", "ru", "sv")
FORMS, TITLE = 40_000, 1_500  # word forms of a language; lines of a title
NAMED = re.compile(r"[._-]([a-z]{2})(?:-[a-z]{2})?\.vtt$")


def spoken() -> dict[str, list[str]]:
    """Return words by language as they stand in subtitles, else in the table of the tests."""
    words: dict[str, list[str]] = defaultdict(list)
    for path in sorted(SUBTITLES.rglob("*.vtt")):
        if named := NAMED.search(path.name):
            lines = [line for line in path.read_text("utf-8").splitlines()[1:] if "-->" not in line]
            words[named[1]] += re.sub("<[^>]*>", "", " ".join(lines)).split()
    if not words:
        for row in (ROOT / "tests/conformance/languages.tsv").read_text("utf-8").splitlines()[1:]:
            language, _, line, word, asked = row.split("\t")
            words[language] += [*line.split(), word, asked]
    return words


def vocabulary(words: list[str], dice: random.Random) -> list[str]:
    """Return the words and, up to FORMS, coined ones: some of their letters before the end of one of them."""
    letters = [letter for word in words for letter in word if letter.isalpha()]
    forms = dict.fromkeys(words)
    while len(forms) < FORMS:
        forms["".join(dice.choices(letters, k=dice.randint(1, 6))) + dice.choice(words)[-4:]] = None
    return [*forms]


def corpus(count: int, forms: Mapping[str, list[str]], dice: random.Random) -> tuple[list[str], list[str]]:
    """Return distinct lines and their languages, title by title; a word is as rare as its rank is high."""
    weights = [*accumulate(1 / (rank + 2.7) for rank in range(FORMS))]
    languages = [LANGUAGES[number // TITLE % len(LANGUAGES)] for number in range(count)]
    lines = []
    for language in languages:
        words = dice.choices(forms[language], cum_weights=weights, k=dice.randint(3, 12))
        lines.append(" ".join(words).capitalize() + dice.choice(".?!,"))
    return lines, languages


def bare(lines: list[str], languages: list[str]) -> list[tuple[list[str], list[str]]]:
    """Return words and stems as ICU and Snowball give them, unfolded."""
    stemmers = {language: Stemmer(SNOWBALL[language]) for language in LANGUAGES}
    answers = []
    for line, language in zip(lines, languages, strict=True):
        words = [word for word in WordBreaker(line.casefold(), language) if word[0].isalnum()]
        answers.append((words, stemmers[language].stemWords(words)))
    return answers


def rate(work: Callable[[list[str], list[str]], object], lines: list[str], languages: list[str]) -> float:
    """Return lines per second of CPU time, over all threads."""
    start = time.process_time()
    work(lines, languages)
    return len(lines) / (time.process_time() - start)


def main() -> None:
    """Print rates and ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    wishes = parser.parse_args()
    print(machine())
    dice = random.Random(11)
    known = spoken()
    forms = {language: vocabulary(known[language], dice) for language in LANGUAGES}
    rounds = []
    for _ in range(wishes.rounds):
        lines, languages = corpus(wishes.lines, forms, dice)
        analysis._dictionary.cache_clear()
        first, again = (rate(analyse_many, lines, languages) for _ in range(2))
        rounds.append((first, again, rate(bare, lines, languages)))
    first, again, plain = (statistics.median(side) for side in zip(*rounds, strict=True))
    each = [round(one[0] / AIM, 2) for one in rounds]
    print(f"{wishes.lines} distinct lines of {len(LANGUAGES)} languages, {FORMS} word forms each, one core")
    print(f"no word met before: {first:,.0f} lines/s; ratio to {AIM:,}: median {first / AIM:.2f} of {each}")
    print(f"the same lines again: {again:,.0f} lines/s, ratio {again / AIM:.2f}")
    print(f"bare ICU and Snowball: {plain:,.0f} lines/s; ratio of ours to it {first / plain:.2f}")


if __name__ == "__main__":
    main()
