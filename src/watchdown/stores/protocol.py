"""What a store must do: a sink that takes whole runs, and a searcher that ranks rows within a view."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from watchdown.view import View
    from watchdown_schemas.record import Record


SCORE_DIGITS: Final = 6


def table_name(schema: str, model: str | None = None) -> str:
    """Return the table of a schema type, and of the model that wrote its vectors."""
    return f"{schema}-{model}" if model else schema


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a write: rows stored and, by run, the reason where it was refused."""

    written: int
    refused: Mapping[int, str] = field(default_factory=dict)


class Sink(Protocol):
    """Takes runs into a store. Writing the same runs again changes nothing."""

    def write(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> Outcome:
        """Write the rows of one schema type of these runs, replacing what is there of them."""
        ...

    def delete(self, runs: Sequence[int]) -> None:
        """Remove every row of these runs."""
        ...


@dataclass(frozen=True, slots=True)
class VectorLeaf:
    """Rows of `schema` by nearness to a unit vector, float32 [dimension], of one model."""

    schema: str
    model: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TextLeaf:
    """Rows of `schema` whose `field` has something of the analysed words.

    `words` are the query's folded words in order; `stems` for each word its possible stems, one or more
    per language in scope. Rows are in one of `languages`, or a region's form of it; empty is any.
    """

    schema: str
    field: str
    words: tuple[str, ...]
    stems: tuple[tuple[str, ...], ...]
    languages: tuple[str, ...] = ()

    def speaks(self, language: str) -> bool:
        """Whether rows in a language are asked for: pt-BR is where pt is."""
        return not self.languages or any(f"{language}-".startswith(f"{tag}-") for tag in self.languages)


Leaf = VectorLeaf | TextLeaf


@dataclass(frozen=True, slots=True)
class Candidates:
    """Rows that answer a leaf, best first, ties by id: mappings with the columns asked for and `score`.

    `exhausted` says that the store has no further rows for this leaf.
    """

    rows: Sequence[Mapping[str, Any]]
    exhausted: bool


def ranked(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows best first, ties by id; scores are rounded, so that stores agree on what is a tie."""
    for row in rows:
        row["score"] = round(row["score"], SCORE_DIGITS)
    return sorted(rows, key=lambda row: (-row["score"], row["id"]))


class Searcher(Protocol):
    """Answers leaves from a snapshot: the same snapshot and view give the same rows for ever."""

    def snapshot(self) -> Mapping[str, int]:
        """Return the versions that a reader who starts now sees, by table."""
        ...

    def search(self, leaf: Leaf, view: View, *, limit: int, snapshot: Mapping[str, int]) -> Candidates:
        """Return the best `limit` visible rows."""
        ...

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
        ...

    def find(
        self, schema: str, record: str, view: View, *, snapshot: Mapping[str, int]
    ) -> Mapping[str, Any] | None:
        """Return the visible record of that id."""
        ...
