"""What a store must do: a sink that takes whole runs, and a searcher that ranks, filters and counts rows.

Requests name schema types; base types are resolved to the types that inherit from them before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

from watchdown.catalogue.directory import Directory
from watchdown_schemas.errors import QueryError, SchemaNotFound

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from watchdown.catalogue.model import Entry
    from watchdown.view import View
    from watchdown.where import Value, Where
    from watchdown_schemas.record import Record


SCORE_DIGITS: Final = 6
FACET_VALUES: Final = 100  # the most frequent ones that a facet shows unless told otherwise

Types: TypeAlias = "Mapping[str, type[Record]]"
Schemas: TypeAlias = str | Sequence[str]  # the name of a schema type, or several
Facet: TypeAlias = "list[tuple[Value, int]]"
Snapshot: TypeAlias = Mapping[str, int | str]  # by table, what a store reads it by


def table_name(schema: str, model: str | None = None) -> str:
    """Return the table of a schema type, and of the model that wrote its vectors."""
    return f"{schema}-{model}" if model else schema


def type_of(batch: pa.RecordBatch) -> str:
    """Return the name of the schema type whose rows a batch has."""
    label: bytes = batch.schema.metadata[b"watchdown.schema"]
    return label.decode().partition(".")[0]


def named(schemas: Schemas) -> tuple[str, ...]:
    """Return the names of the schema types asked for, each once."""
    return (schemas,) if isinstance(schemas, str) else tuple(dict.fromkeys(schemas))


def asked_types(types: Types, schemas: Schemas) -> list[type[Record]]:
    """Return the classes of the types asked for; SchemaNotFound for one that is not known."""
    try:
        return [types[name] for name in named(schemas)]
    except KeyError as error:
        known = f"Known types: {', '.join(sorted(types))}"
        raise SchemaNotFound(str(error.args[0]), "is no known schema type", known) from None


def most_frequent(counts: Counter[Value], limit: int) -> Facet:
    """Return the values with the highest counts; ties by value: text, then numbers, then moments."""
    from watchdown.where.values import value_kind

    if limit < 1:
        raise QueryError(f"limit {limit}", "shows no value", "Ask for one or more")
    order = ("text", "number", "moment")
    ranking = sorted(counts.items(), key=lambda item: (-item[1], order.index(value_kind(item[0])), item[0]))
    return ranking[:limit]


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A row that the store refused for good, and why."""

    id: str
    run: int
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write: rows stored, by run the reason where it was refused, and rows refused alone."""

    written: int
    refused: Mapping[int, str] = field(default_factory=dict)
    dead: Sequence[DeadRow] = ()


class Sink(Protocol):
    """Takes runs into a store. Writing the same runs again changes nothing.

    `of_record` says whether what the store holds is the system of record; where it is not, the staged files
    of published runs are, and stay.
    """

    @property
    def of_record(self) -> bool:
        """Whether rows can be read back from the store as they were written."""
        ...

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        ...

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        ...

    def tend(self) -> int:
        """Merge small files, and drop what no reader may hold any more; return the bytes freed, if known."""
        ...

    def expunge(self, titles: Sequence[str], runs: Sequence[int]) -> None:
        """Remove every row of these titles and runs from all that lies on a disk; older snapshots may end."""
        ...

    def traces(self, titles: Sequence[str], runs: Sequence[int]) -> int:
        """Return how many rows of these titles and runs are left, in whatever snapshot."""
        ...


class Told(Protocol):
    """What a store on a server is told beside records, for readers who have no database.

    Every method may be called again by any process; what is newer in the store stays.
    """

    def epoch(self) -> int:
        """Return the epoch that readers see."""
        ...

    def show(self, view: View, models: Mapping[str, set[str]]) -> None:
        """Tell readers what is visible, and the models behind it by algorithm."""
        ...

    def oldest(self) -> int:
        """Return the oldest epoch that can still be read."""
        ...

    def expire(self, oldest: int) -> None:
        """Tell readers that epochs before one can be read no more."""
        ...

    def forget(self, titles: Collection[str]) -> None:
        """Remove what was told of titles."""
        ...

    def traces(self, titles: Collection[str]) -> int:
        """Return of how many of these titles something is known still."""
        ...

    def revision(self) -> int:
        """Return the revision of the catalogue up to which titles were told."""
        ...

    def enter(self, entries: Iterable[Entry], revision: int) -> None:
        """Tell readers of titles as they are at a revision."""
        ...

    def declared(self) -> int:
        """Return how many schema types were declared with the library."""
        ...

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        """Return all schema types that were declared with the library."""
        ...

    def declare(self, declarations: Sequence[Mapping[str, Any]]) -> None:
        """Tell readers all schema types that were declared."""
        ...


class ToldDirectory(Directory, Told, Protocol):
    """A directory that is told what it answers."""


@dataclass(frozen=True, slots=True)
class VectorLeaf:
    """Rows of `schema` by nearness to a unit vector, float32 [dimension], of one model.

    The score is the cosine; rows that score less than `floor` are no answer.
    """

    schema: str
    model: str
    vector: NDArray[np.float32]
    floor: float | None = None


@dataclass(frozen=True, slots=True)
class TextLeaf:
    """Rows of `schema` whose `field` has something of the analysed words.

    `words` are the query's folded words in order; `stems` for each word its possible stems, one or more
    per language in scope. Rows are in one of `languages`, or a region's form of it; empty is any.
    Rows are scored by `text_score`, as lines that one half remembers, or with `about` by `relevances`, as
    texts that are about the words; those that score less than `floor` are no answer.
    """

    schema: str
    field: str
    words: tuple[str, ...]
    stems: tuple[tuple[str, ...], ...]
    languages: tuple[str, ...] = ()
    floor: float | None = None
    about: bool = False

    def speaks(self, language: str) -> bool:
        """Whether rows in a language are asked for: pt-BR is where pt is."""
        return not self.languages or any(f"{language}-".startswith(f"{tag}-") for tag in self.languages)


Leaf = VectorLeaf | TextLeaf


def language_field(schema: type[Record], name: str) -> str | None:
    """Return the field that has the language of a text field, None where its type names none.

    Raises QueryError for a field whose words are not searched.
    """
    from watchdown.where import own_field
    from watchdown_schemas.roles import Text

    own = own_field(schema, name)
    role = own.role(Text) if own else None
    if role is None:
        raise QueryError(f"{schema.__name__}.{name}", "has no words to search", "Name a field of text")
    return role.language


PLACE: Final = ("id", "run", "title", "timeline", "asset", "start_ns", "end_ns")


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that answer a leaf, best first, ties by id: mappings with `score` and all of `PLACE`.

    Times are None where the type has none. Rows of text have the field searched and its language.
    `exhausted` says that the store has no further rows for this leaf.
    """

    rows: Sequence[Mapping[str, Any]]
    exhausted: bool


