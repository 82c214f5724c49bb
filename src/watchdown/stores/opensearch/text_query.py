"""What OpenSearch is asked for words: a query that finds all that may answer; the score then decides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from watchdown.stores.opensearch.clauses import Clause, Query, combined, exists, opposite, term
from watchdown.stores.protocol import TextLeaf
from watchdown.stores.relevance import Commonness
from watchdown.stores.text_score import typos_allowed

EXPANSIONS: Final = 500  # words that one misspelt word may be meant for
SLOP: Final = 2


def text_query(leaf: TextLeaf, words: str, stems: str) -> list[Query]:
    """Return the alternatives that find candidates: any word or stem, typos forgiven, the phrase above all.

    `words` and `stems` are the fields of the tokens.
    """
    said = " ".join(leaf.words)
    roots = " ".join(stem for alternatives in leaf.stems for stem in alternatives)
    found: list[Query] = [_match(words, said), _match(stems, roots)]
    if len(leaf.words) > 1:
        found.append({"match_phrase": {words: {"query": said, "slop": SLOP}}})
    by_typos: dict[int, list[str]] = defaultdict(list)
    for word in leaf.words:
        by_typos[typos_allowed(word)].append(word)
    for typos, misspelt in by_typos.items():
        if typos:
            # As our score counts them, two letters that changed places are one typo.
            found.append(_match(words, " ".join(misspelt), fuzziness=typos, max_expansions=EXPANSIONS))
    return found


def about_query(leaf: TextLeaf, words: str, stems: str, common: Commonness) -> list[Query]:
    """Return the alternatives that find texts about words: any stem; typos forgiven where no text has one."""
    roots = " ".join(stem for alternatives in leaf.stems for stem in alternatives)
    unknown = ((word, typos_allowed(word)) for word in common.unknown(leaf.words))
    meant = (
        _match(words, word, fuzziness=typos, max_expansions=EXPANSIONS) for word, typos in unknown if typos
    )
    return [_match(stems, roots), *meant]


def any_stem(alternatives: Sequence[str], stems: str) -> Query:
    """Return the query for rows that have one of a word's stems."""
    phrases = [{"match_phrase": {stems: stem}} for stem in alternatives]
    return {"bool": {"should": phrases, "minimum_should_match": 1}}


def _match(field: str, text: str, **how: Any) -> Query:
    return {"match": {field: {"query": text, **how}}}


def spoken(leaf: TextLeaf, column: str | None) -> Clause | None:
    """Return the clause that rows are in the languages asked for; None where any will do."""
    if not leaf.languages:
        return None
    if column is None:
        return None if leaf.speaks("und") else Clause({"match_none": {}})
    parts = [
        part
        for tag in leaf.languages
        for part in (term(column, tag), Clause({"prefix": {column: f"{tag}-"}}))
    ]
    if leaf.speaks("und"):
        parts.append(opposite(exists(column)))
    return combined(parts, every=False)
