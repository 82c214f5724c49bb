"""Cranfield's abstracts and questions: what texts are about is ranked as well as by plain BM25."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from conformance.stores import Store, opened, view
from watchdown.search.process import text_leaf
from watchdown_schemas.text import analyse
from watchdown_schemas.types import Caption

DATA = Path(__file__).parents[3] / "shared" / "data" / "text-retrieval" / "cranfield"
STORES = ["lance kept up", "opensearch"] if DATA.exists() else []
DEPTH, RELEVANT = 1_000, range(1, 5)
Ranking = Callable[[str], Sequence[int]]


def sections(name: str) -> list[str]:
    """Return the texts of a file in order."""
    parts = re.split(r"^\.I .*\n", (DATA / name).read_text("latin-1"), flags=re.MULTILINE)[1:]
    return [re.split(r"^\.W\n", part, maxsplit=1, flags=re.MULTILINE)[1].strip() for part in parts]


@cache
def abstracts() -> Mapping[int, str]:
    """Return the abstracts by number; two have no text."""
    return {number: text for number, text in enumerate(sections("cran.all.1400"), 1) if text}


@cache
def wanted() -> Mapping[str, set[int]]:
    """Return for each question the abstracts that answer it."""
    judged: dict[int, set[int]] = defaultdict(set)
    for line in (DATA / "cranqrel").read_text("latin-1").splitlines():
        question, abstract, grade = map(int, line.split()[:3])
        if grade in RELEVANT:
            judged[question].add(abstract)
    return {text: judged[number] for number, text in enumerate(sections("cran.qry"), 1)}


def mean_average_precision(ranking: Ranking) -> float:
    """Return the mean over all questions of the precision at each abstract that answers."""
    found = []
    for text, good in wanted().items():
        places = [place for place, one in enumerate(ranking(text)[:DEPTH], 1) if one in good]
        found.append(sum(hit / place for hit, place in enumerate(places, 1)) / len(good))
    return sum(found) / len(found)


@cache
def of_plain_bm25() -> float:
    """Return the mean average precision of BM25."""
    return mean_average_precision(plain_bm25())


def plain_bm25(k1: float = 1.2, b: float = 0.75) -> Ranking:
    """Return the ranking by BM25 as textbooks have it, over our stems."""
    texts = {number: Counter(analyse(text, "en").stems) for number, text in abstracts().items()}
    having = Counter(stem for stems in texts.values() for stem in stems)
    usual = sum(stems.total() for stems in texts.values()) / len(texts)

    def ranking(question: str) -> Sequence[int]:
        scores: Counter[int] = Counter()
        for stem in analyse(question, "en").stems:
            weight = math.log(1 + (len(texts) - having[stem] + 0.5) / (having[stem] + 0.5))
            for number, stems in texts.items():
                often, length = stems[stem], stems.total() / usual
                scores[number] += weight * often * (k1 + 1) / (often + k1 * (1 - b + b * length))
        return sorted((one for one in scores if scores[one]), key=lambda one: (-scores[one], one))

    return ranking


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Give a store with the abstracts as captions, each at the second of its number."""
    with opened(request, tmp_path / "lake") as store:
        second = 10**9
        store.write(
            1,
            [
                Caption(start_ns=at * second, end_ns=(at + 1) * second, text=text, language="en")
                for at, text in abstracts().items()
            ],
        )
        yield store


def test_texts_rank_by_what_they_are_about(store: Store) -> None:
    def ours(question: str) -> Sequence[int]:
        leaf = replace(text_leaf(question, ["en"], "Caption"), about=True)
        return [row["start_ns"] // 10**9 for row in store.search(leaf, view([1]), DEPTH).rows]

    assert mean_average_precision(ours) == pytest.approx(of_plain_bm25(), abs=0.01)
