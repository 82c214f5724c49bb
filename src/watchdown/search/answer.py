"""Answer a query: take a view and a snapshot once, process, search, arrange into hits, and page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from watchdown.catalogue.directory import Known
from watchdown.metrics.instruments import timed
from watchdown.search import fusing
from watchdown.search.cursor import Cursor, Depth
from watchdown.search.hit import Hit, Page
from watchdown.search.process import Kept, Processor, nothing_kept
from watchdown.search.query import Query
from watchdown.search.shadow import Seen
from watchdown.search.shots import ShotLists
from watchdown.stores.protocol import Candidates, Leaf, Searcher, Snapshot, TextLeaf, Types, VectorLeaf
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import CursorExpired, QueryError

LOOK: Final = 4  # rows per hit asked for at first: frames of one shot make one hit
LAST_LOOK: Final = 65_536
MAX_LIMIT: Final = 1_000
AGAIN: Final = 3
EVIDENCE: Final = ("language", "speaker", "kind")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one query reads, taken once."""

    view: View
    snapshot: Snapshot
    models: Mapping[str, set[str]]
    lists: ShotLists


@dataclass(frozen=True, slots=True)
class _Found:
    """A row that answers, the shot or row that it stands for, and the look that found it."""

    row: Mapping[str, Any]
    place: Mapping[str, Any]
    depth: Depth

    @property
    def id(self) -> str:
        return str(self.place["id"])

    @property
    def rank(self) -> tuple[float, str]:
        """What rows are sorted by."""
        return -self.row["score"], self.row["id"]


class Search:
    """Answers queries over one searcher."""

    def __init__(
        self,
        *,
        searcher: Searcher,
        algorithms: AlgorithmCatalogue,
        types: Types,
        directory: Seen,
        kept: Kept = nothing_kept,
    ) -> None:
        self._searcher = searcher
        self._processor = Processor(algorithms, searcher, types, kept)
        self._directory = directory
        self._lists: ShotLists | None = None

    @timed("watchdown_search_seconds")
    def answer(
        self, query: Query, *, limit: int = 20, after: str | None = None, as_of: int | None = None
    ) -> Page:
        """Return a page of at most `limit` hits; `after` is the cursor of the page before.

        `as_of` is an epoch whose readers are to be answered; CursorExpired where it is kept no more.
        """
        if not 0 < limit <= MAX_LIMIT:
            raise QueryError(
                f"limit {limit}", f"is not between 1 and {MAX_LIMIT}", "Page on with the cursor."
            )
        for _ in range(AGAIN if after is None and as_of is None else 0):
            # A title may be forgotten meanwhile: what a query began to read goes, and it begins anew.
            with suppress(CursorExpired):
                return self._answer(query, limit, None, None)
        return self._answer(query, limit, after, as_of)

    def _answer(self, query: Query, limit: int, after: str | None, as_of: int | None) -> Page:
        cursor = Cursor.decode(after, query.digest()) if after else None
        if cursor and as_of not in (None, cursor.epoch):
            cause = f"belongs to epoch {cursor.epoch}, not to {as_of}"
            raise QueryError("the cursor", cause, "Ask for that epoch, or from the first page")
        reading = self._read(query, cursor, as_of)
        leaves = self._processor.leaves(
            query,
            reading.view,
            snapshot=reading.snapshot,
            languages=self._directory.languages,
            models=reading.models,
        )
        found, exhausted = self._find(leaves, reading, cursor, limit)
        shown = found[:limit]
        more = len(found) > limit
        unsearched = _unsearched(leaves, reading.models)
        known = self._directory.known({one.place["title"] for one in shown})
        return Page(
            query=query.describe(),
            epoch=reading.view.epoch,
            complete=(exhausted or more) and not unsearched,
            cursor=self._next(query, reading, shown[-1]) if more else None,
            hits=tuple(_hit(leaves[0], one, reading, known) for one in shown),
            notes=unsearched + _fused(leaves),
        )

    def _read(self, query: Query, cursor: Cursor | None, as_of: int | None) -> _Reading:
        """Take the view and the snapshot: the cursor's, those of an epoch, or those of now."""
        # The epoch before the snapshot: what is published in between is in neither.
        view = self._directory.view(cursor.epoch if cursor else as_of)
        snapshot = cursor.snapshot if cursor else self._searcher.snapshot(view)
        lists = self._lists
        if lists is None or not lists.serves(view, snapshot):
            self._lists = lists = ShotLists(self._searcher, view, snapshot)
        if query.titles is not None:
            view = view.within(frozenset(query.titles))
        return _Reading(view, snapshot, self._directory.models(view), lists)

    def _find(
        self, leaves: Sequence[Leaf], reading: _Reading, cursor: Cursor | None, limit: int
    ) -> tuple[list[_Found], bool]:
        """Return what comes after the cursor, more than `limit` if there is, looking deeper until so.

        What only a deeper look finds comes after all that a shallower one found, however well it ranks:
        so each hit has one place, even where the store's answers are approximate.
        """
        search = partial(fusing.search, self._searcher, leaves, reading.view, snapshot=reading.snapshot)
        leaf = leaves[0]
        depth, after = (cursor.depth, cursor.rank) if cursor else (Depth(LOOK * limit, 0), None)
        shallow: set[str] = set()
        if depth.above:
            shallow = {one.id for one in _arranged(leaf, search(limit=depth.above), reading, depth)}
        found: list[_Found] = []
        while True:
            candidates = search(limit=depth.rows)
            for one in _arranged(leaf, candidates, reading, depth):
                if one.id not in shallow and (after is None or one.rank > after):
                    found.append(one)
                    if len(found) > limit:
                        return found, candidates.exhausted
            if candidates.exhausted or depth.rows >= LAST_LOOK:
                return found, candidates.exhausted
            shallow = {one.id for one in _arranged(leaf, candidates, reading, depth)}
            depth, after = Depth(4 * depth.rows, depth.rows), None

    def _next(self, query: Query, reading: _Reading, last: _Found) -> str:
        return Cursor(
            digest=query.digest(),
            epoch=reading.view.epoch,
            snapshot=self._searcher.carried(reading.snapshot),
            depth=last.depth,
            rank=last.rank,
        ).encode()


