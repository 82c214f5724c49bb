"""Staging: an attempt's records as Parquet, committed by the manifest that the first to finish writes."""

from __future__ import annotations

import hashlib
import uuid
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from watchdown.runs.cost import Cost
from watchdown.runs.spread import Spread, Spreading, vectors_of
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.check import Checked
from watchdown_schemas.digest import Digest, digest
from watchdown_schemas.errors import LibraryError

_NOT_CONTENT = ("id", "run")


class Manifest(BaseModel):
    """What a run wrote: rows per schema type, rows refused, a hash of the content, warnings, or the error.

    `digests` has by schema type what the good rows hash to, in whatever order they lie; runs of before this
    was kept have none. `cost` is what that took, `spreads` how far vectors lie apart, by schema type, and
    `model` is what made them; who wrote the manifest may not have said so.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: int
    attempt: str
    counts: dict[str, int] = {}
    refused: dict[str, int] = {}
    content: str | None = None
    digests: dict[str, str] | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None
    cost: Cost | None = None
    model: str | None = None
    spreads: dict[str, Spread] = {}


class Staging:
    """One attempt at one run: takes checked batches, writes good and refused rows apart.

    Nothing of it is seen by others before `commit`; files are written as they grow, in bounded memory.
    """

    def __init__(self, storage: Storage, run: int, attempt: str | None = None) -> None:
        """Begin an attempt; what is none of a whole run, but of a part, is called by what part it is of."""
        self._storage = storage
        self._run = run
        self._attempt = attempt or uuid.uuid4().hex[:12]
        self._files = ExitStack()
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._sinks: list[BinaryIO] = []
        self._counts: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._content = hashlib.sha256()
        self._digests: dict[str, Digest] = {}
        self._entered = False
        self._spreads: dict[str, Spreading] = defaultdict(Spreading)
        self.warnings: list[str] = []
        self.model: str | None = None

    def expect(self, schema: str) -> None:
        """Count a schema type even if no row of it comes: an empty run is a result too."""
        self._counts.setdefault(schema, 0)
        self._digests.setdefault(schema, Digest())

    def write(self, schema: str, checked: Checked) -> None:
        """Write a batch of one schema type."""
        if checked.good.num_rows:
            self._writer(schema, checked.good.schema).write_batch(checked.good)
            content = checked.good.drop_columns(list(_NOT_CONTENT))
            self._content.update(content.serialize())
            self._digests[schema] = self._digests.get(schema, Digest()) + digest(checked.good)
            if (vectors := vectors_of(checked.good)) is not None:
                self._spreads[schema].take(vectors)
        if checked.refused.num_rows:
            self._writer(_refused(schema), checked.refused.schema).write_batch(checked.refused)
        self._counts[schema] = self._counts.get(schema, 0) + checked.good.num_rows
        self._refused[schema] = self._refused.get(schema, 0) + checked.refused.num_rows

    def _writer(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        if name not in self._writers:
            file = self._files.enter_context(self._storage.create(_file(self._run, self._attempt, name)))
            self._sinks.append(file)
            self._writers[name] = pq.ParquetWriter(file, schema)
        return self._writers[name]

    def commit(self, error: str | None = None, cost: Cost | None = None) -> Manifest:
        """Close the files and enter this attempt, unless another one finished first; return what counts.

        The bytes of the files are added to the cost.
        """
        manifest = self.seal(error, cost)
        self._entered = True  # it may be, from here on, whatever ends this call
        if self._storage.put_new(keys.manifest(self._run), manifest.model_dump_json().encode()):
            return manifest
        return read_manifest(self._storage, self._run)

    def seal(self, error: str | None = None, cost: Cost | None = None) -> Manifest:
        """Close the files, which are there from then on; return what this attempt wrote."""
        for writer in self._writers.values():
            writer.close()
        if cost is not None:
            size = cost.bytes + sum(file.tell() for file in self._sinks)
            cost = cost.model_copy(update={"bytes": size})
        self._files.close()  # a manifest must never be there before what it names
        return Manifest(
            run=self._run,
            attempt=self._attempt,
            counts=self._counts,
            refused={schema: count for schema, count in self._refused.items() if count},
            content=self._content.hexdigest(),
            digests={schema: str(found) for schema, found in self._digests.items()},
            warnings=tuple(self.warnings),
            error=error,
            cost=cost,
            model=self.model,
            spreads={schema: found.spread for schema, found in self._spreads.items()},
        )

    def discard(self) -> None:
        """Remove what the attempt wrote, unless it may be the one that counts."""
        if self._entered:
            return
        for writer in self._writers.values():
            with suppress(OSError, pa.ArrowException, LibraryError):  # it may be why the attempt is given up
                writer.close()
        given_up = _GivenUp()
        with suppress(_GivenUp):
            self._files.__exit__(_GivenUp, given_up, None)
        self._storage.delete_all(keys.attempt(self._run, self._attempt))


class _GivenUp(Exception):
    """Ends the files of an attempt, so that none of them comes to be."""


def _refused(schema: str) -> str:
    return f"{schema}.refused"


def _file(run: int, attempt: str, name: str) -> str:
    return f"{keys.attempt(run, attempt)}{name}.parquet"


def finished(storage: Storage, run: int) -> bool:
    """Whether some attempt of a run has finished its work."""
    return storage.exists(keys.manifest(run))


def read_manifest(storage: Storage, run: int) -> Manifest:
    """Return the manifest of a run; StorageNotFound when no attempt has finished."""
    return Manifest.model_validate_json(storage.read(keys.manifest(run)))


def staged_files(manifest: Manifest) -> Mapping[str, str]:
    """Return the key of the Parquet file of good rows per schema type that has any."""
    return {
        schema: _file(manifest.run, manifest.attempt, schema)
        for schema, count in manifest.counts.items()
        if count
    }


def refused_files(manifest: Manifest) -> Mapping[str, str]:
    """Return the key of the Parquet file of refused rows per schema type."""
    return {schema: _file(manifest.run, manifest.attempt, _refused(schema)) for schema in manifest.refused}


def keep_only(storage: Storage, manifest: Manifest) -> None:
    """Remove what other attempts at a run wrote, and its refused rows, which are in quarantine."""
    kept = {keys.manifest(manifest.run), *staged_files(manifest).values()}
    found = (stored.key for stored in storage.list(keys.staged(manifest.run)))
    storage.delete(key for key in found if key not in kept)
