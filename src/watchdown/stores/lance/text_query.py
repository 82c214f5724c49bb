"""What Lance is asked for words: a query that finds every line that may answer; the score then decides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lance.query import BooleanQuery, FullTextQuery, MatchQuery, Occur, PhraseQuery

from watchdown.stores.lance.sql import EVERY, NONE, Condition, quoted
from watchdown.stores.lance.typos import spellings
from watchdown.stores.protocol import TextLeaf
from watchdown.stores.relevance import Commonness

EXPANSIONS: Final = 500  # words that one misspelt word may be meant for


def text_query(leaf: TextLeaf, words: str, stems: str, near: set[str]) -> BooleanQuery:
    """Return the query that finds candidates: any word or stem, typos forgiven, the phrase above all.

    `near` are further words to look for, as they are.
    """
    said = " ".join(leaf.words)
    roots = " ".join(stem for alternatives in leaf.stems for stem in alternatives)
    parts: list[FullTextQuery] = [MatchQuery(said, words), MatchQuery(roots, stems)]
    if len(leaf.words) > 1:
        parts.append(PhraseQuery(said, words, slop=2))
    for changes, spelt in spellings(leaf.words).items():
        asked = " ".join(sorted(spelt if changes else spelt | near))
        parts.append(MatchQuery(asked, words, fuzziness=changes, max_expansions=EXPANSIONS))
    return BooleanQuery([(Occur.SHOULD, part) for part in parts])


def about_query(leaf: TextLeaf, words: str, stems: str, common: Commonness, near: set[str]) -> BooleanQuery:
    """Return the query that finds texts about words: any stem; typos forgiven where no text has one."""
    roots = " ".join(stem for alternatives in leaf.stems for stem in alternatives)
    parts: list[FullTextQuery] = [MatchQuery(roots, stems)]
    for changes, spelt in spellings(common.unknown(leaf.words)).items():
        asked = " ".join(sorted(spelt if changes else spelt | near))
        parts.append(MatchQuery(asked, words, fuzziness=changes, max_expansions=EXPANSIONS))
    return BooleanQuery([(Occur.SHOULD, part) for part in parts])


def any_stem(alternatives: Sequence[str], stems: str) -> BooleanQuery:
    """Return the query for rows that have one of a word's stems."""
    parts = (
        PhraseQuery(stem, stems, slop=0) if " " in stem else MatchQuery(stem, stems) for stem in alternatives
    )
    return BooleanQuery([(Occur.SHOULD, part) for part in parts])


def spoken(leaf: TextLeaf, column: str | None) -> Condition:
    """Return the condition that rows are in the languages asked for, or that theirs is not known yet."""
    if not leaf.languages:
        return EVERY
    if column is None:
        return EVERY if leaf.speaks("und") else NONE
    tags = ((quoted(tag), quoted(f"{tag}-")) for tag in leaf.languages)
    said = " OR ".join(f"`{column}` = {tag} OR starts_with(`{column}`, {form})" for tag, form in tags)
    return Condition(f"`{column}` IS NULL OR {said}", exact=False)
