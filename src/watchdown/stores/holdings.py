"""What a store holds of each run, be it in view or not, so that it can be compared with what it should hold.

Where the store is the system of record, its own earlier states may still have what was lost; where it is not,
its tables can be built anew beside those that are read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from watchdown_schemas.digest import Digest
from watchdown_schemas.fields import fields
from watchdown_schemas.roles import Blob

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from watchdown_schemas.record import Record


@dataclass(frozen=True, slots=True)
class Held:
    """Some of the rows of one schema type of a run that a table has; what is told of a run adds up.

    Unless content was asked for, the digest has only the number of rows. `pictures` are the files that the
    rows show, as `<fingerprint>/<run>/<name>`.
    """

    table: str
    schema: str
    run: int
    digest: Digest
    pictures: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a table that cannot be read, which file that is, and why."""

    table: str
    part: int
    file: str
    cause: str


Found: TypeAlias = Held | Unreadable


def pictures_of(batch: pa.RecordBatch, schema: type[Record]) -> dict[int, set[str]]:
    """Return by run the files of pictures that rows of a type show."""
    found: dict[int, set[str]] = {}
    for field in fields(schema):
        if field.role(Blob):
            pairs = zip(batch.column("run").to_pylist(), batch.column(field.name).to_pylist(), strict=True)
            for run, key in pairs:
                if key:
                    found.setdefault(run, set()).add(str(key).partition("#")[0])
    return found


class Beside(Protocol):
    """A table that is built anew beside the one that is read."""

    def write(self, schema: type[Record], batches: pa.RecordBatchReader) -> Mapping[int, int]:
        """Write rows of runs; return by run how many of them the store refuses for good."""
        ...

    def count(self) -> Mapping[tuple[str, int], int]:
        """Return the number of rows by schema type and run, once all that was written can be found."""
        ...

    def show(self) -> None:
        """Let readers see it instead of the other, at one moment. The other stays for who reads it still."""
        ...

    def discard(self) -> None:
        """Remove it, where it was not shown."""
        ...


class Holdings(Protocol):
    """Tells what a store holds, and mends it in place."""

    def table(self, schema: type[Record], model: str | None) -> str:
        """Return the table that rows of a type, and of the model of its vectors, lie in."""
        ...

    def tables(self) -> Collection[str]:
        """Return the tables that readers see."""
        ...

    def survey(self, *, deep: bool, title: str | None = None) -> Iterator[Found]:
        """Yield what tables hold, of one title or of all, and what of them cannot be read.

        Only `deep` reads content: then memory stays bounded, and rows come in any order.
        """
        ...

    def mend(
        self, runs: Sequence[int], schema: type[Record], batches: pa.RecordBatchReader, *, model: str | None
    ) -> int:
        """Let a table have these rows of runs and no others; return how many it has then.

        At no moment is a row away that was there and is right.
        """
        ...

    def remove(self, schema: str, runs: Sequence[int], table: str) -> None:
        """Remove the rows of one schema type of runs from a table."""
        ...

    def cut_out(self, parts: Sequence[Unreadable]) -> None:
        """Take out of a table what cannot be read, so that the rest can be."""
        ...

    def earlier(
        self, schema: type[Record], model: str | None, run: int, digest: Digest
    ) -> Iterator[pa.RecordBatch] | None:
        """Return the rows of a run as an earlier state has them whole; None where none is kept that does."""
        ...

    def beside(self, schema: type[Record], model: str | None, dimension: int | None) -> Beside:
        """Begin to build the table of a type anew, where the store is not the system of record itself."""
        ...

    def index_anew(self, table: str) -> None:
        """Make the indices of a table anew from its rows, where they lie apart from them."""
        ...
