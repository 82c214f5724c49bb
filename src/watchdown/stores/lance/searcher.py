"""The searcher on Lance: exact or approximate vectors, text over our tokens, always through the mask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
from lance.query import BooleanQuery, FullTextQuery, MatchQuery, Occur, PhraseQuery

from watchdown.lake.tables import Lake
from watchdown.stores.lance.mask import Masks
from watchdown.stores.lance.typos import TailWords, spellings
from watchdown.stores.protocol import Candidates, Leaf, TextLeaf, VectorLeaf, ranked, table_name
from watchdown.stores.text_score import text_score
from watchdown.view import View
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.errors import CursorExpired

NPROBES: Final = 20
REFINE: Final = 20
EXACT_UP_TO: Final = 20_000  # rows in scope that are cheaper to compare than to look up
TEXT_CANDIDATES: Final = 1_000
EXPANSIONS: Final = 500  # words that one misspelt word may be meant for
PLACE: Final = ("id", "run", "title", "timeline", "asset", "start_ns", "end_ns")
LINE: Final = ("text", "language", "speaker", "kind")


class LanceSearcher:
    """Answers leaves from the lake's tables."""

    def __init__(self, lake: Lake, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._lake = lake
        self._exact_up_to = exact_up_to
        self._masks = Masks()
        self._tail = TailWords()

    def snapshot(self) -> Mapping[str, int]:
        """Return the newest version of each table."""
        return {name: self._lake.version(name) for name in self._lake.names()}

    @contextmanager
    def _reading(self, name: str, snapshot: Mapping[str, int]) -> Iterator[Any]:
        """Give the snapshot's version of a table; None when it did not exist then."""
        version = snapshot.get(name)
        try:
            yield None if version is None else self._lake.dataset(name, version)
        except (ValueError, OSError) as error:
            if version is None or self._lake.keeps(name, version):
                raise
            cause = f"version {version} is no longer kept"
            raise CursorExpired(name, cause, "Ask again from the first page.") from error

    def search(self, leaf: Leaf, view: View, *, limit: int, snapshot: Mapping[str, int]) -> Candidates:
        """Return the best `limit` visible rows."""
        name = table_name(leaf.schema, leaf.model if isinstance(leaf, VectorLeaf) else None)
        with self._reading(name, snapshot) as dataset:
            if dataset is None:
                return Candidates((), exhausted=True)
            mask = self._masks.get(name, dataset, view)
            if isinstance(leaf, VectorLeaf):
                return self._vectors(leaf, view, dataset, mask, limit)
            return self._text(leaf, view, dataset, mask, limit)

    def _vectors(
        self, leaf: VectorLeaf, view: View, dataset: Any, mask: bytes | None, limit: int
    ) -> Candidates:
        where = _scope(view)
        exact = where is not None and dataset.count_rows(where) <= self._exact_up_to
        nearest = {"column": "vector", "q": leaf.vector, "k": limit, "metric": "l2", "use_index": not exact}
        if not exact:
            # Without a maximum, Lance goes on to further partitions until it has found enough.
            nearest |= {"minimum_nprobes": NPROBES, "refine_factor": REFINE}
        rows = dataset.scanner(
            columns=[*PLACE, "_distance"],
            nearest=nearest,
            filter=where,
            prefilter=True,
            row_addr_blocklist=mask,
            disable_scoring_autoprojection=True,
        ).to_table()
        found = rows.to_pylist()
        for row in found:
            row["score"] = 1.0 - row.pop("_distance") / 2  # of unit vectors, squared l2 to cosine
        return Candidates(ranked(found), exhausted=len(found) < limit)

    def _text(self, leaf: TextLeaf, view: View, dataset: Any, mask: bytes | None, limit: int) -> Candidates:
        if not leaf.words:
            return Candidates((), exhausted=True)
        wanted = max(limit, TEXT_CANDIDATES)
        words, stems = leaf.field + WORDS, leaf.field + STEMS
        near = self._tail.near(leaf.words, leaf.schema, dataset, words)
        rows = dataset.scanner(
            columns=[*PLACE, *LINE, words, stems, "_score"],
            full_text_query=_query(leaf, words, stems, near),
            filter=_all(_scope(view), _spoken(leaf)),
            prefilter=True,
            limit=wanted,
            row_addr_blocklist=mask,
        ).to_table()
        found = []
        for row in rows.to_pylist():
            row["score"] = text_score(leaf.words, leaf.stems, row.pop(words).split(), row.pop(stems).split())
            if row["score"]:
                found.append(row)
        return Candidates(ranked(found)[:limit], exhausted=rows.num_rows < wanted and len(found) <= limit)

    def scan(
        self,
        schema: str,
        view: View,
        *,
        columns: Sequence[str],
        snapshot: Mapping[str, int],
        model: str | None = None,
        starting: tuple[int, int] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the visible rows of a schema type, or those that start in a range of nanoseconds."""
        name = table_name(schema, model)
        times = f"start_ns >= {starting[0]} AND start_ns < {starting[1]}" if starting else None
        with self._reading(name, snapshot) as dataset:
            if dataset is not None:
                yield from dataset.scanner(
                    columns=list(columns),
                    filter=_all(_scope(view), times),
                    row_addr_blocklist=self._masks.get(name, dataset, view),
                ).to_batches()

    def find(
        self, schema: str, record: str, view: View, *, snapshot: Mapping[str, int]
    ) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        with self._reading(schema, snapshot) as dataset:
            if dataset is None:
                return None
            where = _all(f"id = {_quoted(record)}", _scope(view))
            found = dataset.scanner(filter=where).to_table().to_pylist()
        return next((row for row in found if row["run"] in view.visible), None)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _all(*conditions: str | None) -> str | None:
    return " AND ".join(f"({condition})" for condition in conditions if condition) or None


def _scope(view: View) -> str | None:
    if view.titles is None:
        return None
    return f"title IN ({', '.join(map(_quoted, sorted(view.titles)))})" if view.titles else "false"


def _spoken(leaf: TextLeaf) -> str | None:
    """Return the condition that rows are in the languages asked for, as `TextLeaf.speaks` says."""
    tags = ((_quoted(tag), _quoted(f"{tag}-")) for tag in leaf.languages)
    return " OR ".join(f"language = {tag} OR starts_with(language, {form})" for tag, form in tags) or None


def _query(leaf: TextLeaf, words: str, stems: str, near: set[str]) -> BooleanQuery:
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
