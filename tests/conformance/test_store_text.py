"""How words find lines, in every store alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.stores import LANGUAGES, TEXTS, Store, lines, view
from watchdown.search.process import text_leaf

SAID = (
    *TEXTS,
    "Where is the station?",
    "You are the one who left",
    ("L'homme qui rit", "fr"),
    ("Los niños corrían por la casa", "es"),
    ("Die Häuser sind sehr groß", "de"),
    ("今天天气很好我们去公园", "zh"),
    ("私は毎日公園で猫を見ます", "ja"),
)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("to be or not to be", TEXTS[2]),
        ("Pull the shower curtain aside", TEXTS[0]),
        ("aside curtain shower pull", TEXTS[0]),
        ("curtain", TEXTS[0]),
        ("curtian", TEXTS[0]),
        ("kurtain", TEXTS[0]),
        ("curtan", TEXTS[0]),
        ("currtain", TEXTS[0]),
        ("chlidern", TEXTS[1]),
        ("chidrenn", TEXTS[1]),
        ("child runs home", TEXTS[1]),
        ("you", "You are the one who left"),
        ("not to", TEXTS[2]),
        ("homme", "L'homme qui rit"),
        ("l\u2019HOMME", "L'homme qui rit"),
        ("nino", "Los niños corrían por la casa"),
        ("correr casa", "Los niños corrían por la casa"),
        ("haus", "Die Häuser sind sehr groß"),
        ("GROSS", "Die Häuser sind sehr groß"),
        ("天气", "今天天气很好我们去公园"),
        ("气很好", "今天天气很好我们去公园"),
        ("公園で猫", "私は毎日公園で猫を見ます"),
        ("毎日", "私は毎日公園で猫を見ます"),
    ],
)
def test_words_find_their_line(store: Store, asked: str, first: str) -> None:
    store.write(1, lines(*SAID))
    assert store.said(asked, view([1]))[:1] == [first]


@pytest.mark.parametrize("asked", ["xylophone", "zebra crossing", "zzz", "犬", "the zebra xylophone quartet"])
def test_unrelated_words_find_nothing(store: Store, asked: str) -> None:
    store.write(1, lines(*SAID))
    assert store.said(asked, view([1])) == []


def test_the_very_line_scores_highest_and_its_words_in_another_order_less(store: Store) -> None:
    store.write(1, lines(*SAID))
    seen = view([1])
    scores = [
        store.search(text_leaf(asked, LANGUAGES), seen).rows[0]["score"]
        for asked in ("pull the shower curtain aside", "the shower curtain", "aside curtain shower the pull")
    ]
    assert scores[0] == 1
    assert scores == sorted(scores, reverse=True)


def test_lines_are_searched_in_the_languages_asked_for(store: Store) -> None:
    said = {
        "en": "total silence",
        "es": "silencio total",
        "pt": "total",
        "pt-BR": "total mesmo",
        "und": "total?",
    }
    store.write(1, lines(*((text, language) for language, text in said.items())))

    def found(*languages: str) -> set[str]:
        leaf = replace(text_leaf("total", languages or LANGUAGES), languages=languages)
        return {row["language"] for row in store.search(leaf, view([1])).rows}

    assert found() == said.keys()
    assert found("es") == {"es"}
    assert found("pt") == {"pt", "pt-BR"}
    assert found("pt-BR", "en") == {"pt-BR", "en"}
    assert found("fr") == set()
