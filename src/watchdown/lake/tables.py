"""Lance tables: opened, created, appended to, indexed and kept compact.

One process writes at a time, for as long as a write takes: rows that the budget keeps waiting hold up nobody.

The settings follow measurements: stable row ids (masks stay true through compaction), a declared
primary key, unit vectors under l2, text indices over tokens that we made ourselves.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import lance
import pyarrow as pa

from watchdown.folder import storage_error
from watchdown.lake import mending, upkeep
from watchdown.lake.portions import portions
from watchdown.lake.upkeep import Freed
from watchdown_schemas.arrow import STEMS, WORDS
from watchdown_schemas.errors import LibraryError

VECTOR: Final = "vector"
LOOKED_UP: Final = ("run", "title")  # columns with an index of values
INDEX_VECTORS_FROM: Final = 50_000  # below, an exact scan is quick and needs no upkeep
OPTIMIZE_FROM: Final = 2_000  # rows outside the indices; each thousand costs a text query 4 ms
MERGE_FROM: Final = 64  # files; each one costs every query 0.3 ms, and every append as much
KEEP_OPEN: Final = 16
KEEP_VERSIONS: Final = timedelta(hours=1)
OS_ERROR: Final = re.compile(r"([^:]+) \(os error (\d+)\)")


class Lake:
    """The tables of one library."""

    def __init__(
        self,
        root: Path,
        *,
        index_from: int = INDEX_VECTORS_FROM,
        optimize_from: int = OPTIMIZE_FROM,
        retention: timedelta = KEEP_VERSIONS,
        alone: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Name the tables; `alone` is entered for each write, and keeps other writers out meanwhile.

        A version that was replaced is kept for `retention`, and cursors read it as long.
        """
        self._root = root
        self._retention = retention
        self._alone = alone
        self._index_from = index_from
        self._optimize_from = optimize_from
        self._connection: Any = None
        self._pinned: dict[tuple[str, int], Any] = {}

    def _connect(self) -> Any:
        if self._connection is None:
            import lancedb  # only writers pay its second of loading

            self._root.mkdir(parents=True, exist_ok=True)
            self._connection = lancedb.connect(self._root, read_consistency_interval=timedelta(0))
        return self._connection

    @property
    def root(self) -> Path:
        """The folder of the tables."""
        return self._root

    def _path(self, name: str) -> Path:
        return self._root / f"{name}.lance"

    def names(self) -> list[str]:
        """Return the names of the tables that exist."""
        return sorted(path.stem for path in self._root.glob("*.lance") if self.exists(path.stem))

    def exists(self, name: str) -> bool:
        """Whether the table exists, rather than the folder of one that is just being made."""
        return any((self._path(name) / "_versions").glob("*.manifest"))

    def version(self, name: str) -> int:
        """Return the newest version of a table."""
        # From a handle on the newest version the answer is that it still is; others read it first.
        kept = [place for place in self._pinned if place[0] == name]
        handle = self._pinned.get(max(kept)) if kept else None
        return int((handle or self.dataset(name)).latest_version)

    def dataset(self, name: str, version: int | None = None) -> Any:
        """Open a table for reading, pinned to its newest or to a given version; a few are kept open."""
        if version is not None and (pinned := self._pinned.get((name, version))):
            return pinned
        found = lance.dataset(str(self._path(name)), version=version)
        # Readers run at the same time: the few that are kept open are replaced whole.
        kept = list(self._pinned.items())[1 - KEEP_OPEN :]
        self._pinned = {**dict(kept), (name, int(found.version)): found}
        return found

    def keeps(self, name: str, version: int) -> bool:
        """Whether a version of a table can still be read."""
        try:
            lance.dataset(str(self._path(name)), version=version)
        except (ValueError, OSError):
            return False
        return True

    def _table(self, name: str, schema: pa.Schema, looked_up: Iterable[str]) -> Any:
        """Open a table for writing, created with its settings the first time; columns it lacks are added."""
        if not self.exists(name):
            self._create(name, schema, looked_up)
        table = self._connect().open_table(name)
        there: pa.Schema = table.schema
        strange = [field for field in there if field.name not in schema.names]
        strange += [
            field for field in there if field not in strange and field.type != schema.field(field.name).type
        ]
        if strange:
            told = ", ".join(f"{field.name} ({field.type})" for field in strange)
            raise LibraryError(
                name,
                f"has the fields {told}, which this version does not know as such",
                "The library was written by another version: use that one, or add the media again.",
            )
        if lacking := [
            field.with_nullable(nullable=True) for field in schema if field.name not in there.names
        ]:
            lance.dataset(str(self._path(name))).add_columns(lacking)  # nothing that is stored is rewritten
            table = self._connect().open_table(name)
            self._index(table, [field.name for field in lacking])
        return table

    def _create(self, name: str, schema: pa.Schema, looked_up: Iterable[str]) -> None:
        """Make an empty table aside, then move it into place: it is there whole or not at all."""
        import lancedb

        aside = self._root / ".new"
        shutil.rmtree(aside, ignore_errors=True)
        connection: Any = lancedb.connect(aside)
        table = connection.create_table(
            name, schema=schema, storage_options={"new_table_enable_stable_row_ids": "true"}
        )
        table.set_unenforced_primary_key("id")
        self._index(table, schema.names, looked_up)
        (aside / f"{name}.lance").rename(self._path(name))
        shutil.rmtree(aside)

    def _index(self, table: Any, columns: Iterable[str], looked_up: Iterable[str] = ()) -> None:
        """Index the tokens of text among columns, and columns whose values are looked up."""
        from lancedb.index import FTS, BTree

        tokens = FTS(
            base_tokenizer="whitespace",
            with_position=True,
            stem=False,
            remove_stop_words=False,
            ascii_folding=False,
            lower_case=False,
            max_token_length=None,
        )
        for column in (column for column in columns if column.endswith((WORDS, STEMS))):
            table.create_index(column, config=tokens)
        for column in looked_up:
            table.create_index(column, config=BTree())

    def replace_runs(
        self,
        name: str,
        runs: Iterable[int],
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        *,
        only: str | None = None,
        looked_up: Iterable[str] = LOOKED_UP,
    ) -> int:
        """Write runs whole: rows that an interrupted load left of them go first. Return the rows written.

        What comes slowly is written in several commits: readers must not see the runs before all are in.
        `only` is a condition, in SQL, of the rows that are replaced; `looked_up` the columns that have an
        index of values, once the table is made.
        """
        if not (numbers := ", ".join(map(str, runs))):
            return 0
        replaced = f"run IN ({numbers})" + (f" AND {only}" if only else "")
        counted = _Counter(batches)
        with self._writing():
            table = self._table(name, schema, looked_up)
            if table.count_rows(replaced):
                table.delete(replaced)
        for portion in portions(counted):
            with self._writing():
                table = self._table(name, schema, looked_up)
                # Columns that were added stand last, and may be null.
                target = pa.schema([field.with_type(schema.field(field.name).type) for field in table.schema])
                ordered = (batch.select(target.names).cast(target) for batch in portion)
                table.add(pa.RecordBatchReader.from_batches(target, ordered))
        return counted.rows

    def merge_runs(
        self,
        name: str,
        runs: Iterable[int],
        schema: pa.Schema,
        batches: Iterable[pa.RecordBatch],
        *,
        only: str | None = None,
        looked_up: Iterable[str] = LOOKED_UP,
    ) -> int:
        """Let a table have these rows of runs and no others, in one commit; return how many it has then.

        Arguments are those of `replace_runs`. A row that is there twice loses its double before.
        """
        numbers = ", ".join(map(str, runs))
        replaced = f"run IN ({numbers})" + (f" AND {only}" if only else "")
        with self._writing():
            table = self._table(name, schema, looked_up)
            target = pa.schema([field.with_type(schema.field(field.name).type) for field in table.schema])
            ordered = (batch.select(target.names).cast(target) for batch in batches)
            mending.drop_doubles(table, self._path(name), replaced)
            mending.merge(table, replaced, pa.RecordBatchReader.from_batches(target, ordered))
            return int(table.count_rows(replaced))

    def cut_out(self, name: str, fragments: Iterable[int]) -> None:
        """Take files out of a table that cannot be read, and the rows in them."""
        with self._writing():
            mending.cut_out(self._path(name), fragments)

    def index_anew(self, name: str) -> None:
        """Make all indices of a table from its rows, whatever is left of those there were."""
        with self._writing():
            table = self._connect().open_table(name)
            indices = {index.columns[0]: index.name for index in table.list_indices()}
            for index in indices.values():
                table.drop_index(index)
            self._index(table, table.schema.names, [one for one in indices if one in (*LOOKED_UP, "type")])
            self._index_vectors(table)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Write alone; the disk's faults, which LanceDB tells only in words, become a LibraryError."""
        try:
            with self._alone():
                yield
        except (OSError, RuntimeError) as error:
            if fault := OS_ERROR.search(str(error)):
                raise storage_error(self._root, OSError(int(fault[2]), fault[1])) from error
            raise

    def delete_runs(self, runs: Iterable[int]) -> None:
        """Remove every row of these runs from every table."""
        if numbers := ", ".join(map(str, runs)):
            self.delete(f"run IN ({numbers})")

    def delete(self, condition: str) -> None:
        """Remove every row that answers a condition, in SQL, from every table."""
        for name in self.names():
            with self._writing():
                table = self._connect().open_table(name)
                if table.count_rows(condition):
                    table.delete(condition)

    def delete_from(self, name: str, condition: str) -> None:
        """Remove every row of a table that answers a condition, in SQL."""
        with self._writing():
            self._connect().open_table(name).delete(condition)

    def versions(self, name: str) -> list[int]:
        """Return the versions of a table that are kept, newest first; none where it is not there."""
        known = self.dataset(name).versions() if self.exists(name) else []
        return sorted((int(one["version"]) for one in known), reverse=True)

    def maintain(self, name: str) -> None:
        """Tend a table where that is due: many rows outside its indices, or many small files."""
        with self._writing():
            table = self._connect().open_table(name)
            self._index_vectors(table)
            stats = [table.index_stats(index.name) for index in table.list_indices()]
            tail = max((found.num_unindexed_rows for found in stats if found), default=0)
            if tail >= self._optimize_from or upkeep.fragments(self._path(name)) >= MERGE_FROM:
                self.tend(name)

    def tend(self, name: str) -> Freed:
        """Bring a table's indices up to date, merge its small files, and drop versions no longer retained."""
        with self._writing():
            upkeep.merge(self._connect().open_table(name))
            return upkeep.drop_versions(self._path(name), self._retention)

    def expunge(self, name: str) -> Freed:
        """Write a table without the rows that were deleted, in no file, index or version of it.

        Cursors that read older versions end. Nobody else may write meanwhile.
        """
        with self._writing():
            upkeep.rewrite(self._path(name))
            table = self._connect().open_table(name)
            indices = [index.columns[0] for index in table.list_indices()]
            # An index that is brought up to date may keep what it knows of rows that are gone.
            self._index(table, table.schema.names, [one for one in indices if one in (*LOOKED_UP, "type")])
            if VECTOR in indices:
                self._index_vectors(table, anew=True)
            return upkeep.drop_versions(self._path(name), timedelta(0), unfinished=True)

    def traces(self, name: str, condition: str) -> int:
        """Return how many rows, in any version of a table, answer a condition in SQL."""
        return upkeep.rows_in_any_version(self._path(name), condition)

    def _index_vectors(self, table: Any, *, anew: bool = False) -> None:
        """Index the vectors of a table that has enough of them."""
        from lancedb.index import IvfRq

        known = {index.columns[0]: index.name for index in table.list_indices()}
        if VECTOR not in table.schema.names or (VECTOR in known and not anew):
            return
        rows = table.count_rows()
        if rows >= self._index_from:
            config = IvfRq(distance_type="l2", num_partitions=max(1, int(rows**0.5)))
            table.create_index(VECTOR, config=config)
        elif VECTOR in known:
            table.drop_index(known[VECTOR])

    def scan(self, name: str, run: int) -> Iterator[pa.RecordBatch]:
        """Yield the rows of a run."""
        if self.exists(name):
            yield from self.dataset(name).scanner(filter=f"run = {run}").to_batches()

    def close(self) -> None:
        """Let go of the tables."""
        self._connection = None
        self._pinned = {}


class _Counter:
    """Counts the rows that pass."""

    def __init__(self, batches: Iterable[pa.RecordBatch]) -> None:
        self._batches = batches
        self.rows = 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.rows += batch.num_rows
            yield batch
