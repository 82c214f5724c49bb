"""The searcher on Lance: exact or approximate vectors, text over our tokens, always through the mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from math import isqrt
from typing import Any, Final

import numpy as np
import pyarrow as pa

from watchdown.lake.tables import Lake
from watchdown.stores.facets import count_values, facet_columns
from watchdown.stores.kept import Kept
from watchdown.stores.lance.mask import Masks, treemap
from watchdown.stores.lance.reading import Labels, Part, part_of, scope
from watchdown.stores.lance.sql import Condition, quoted
from watchdown.stores.lance.text_query import about_query, any_stem, spoken, text_query
from watchdown.stores.lance.typos import TailWords
from watchdown.stores.protocol import (
    FACET_VALUES,
    PLACE,
    Candidates,
    Facet,
    Leaf,
    Schemas,
    Snapshot,
    TextLeaf,
    Types,
    VectorLeaf,
    asked_types,
    language_field,
    most_frequent,
    ranked,
)
from watchdown.stores.relevance import Commonness, scores_of
from watchdown.stores.shared import TEXT, VECTOR, native
from watchdown.stores.tables import table_of, tables_of
from watchdown.view import View
from watchdown.where import Value, Where, check, check_countable
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.errors import CursorExpired
from watchdown_schemas.fields import has_vector, vector_field
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES

NPROBES: Final = 20
REFINE: Final = 20
EXACT_UP_TO: Final = 20_000  # rows in scope that are cheaper to compare than to look up
TEXT_CANDIDATES: Final = 1_000
KEEP_COUNTED: Final = 1_000
LINE: Final = ("text", "language", "speaker", "kind")


class LanceSearcher:
    """Answers leaves from the lake's tables."""

    def __init__(self, lake: Lake, types: Types = STANDARD_TYPES, *, exact_up_to: int = EXACT_UP_TO) -> None:
        self._lake = lake
        self._types = types
        self._exact_up_to = exact_up_to
        self._masks = Masks()
        self._tail = TailWords()
        self._labels = Labels()
        self._counted: Kept[int] = Kept(KEEP_COUNTED)

    def snapshot(self, view: View) -> Snapshot:  # noqa: ARG002 - what is newest serves every view
        """Return the newest version of each table."""
        return self._newest()

    def _newest(self) -> Snapshot:
        return {name: self._lake.version(name) for name in self._lake.names()}

    def _tables(
        self, schemas: Schemas, snapshot: Snapshot, where: Where | None, model: str | None = None
    ) -> list[tuple[str, tuple[type[Record], ...]]]:
        """Return the tables that a request reads, each with the types that are asked of it."""
        asked = asked_types(self._types, schemas)
        check(where, asked)
        return list(tables_of(asked, [*snapshot], model))

    @contextmanager
    def _reading(
        self, name: str, schemas: Sequence[type[Record]], where: Where | None, snapshot: Snapshot
    ) -> Iterator[Part]:
        """Give the snapshot's version of a table."""
        version = int(snapshot[name])
        try:
            yield part_of(name, self._lake.dataset(name, version), schemas, where, self._labels)
        except (ValueError, OSError) as error:
            if self._lake.keeps(name, version):
                raise
            cause = f"version {version} is no longer kept"
            raise CursorExpired(name, cause, "Ask again from the first page.") from error

    def _mask(self, part: Part, view: View) -> bytes | None:
        return self._masks.get(part.name, part.dataset, view)

    def carried(self, snapshot: Snapshot) -> dict[str, int | str]:
        """Return what a cursor needs to read the snapshot again."""
        return dict(snapshot)

    def search(
        self,
        leaf: Leaf,
        view: View,
        *,
        limit: int,
        snapshot: Snapshot,
        where: Where | None = None,
    ) -> Candidates:
        """Return the best `limit` visible rows that answer the filter."""
        model = leaf.model if isinstance(leaf, VectorLeaf) else None
        for name, schemas in self._tables(leaf.schema, snapshot, where, model):
            with self._reading(name, schemas, where, snapshot) as part:
                return self._ranked(leaf, part, view, limit)
        return Candidates((), exhausted=True)

    def _ranked(self, leaf: Leaf, part: Part, view: View, limit: int) -> Candidates:
        if not part.schemas:  # types that share a table have no row in it
            return Candidates((), exhausted=True)
        chosen: dict[str, Any] = {"row_addr_blocklist": self._mask(part, view)}
        few = False
        if part.left is not None:  # what Lance cannot look up is found first, and then searched in
            ids = part.ids(view)
            if not len(ids):
                return Candidates((), exhausted=True)
            chosen["row_addr_allowlist"] = treemap(ids)
            few = len(ids) <= self._exact_up_to
        if isinstance(leaf, TextLeaf):
            return self._text(leaf, part, view, limit, chosen)
        return self._vectors(leaf, part, view, limit, chosen, few=few)

    def _vectors(
        self, leaf: VectorLeaf, part: Part, view: View, limit: int, chosen: Mapping[str, Any], *, few: bool
    ) -> Candidates:
        (schema,) = part.schemas.values()
        field = vector_field(schema)
        if field is None or (where := part.sql(scope(view))) == "false":
            return Candidates((), exhausted=True)
        exact = few or (where is not None and part.dataset.count_rows(where) <= self._exact_up_to)
        column = VECTOR if part.shared else field.name
        nearest = {"column": column, "q": leaf.vector, "k": limit, "metric": "l2", "use_index": not exact}
        if not exact:
            # Without a maximum, Lance goes on to further partitions until it has found enough; what is left
            # by a filter lies thinly, so that the best of it may be in any of more partitions.
            filtered = where is not None or "row_addr_allowlist" in chosen
            probes = max(NPROBES, isqrt(part.dataset.count_rows()) // 4) if filtered else NPROBES
            nearest |= {"minimum_nprobes": probes, "refine_factor": REFINE}
        rows = part.dataset.scanner(
            columns=[*(name for name in PLACE if name in part.columns), "_distance"],
            nearest=nearest,
            filter=where,
            prefilter=True,
            disable_scoring_autoprojection=True,
            **chosen,
        ).to_table()
        found = [{**dict.fromkeys(PLACE), **row} for row in rows.to_pylist()]
        for row in found:
            row["score"] = 1.0 - row.pop("_distance") / 2  # of unit vectors, squared l2 to cosine
        kept = ranked(found, leaf.floor)
        return Candidates(kept, exhausted=len(kept) < limit)

    def _text(
        self, leaf: TextLeaf, part: Part, view: View, limit: int, chosen: Mapping[str, Any]
    ) -> Candidates:
        ((name, schema),) = part.schemas.items()
        language = language_field(schema, leaf.field)
        asked = spoken(leaf, "language" if part.shared else language)
        if not leaf.words or (where := part.sql(scope(view), asked)) == "false":
            return Candidates((), exhausted=True)
        wanted = max(limit, TEXT_CANDIDATES)
        own = (leaf.field + WORDS, leaf.field + STEMS)
        words, stems = TEXT[1:] if part.shared else own
        common = self._common(leaf, part, view, stems) if leaf.about else None
        misspelt = leaf.words if common is None else common.unknown(leaf.words)
        near = self._tail.near(misspelt, part.name, part.dataset, words)
        query = (
            text_query(leaf, words, stems, near)
            if common is None
            else about_query(leaf, words, stems, common, near)
        )
        shown = dict.fromkeys((*PLACE, leaf.field, language or leaf.field, *LINE))
        columns = [column for column in shown if column in native(schema).names]
        rows = part.dataset.scanner(
            columns=[*part.physical({name: [*columns, *own]}), "_score"],
            full_text_query=query,
            filter=where,
            prefilter=True,
            limit=wanted,
            **chosen,
        ).to_table()
        found = []
        for batch in rows.to_batches():
            lines = part.native(batch, schema, [*columns, *own])
            said, roots = ([(one or "").split() for one in lines.column(name).to_pylist()] for name in own)
            scores = np.array(scores_of(leaf, common, list(zip(said, roots, strict=True))))
            answering = lines.select(columns).filter(pa.array(scores > 0)).to_pylist()
            for native_row, score in zip(answering, scores[scores > 0].tolist(), strict=True):
                if leaf.speaks((native_row[language] if language else None) or "und"):
                    found.append({**dict.fromkeys(PLACE), **native_row, "score": score})
        return Candidates(
            ranked(found, leaf.floor)[:limit], exhausted=rows.num_rows < wanted and len(found) <= limit
        )

    def _common(self, leaf: TextLeaf, part: Part, view: View, stems: str) -> Commonness:
        """Count the words of a leaf in all rows in view, each word once for a version of the table."""
        whole = part_of(part.name, part.dataset, list(part.schemas.values()), None, self._labels)
        mask, everywhere = self._mask(whole, view), whole.sql()
        at = (part.name, part.dataset.version, view.epoch, tuple(part.schemas), stems)

        def having(alternatives: tuple[str, ...]) -> int:
            rows = whole.dataset.scanner(
                columns=[],
                with_row_id=True,
                full_text_query=any_stem(alternatives, stems),
                filter=everywhere,
                prefilter=True,
                row_addr_blocklist=mask,
                disable_scoring_autoprojection=True,
            )
            return int(rows.to_table().num_rows)

        rows = self._counted.get((*at, ()), lambda: whole.count(view.within(None), mask))
        found = [self._counted.get((*at, one), partial(having, one)) for one in leaf.stems]
        return Commonness(rows, tuple(found))

    def scan(
        self,
        schemas: Schemas,
        view: View,
        *,
        snapshot: Snapshot,
        columns: Sequence[str] | None = None,
        model: str | None = None,
        starting: tuple[int, int] | None = None,
        where: Where | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield the visible rows of schema types that answer the filter, in no order."""
        times = [] if starting is None else [_starting(*starting)]
        for name, types in self._tables(schemas, snapshot, where, model):
            with self._reading(name, types, where, snapshot) as part:
                mask = self._mask(part, view)
                yield from (batch for _, batch in part.read(columns, scope(view), *times, mask=mask))

    def count(self, schemas: Schemas, view: View, *, snapshot: Snapshot, where: Where | None = None) -> int:
        """Return the number of rows that `scan` yields."""
        found = 0
        for name, types in self._tables(schemas, snapshot, where):
            with self._reading(name, types, where, snapshot) as part:
                found += part.count(view, self._mask(part, view))
        return found

    def facet(
        self,
        schemas: Schemas,
        field: str,
        view: View,
        *,
        snapshot: Snapshot,
        where: Where | None = None,
        limit: int = FACET_VALUES,
    ) -> Facet:
        """Return the values of a field or attribute in the rows that `scan` yields, each with its count."""
        check_countable(field, asked_types(self._types, schemas))
        counts: Counter[Value] = Counter()
        for name, types in self._tables(schemas, snapshot, where):
            columns = list(
                dict.fromkeys(column for schema in types for column in facet_columns(field, schema))
            )
            with self._reading(name, types, where, snapshot) as part:
                mask = self._mask(part, view)
                for schema, batch in part.read(columns, scope(view), mask=mask):
                    count_values(counts, field, batch, schema)
        return most_frequent(counts, limit)

    def vector_length(self, schema: type[Record], model: str | None) -> int | None:
        """Return the length of the vectors that a model wrote for a type; None where there are none yet."""
        name = table_of(schema, model)
        if not has_vector(schema) or not self._lake.exists(name):
            return None
        columns = self._lake.dataset(name).schema
        held = next(column for column in columns if pa.types.is_fixed_size_list(column.type))
        return int(held.type.list_size)

    def find(self, schema: str, record: str, view: View, *, snapshot: Snapshot) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        this = Condition(f"id = {quoted(record)}")
        for name, types in self._tables(schema, snapshot, None):
            with self._reading(name, types, None, snapshot) as part:
                for _, batch in part.read(None, this, scope(view)):
                    for row in batch.to_pylist():
                        if row["run"] in view.visible:
                            return dict(row)
        return None

    def read_run(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one schema type of a run, be it in view or not."""
        snapshot = self._newest()
        for name, types in self._tables(schema, snapshot, None, model):
            with self._reading(name, types, None, snapshot) as part:
                yield from (batch for _, batch in part.read(None, Condition(f"run = {run}")))


def _starting(low: int, high: int) -> Condition:
    return Condition(f"start_ns >= {low} AND start_ns < {high}")
