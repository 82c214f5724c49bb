"""Parts: what a run is written in by whoever appends to it, be it many processes on many machines at once.

A part is there whole or not at all, and a run is closed once, for all who write to it. Whoever enters a part
looks afterwards whether the run is being closed; whoever closes it says so first and lists the parts then. So
a part is in that list, or its writer learns that it came too late.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, ConfigDict

from watchdown.catalogue.database import now
from watchdown.runs.staging import Manifest, Staging
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.validation.check import Check
from watchdown_schemas.columns import Converted, Stamp
from watchdown_schemas.errors import RecordInvalid, StorageNotFound
from watchdown_schemas.record import Record

FAULTS: Final = 5  # told of a part; all of them go to quarantine
Progress = Callable[[int], None]
"""Is told how many rows were taken so far."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to append: how long their vectors seem to be, and what reads them, told what the run's are."""

    length: int | None
    read: Callable[[Stamp, int | None], Iterable[Converted]]


class _Object(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Opened(_Object):
    """What was said of a run when it was started: whose rows it takes, and how many may be bad."""

    title: str
    timeline: str
    duration_ns: int
    asset: str
    algorithm: str
    version: str
    model: str | None
    types: tuple[str, ...]
    tolerance: float
    key: str

    def stamp(self, run: int) -> Stamp:
        """Return what is written into each of the run's records."""
        return Stamp(
            run=run,
            title=self.title,
            timeline=self.timeline,
            asset=self.asset,
            algorithm=self.algorithm,
            version=self.version,
        )


class Part(_Object):
    """One part: rows of one schema type in one version of it, and when they came.

    `manifest` counts the good rows and the refused ones, and says where they lie.
    """

    name: str
    schema_type: str
    version: int
    entered_at: str
    faults: tuple[str, ...] = ()
    manifest: Manifest

    @property
    def rows(self) -> int:
        """How many good rows it has."""
        return self.manifest.counts[self.schema_type]

    @property
    def refused(self) -> int:
        """How many rows of it were refused."""
        return self.manifest.refused.get(self.schema_type, 0)


class _Closed(_Object):
    parts: tuple[str, ...]


def new_name() -> str:
    """Return a name that no other part has; names made later sort later."""
    return f"{time.time_ns():016x}-{uuid.uuid4().hex[:8]}"


class Parts:
    """The parts of one run, as its storage has them."""

    def __init__(self, storage: Storage, run: int) -> None:
        self._storage = storage
        self._run = run

    def open(self, opened: Opened) -> None:
        """Say what the run is for."""
        self._storage.put_new(keys.opened(self._run), opened.model_dump_json().encode())

    def opened(self) -> Opened:
        """Return what was said when it was started; StorageNotFound where it has ended."""
        return Opened.model_validate_json(self._storage.read(keys.opened(self._run)))

    def length(self, schema: str) -> int:
        """Return how long the vectors of a type are in this run; 1 where it has none."""
        return self._agreed(schema) or 1

    def find(self, name: str) -> Part | None:
        """Return a part that is entered."""
        try:
            return Part.model_validate_json(self._storage.read(keys.part(self._run, name)))
        except StorageNotFound:
            return None

    def write(
        self, name: str, schema: type[Record], opened: Opened, rows: Rows, progress: Progress
    ) -> tuple[Part, bool]:
        """Stage rows and enter them as a part, unless one of that name is there: then that one counts.

        Returns the part, and whether these rows are it. What reading them raises leaves nothing behind.
        Raises RecordInvalid where their vectors are of another length than those of the run's other parts.
        """
        own, attempt = schema.__name__, keys.part_attempt(name, uuid.uuid4().hex[:12])
        agreed = self._agreed(own)
        length = agreed or rows.length
        staging = Staging(self._storage, self._run, attempt)
        staging.expect(own)
        check = Check(schema, opened.duration_ns)
        faults: list[str] = []
        taken = 0
        try:
            for converted in rows.read(opened.stamp(self._run), length):
                checked = check(converted.batch, converted.faults)
                staging.write(own, checked)
                faults += map(str, checked.faults[: FAULTS - len(faults)])
                taken += converted.batch.num_rows
                progress(taken)
            part = Part(
                name=name,
                schema_type=own,
                version=schema.schema_version,
                entered_at=now(),
                faults=tuple(faults),
                manifest=staging.seal(),
            )
            if agreed is None and length is not None and part.rows:
                self._agree(schema, length)
        except BaseException:
            staging.discard()
            raise
        if self._storage.put_new(keys.part(self._run, name), part.model_dump_json().encode()):
            return part, True
        staging.discard()
        return self.find(name) or part, False

    def _agreed(self, schema: str) -> int | None:
        key = keys.agreed(self._run, schema)
        return int(self._storage.read(key)) if self._storage.exists(key) else None

    def _agree(self, schema: type[Record], length: int) -> None:
        """Make the vectors of a type as long as those of whoever comes first."""
        key = keys.agreed(self._run, schema.__name__)
        if not self._storage.put_new(key, str(length).encode()):
            settled = int(self._storage.read(key))
            if settled != length:
                cause = f"has vectors of {length} numbers, where others of run {self._run} have {settled}"
                raise RecordInvalid(schema.schema_label(), cause, "Append vectors of one model")

    def withdraw(self, name: str) -> None:
        """Remove a part that came too late."""
        self._storage.delete([keys.part(self._run, name)])
        self._storage.delete_all(keys.part_files(self._run, name))

    @property
    def is_closing(self) -> bool:
        """Whether the run takes no further parts."""
        return self._storage.exists(keys.closing(self._run))

    def close(self) -> tuple[str, ...]:
        """Take no further parts; return the names of those that count, the same at every call."""
        self._storage.put_new(keys.closing(self._run), b"{}")
        if not self._storage.exists(keys.closed(self._run)):
            self._storage.put_new(
                keys.closed(self._run), _Closed(parts=self.names()).model_dump_json().encode()
            )
        return _Closed.model_validate_json(self._storage.read(keys.closed(self._run))).parts

    def names(self) -> tuple[str, ...]:
        """Return the names of the parts that are entered now, in the order of their keys."""
        prefix = keys.entered(self._run)
        found = (stored.key.removeprefix(prefix) for stored in self._storage.list(prefix))
        return tuple(name.removesuffix(".json") for name in found)

    def all(self, names: Iterable[str]) -> list[Part]:
        """Return parts by name; StorageNotFound where one is gone."""
        return [Part.model_validate_json(self._storage.read(keys.part(self._run, name))) for name in names]

    def clear(self) -> None:
        """Remove the rows of all parts, which lie in the run's own files by now."""
        self._storage.delete_all(keys.part_files(self._run))
