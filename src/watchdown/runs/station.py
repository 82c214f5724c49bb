"""A station: one task at work, with its algorithm, its staging and the check of its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from traceback import extract_tb
from typing import Any

from watchdown.media.sprites import SpriteSheets
from watchdown.metrics.instruments import failed
from watchdown.runs.batch import Item, Task
from watchdown.runs.correct import apply, own_values
from watchdown.runs.cost import Cost, Meter, TimedModel
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest, Staging
from watchdown.storage.protocol import Storage
from watchdown.validation.check import Check
from watchdown_algos.catalogue import Known
from watchdown_algos.contract import Algorithm, Context, TitleFacts
from watchdown_algos.wants import Batch, Want
from watchdown_schemas.columns import Stamp
from watchdown_schemas.errors import (
    AlgorithmError,
    LibraryError,
    MediaError,
    ModelUnavailable,
    StorageDenied,
    WatchdownError,
)
from watchdown_schemas.fields import plain_row
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows

ROWS = 512


class Station:
    """One task at work: its algorithm, its staging and the check of its rows."""

    algorithm: Algorithm[Any]

    def __init__(self, task: Task, known: Known, item: Item, storage: Storage, types: Types) -> None:
        self.task = task
        self.meter = Meter()
        self.error: str | None = None
        self.away: ModelUnavailable | StorageDenied | None = None
        self._known = known
        self._dimension: int | None = None
        manifest = known.manifest
        media = item.media()
        fingerprint = media.fingerprint if media else item.title
        self._pictures = SpriteSheets(storage, fingerprint, task.run)
        self._stamp = Stamp(
            run=task.run,
            title=item.title,
            timeline=item.timeline.id,
            asset=media.id if media else "",
            algorithm=manifest.name,
            version=manifest.version,
        )
        duration = item.timeline.duration_ns
        self._types = {name: types[name] for name in manifest.produces}
        self._checks = {name: Check(schema, duration) for name, schema in self._types.items()}
        # Corrections need all rows of a type at hand: such a title is small enough for a person to correct.
        self._corrected = {correction.schema_type for correction in task.corrections}
        self._held: dict[str, list[Record]] = {name: [] for name in manifest.produces}
        self._staging = Staging(storage, task.run)
        for name in manifest.produces:
            self._staging.expect(name)

    @property
    def wants(self) -> Want | None:
        """What the algorithm asks for; nothing more once its task has ended."""
        return None if self.error else self.algorithm.wants

    def start(self, title: TitleFacts) -> None:
        """Make the algorithm, and tell it of the title."""
        self.take(partial(self._start, title))

    def _start(self, title: TitleFacts) -> Iterable[Record]:
        model = self._known.load_model()
        self._dimension = model.dimension if model else None
        self._staging.model = model.fingerprint if model else None
        self.algorithm = self._known.make(
            Context(
                parameters=self.task.parameters,
                model=TimedModel(model, self.meter) if model else None,
                keep_picture=self._pictures.add,
            )
        )
        return self.algorithm.start(title)

    def predict(self, batch: Batch) -> None:
        """Feed a batch to the algorithm."""
        self.take(lambda: self.algorithm.predict(batch))

    def fail(self, error: MediaError) -> None:
        """End this task with a fault of the title's files, unless it has ended already."""
        if self.error is None and isinstance(error.__cause__, StorageDenied):
            self.away = error.__cause__  # not the file's fault: another attempt may have the right
        if self.error is None:
            failed("work", error)
        self.error = self.error or str(error)

    def take(self, produce: Callable[[], Iterable[Record]]) -> None:
        """Stage what one call of the algorithm yields; its fault ends this task, not its neighbours'."""
        if self.error is not None:
            return
        try:
            with self.meter.running():
                for record in produce():
                    self._hold(record)
        except (LibraryError, OSError, MemoryError):
            raise  # the machine's or the storage's fault, not the algorithm's
        except WatchdownError as error:
            failed("work", error)
            self.error = str(error)
            self.away = error if isinstance(error, ModelUnavailable) else None
        except (Exception, SystemExit) as error:  # noqa: BLE001 - an algorithm may raise anything
            failed("work", error)
            self.error = f"{self.task.algorithm} raised {type(error).__name__}: {error} ({_place(error)})"

    def _hold(self, record: Record) -> None:
        name = type(record).__name__
        if name not in self._held:
            raise AlgorithmError(
                self.task.algorithm,
                f"yields {name}, which its algo.toml does not produce",
                "Add it to produces.",
            )
        held = self._held[name]
        held.append(record)
        if len(held) >= ROWS and name not in self._corrected:
            self._flush(name)

    def _flush(self, name: str) -> None:
        held = self._held[name]
        if held or name in self._corrected:
            schema = self._types[name]
            rows = self._after_corrections(held, schema) if name in self._corrected else held
            converted = from_rows(schema, rows, self._stamp, self._dimension)
            self._staging.write(name, self._checks[name](converted.batch, converted.faults))
            held.clear()

    def _after_corrections(self, held: list[Record], schema: type[Record]) -> list[dict[str, Any]]:
        rows = [own_values(plain_row(record), schema) for record in held]
        for row in rows:
            row["asset"] = row["asset"] or self._stamp.asset
        return apply(self.task.corrections, rows, schema)

    def warn(self, warnings: Iterable[str]) -> None:
        """Note what a person should know of this run."""
        self._staging.warnings.extend(warnings)

    def finish(self) -> None:
        """Stage the rest."""
        self.take(self._finish)

    def commit(self, cost: Cost | None = None) -> Manifest:
        """Enter the attempt, with its error if it has one, and what it cost."""
        if cost is not None:
            cost = cost.model_copy(update={"bytes": self._pictures.size})
        return self._staging.commit(self.error, cost)

    def _finish(self) -> Iterator[Record]:
        yield from self.algorithm.finish()
        for name in self._held:
            self._flush(name)
        self._pictures.close()

    def discard(self) -> None:
        """Remove what was staged."""
        self._staging.discard()


def _place(error: BaseException) -> str:
    """Say in which line of which file an error was raised."""
    last = extract_tb(error.__traceback__)[-1]
    return f"{last.filename}, line {last.lineno}"