def _unsearched(leaves: Sequence[Leaf], models: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Say what the query could not reach: vectors that another model made."""
    searched = {leaf.model for leaf in leaves if isinstance(leaf, VectorLeaf)}
    others = {model for some in models.values() for model in some} - searched if searched else ()
    return tuple(f"vectors of model {model} were not searched" for model in sorted(others))


def _fused(leaves: Sequence[Leaf]) -> tuple[str, ...]:
    """Say that scores are of places, where several models answered."""
    models = sorted(leaf.model for leaf in leaves if isinstance(leaf, VectorLeaf))
    told = f"vectors are of the models {', '.join(models)}, so hits are ranked by their places in each"
    return (told,) if len(models) > 1 else ()


def _arranged(leaf: Leaf, candidates: Candidates, reading: _Reading, depth: Depth) -> Iterator[_Found]:
    """Arrange frames into shots: a shot ranks by its best frame, a frame outside any shot stands alone."""
    seen = set()
    for row in candidates.rows:
        place = row
        if isinstance(leaf, VectorLeaf):
            place = reading.lists.shot(row["title"], row["start_ns"]) or row
        if place["id"] not in seen:
            seen.add(place["id"])
            yield _Found(row, place, depth)


def _hit(leaf: Leaf, found: _Found, reading: _Reading, known: Mapping[str, Known]) -> Hit:
    row, place = found.row, found.place
    title = known[place["title"]]
    timeline = title.timelines[place["timeline"]]
    # A record without a time holds for the whole title.
    start, end = place["start_ns"] or 0, place["end_ns"]
    if isinstance(leaf, TextLeaf):
        said: dict[str, Any] = {
            "type": leaf.schema,
            "source": "dialogue" if leaf.schema == "DialogueLine" else "text",
            "text": row[leaf.field],
            "evidence": {name: row[name] for name in EVIDENCE if row.get(name) is not None},
        }
    else:
        said = {
            "type": "Embedding" if place is row else "Shot",
            "source": "visual",
            "text": None,
            "evidence": {"frame_ns": row["start_ns"], "embedding": row["id"], "run": row["run"]},
        }
    return Hit(
        id=place["id"],
        title=place["title"],
        title_name=title.title.name,
        timeline=place["timeline"],
        asset=place["asset"],
        start_ns=start,
        end_ns=timeline.duration_ns if end is None else end,
        timecode=timeline.timecode(start),
        score=row["score"],
        run=place["run"],
        thumbnail=reading.lists.thumbnail(place["title"], start),
        **said,
    )
