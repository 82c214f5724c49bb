"""How a lake bears a load: what a small search of it takes, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import lance
from lance.query import MatchQuery

from watchdown.lake.tables import VECTOR, Lake
from watchdown.stores.feedback import Look
from watchdown_schemas.arrow import STEMS

REOPEN_S: Final = 60.0  # a reader has a table open for about as long
LIMIT: Final = 10
QUERIES: Final = 16
NPROBES, REFINE = 20, 20  # as the searcher has them
Search = Callable[[], object]


class LanceFeedback:
    """Searches the largest table of a lake, by vectors where it has some, else by words of its texts."""

    rejected: int = 0  # a folder takes all that it has room for

    def __init__(self, root: Path) -> None:
        self._root = root
        self._searches: Iterator[Search] | None = None
        self._opened_at = 0.0

    def look(self) -> Look:
        """Search once, as a reader does who opened the table a while ago."""
        begin = time.monotonic()
        try:
            if self._searches is None or begin - self._opened_at > REOPEN_S:
                self._searches, self._opened_at = self._open(), begin
            if self._searches is None:
                return Look()
            search, begin = next(self._searches), time.perf_counter()
            search()
        except (
            OSError,
            ValueError,
            RuntimeError,
        ):  # its version is gone, or it is just made
            self._searches = None
            return Look()
        return Look(searched_ms=(time.perf_counter() - begin) * 1000)

    def _open(self) -> Iterator[Search] | None:
        """Return searches of the table that is worth it most, again and again; None without any."""
        tables = [lance.dataset(str(self._root / f"{name}.lance")) for name in Lake(self._root).names()]
        found = [(VECTOR in one.schema.names, one.count_rows(), one) for one in tables]
        for has_vector, rows, table in sorted(found, key=lambda one: one[:2], reverse=True):
            if rows and (searches := list(_by_vector(table) if has_vector else _by_words(table))):
                return cycle(searches)
        return None


def _by_vector(table: Any) -> Iterator[Search]:
    rows = table.count_rows()
    taken = table.take([rows * at // QUERIES for at in range(min(QUERIES, rows))], columns=[VECTOR])
    for vector in taken.column(VECTOR).combine_chunks():
        if vector.is_valid:
            asked: dict[str, Any] = {"column": VECTOR, "q": vector.values, "k": LIMIT, "metric": "l2"}
            asked |= {"minimum_nprobes": NPROBES, "refine_factor": REFINE}
            scanner = table.scanner(columns=["id"], nearest=asked, disable_scoring_autoprojection=True)
            yield scanner.to_table


def _by_words(table: Any) -> Iterator[Search]:
    rows = table.count_rows()
    for column in (name for name in table.schema.names if name.endswith(STEMS)):
        taken = table.take([rows * at // QUERIES for at in range(min(QUERIES, rows))], columns=[column])
        for words in filter(None, taken.column(column).to_pylist()):
            query = MatchQuery(words.split()[0], column) if words.split() else None
            if query is not None:
                scanner = table.scanner(
                    columns=["id"], full_text_query=query, limit=LIMIT, disable_scoring_autoprojection=True
                )
                yield scanner.to_table