def ranked(rows: list[dict[str, Any]], floor: float | None = None) -> list[dict[str, Any]]:
    """Return rows best first, ties by id; scores are rounded, so that stores agree on what is a tie.

    Rows that score less than `floor` are left out, the same ones in every store.
    """
    for row in rows:
        row["score"] = round(row["score"], SCORE_DIGITS)
    kept = rows if floor is None else [row for row in rows if row["score"] >= floor]
    return sorted(kept, key=lambda row: (-row["score"], row["id"]))


class Searcher(Protocol):
    """Answers leaves from a snapshot: the same snapshot and view give the same rows for ever.

    A store may pin a table when it is first read through the snapshot, since the rows of runs in view do
    not change; what has been read stays as it was, whatever is written or deleted later.

    `where` is exact in every store, and applied before ranking. It raises QueryError where a value cannot
    be of a field's kind, in any of the types asked for.
    """

    def snapshot(self, view: View) -> Snapshot:
        """Return what a reader who has taken the view reads, by table; take it after the view.

        Queries of one epoch may share it: the rows of a run in view no longer change.
        """
        ...

    def carried(self, snapshot: Snapshot) -> dict[str, int | str]:
        """Return what a cursor must carry so that later pages read the same snapshot."""
        ...

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
        ...

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
        """Yield the visible rows of schema types that answer the filter, in no order.

        Each batch is of one type, which its schema's metadata names (`type_of`), and has the columns asked
        for that the type has, all of them by default. `starting` is a range of nanoseconds in which rows
        start; of types with vectors, `model` leaves out those of other models.
        """
        ...

    def count(
        self,
        schemas: Schemas,
        view: View,
        *,
        snapshot: Snapshot,
        where: Where | None = None,
    ) -> int:
        """Return the number of rows that `scan` yields."""
        ...

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
        """Return the values of a field or attribute in the rows that `scan` yields, each with its count.

        A count is of rows, so that filtering by the value gives as many. Most frequent first, ties by value.
        Memory grows with the number of different values, not with rows.
        """
        ...

    def vector_length(self, schema: type[Record], model: str | None) -> int | None:
        """Return the length of the vectors that a model wrote for a type; None where there are none yet."""
        ...

    def find(self, schema: str, record: str, view: View, *, snapshot: Snapshot) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        ...
