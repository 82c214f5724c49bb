"""Staging: an attempt's records as Parquet, committed by the manifest that the first to finish writes."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import BaseModel, ConfigDict

from watchdown.folder import Folder, write_whole
from watchdown.validation.check import Checked

MANIFEST = "manifest.json"
_NOT_CONTENT = ("id", "run")


class Manifest(BaseModel):
    """What a run wrote: rows per schema type, rows refused, a hash of the content, warnings, or the error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: int
    attempt: str
    counts: dict[str, int] = {}
    refused: dict[str, int] = {}
    content: str | None = None
    warnings: tuple[str, ...] = ()
    error: str | None = None


class Staging:
    """One attempt at one run: takes checked batches, writes good and refused rows apart."""

    def __init__(self, folder: Folder, run: int) -> None:
        self._run = run
        self._home = folder.staged(run)
        self._attempt = uuid.uuid4().hex[:12]
        self._folder = self._home / self._attempt
        self._folder.mkdir(parents=True)
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._counts: dict[str, int] = {}
        self._refused: dict[str, int] = {}
        self._content = hashlib.sha256()
        self.warnings: list[str] = []

    def expect(self, schema: str) -> None:
        """Count a schema type even if no row of it comes: an empty run is a result too."""
        self._counts.setdefault(schema, 0)

    def write(self, schema: str, checked: Checked) -> None:
        """Write a batch of one schema type."""
        if checked.good.num_rows:
            self._writer(schema, checked.good.schema).write_batch(checked.good)
            content = checked.good.drop_columns(list(_NOT_CONTENT))
            self._content.update(content.serialize())
        if checked.refused.num_rows:
            self._writer(f"{schema}.refused", checked.refused.schema).write_batch(checked.refused)
        self._counts[schema] = self._counts.get(schema, 0) + checked.good.num_rows
        self._refused[schema] = self._refused.get(schema, 0) + checked.refused.num_rows

    def _writer(self, name: str, schema: pa.Schema) -> pq.ParquetWriter:
        if name not in self._writers:
            self._writers[name] = pq.ParquetWriter(self._file(name), schema)
        return self._writers[name]

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"

    def commit(self, error: str | None = None) -> Manifest:
        """Close the files and enter this attempt, unless another one finished first; return what counts."""
        for name, writer in self._writers.items():
            writer.close()
            _sync(self._file(name))
        manifest = Manifest(
            run=self._run,
            attempt=self._attempt,
            counts=self._counts,
            refused={schema: count for schema, count in self._refused.items() if count},
            content=self._content.hexdigest(),
            warnings=tuple(self.warnings),
            error=error,
        )
        own = self._folder / MANIFEST
        write_whole(own, manifest.model_dump_json().encode())
        try:
            os.link(own, self._home / MANIFEST)
        except FileExistsError:
            manifest = read_manifest(self._home)
        return manifest

    def discard(self) -> None:
        """Remove what the attempt wrote."""
        for writer in self._writers.values():
            writer.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _sync(path: Path) -> None:
    """Wait until a file is on the disk: a manifest must never outlive what it names."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def finished(home: Path) -> bool:
    """Whether some attempt of a run has finished its work."""
    return (home / MANIFEST).exists()


def read_manifest(home: Path) -> Manifest:
    """Return the manifest of a run's staging folder; FileNotFoundError when no attempt has finished."""
    return Manifest.model_validate_json((home / MANIFEST).read_bytes())


def staged_files(home: Path, manifest: Manifest) -> Mapping[str, Path]:
    """Return the Parquet file of good rows per schema type that has any."""
    return {
        schema: home / manifest.attempt / f"{schema}.parquet"
        for schema, count in manifest.counts.items()
        if count
    }


def refused_files(home: Path, manifest: Manifest) -> Mapping[str, Path]:
    """Return the Parquet file of refused rows per schema type."""
    return {schema: home / manifest.attempt / f"{schema}.refused.parquet" for schema in manifest.refused}
