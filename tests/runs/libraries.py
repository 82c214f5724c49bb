"""The parts of a library that an executor needs, on a folder, with a title of nothing but subtitles."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.database import open_database
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.titles import Catalogue
from watchdown.folder import Folder
from watchdown.lake.tables import Lake
from watchdown.media.shelf import Shelf
from watchdown.runs.batches import Batches
from watchdown.runs.batching import Batching
from watchdown.runs.execute import Executor
from watchdown.runs.feeds import ReadRecords
from watchdown.runs.judging import Judge
from watchdown.runs.leases import BatchLeases
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.plan import Planner
from watchdown.runs.progress import Report
from watchdown.runs.stages import Stages
from watchdown.runs.states import State
from watchdown.runs.worker import Worker
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.protocol import Sink, table_name
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas import registry

SECOND = 1_000_000_000
SPOKEN = "1\n00:00:00,000 --> 00:00:01,000\nPull the curtain!\n\n2\n00:00:01,000 --> 00:00:02,000\nNow run.\n"
TITLE = Title(id="t", name="A Film", added_at="")


class Library:
    """The parts of a library that an executor needs, on a folder."""

    def __init__(self, root: Path, algorithms: AlgorithmCatalogue, storage: Storage | None = None) -> None:
        root.mkdir(exist_ok=True)
        self.folder = Folder(root)
        self.storage: Storage = LocalStorage(root) if storage is None else storage
        self.shelf = Shelf(self.storage, self.folder.cache, lambda _name: self.storage)
        self.read_records: ReadRecords = lambda schema, run: self.lake.scan(table_name(schema), run)
        self.database = open_database(self.folder.database)
        self.catalogue = Catalogue(self.database)
        self.ledger = Ledger(self.database)
        self.lake = Lake(self.folder.lake)
        self.sink: Sink = LanceSink(self.lake)
        self.algorithms = algorithms
        self.types = registry.discover(StoredTypes(self.database))

    def run(
        self, title: Title = TITLE, *, ledger: Ledger | None = None, report: Report = lambda _: None
    ) -> list[Run]:
        """Bring a title up to date."""
        kept = ledger or self.ledger
        executor = Executor(
            shelf=self.shelf,
            catalogue=self.catalogue,
            ledger=kept,
            planner=self.planner(kept),
            leases=BatchLeases(self.database),
            stages=Stages(storage=self.storage, ledger=kept, sink=self.sink, types=self.types),
            read_records=self.read_records,
            algorithms=self.algorithms,
            types=self.types,
        )
        return executor.bring_up_to_date(title, report)

    def speak(self, spoken: str = SPOKEN, name: str = "a.srt", title: Title = TITLE) -> None:
        """Enter a title that has nothing but subtitles."""
        path = self.folder.root.parent / name
        path.write_text(spoken)
        line = f"{title.id}.1"
        timeline = Timeline(id=line, title=title.id, duration_ns=10 * SECOND, rate=Fraction(25))
        text = Asset(
            id=name,
            title=title.id,
            timeline=line,
            kind="text",
            path=str(path),
            fingerprint=spoken,
            language="en",
        )
        self.catalogue.add(title, timeline, [text])

    def planner(self, ledger: Ledger, algorithms: AlgorithmCatalogue | None = None) -> Planner:
        """Return what plans passes over titles."""
        return Planner(
            catalogue=self.catalogue,
            ledger=ledger,
            corrections=Corrections(self.database),
            algorithms=algorithms or self.algorithms,
            types=self.types,
        )

    def batching(self) -> Batching:
        """Return what plans batches."""
        return Batching(
            storage=self.storage,
            catalogue=self.catalogue,
            ledger=self.ledger,
            leases=BatchLeases(self.database),
            planner=self.planner(self.ledger),
            algorithms=self.algorithms,
            types=self.types,
        )

    def batches(self, judge: Judge | None = None) -> Batches:
        """Return the stages by batch."""
        return Batches(
            storage=self.storage,
            ledger=self.ledger,
            stages=Stages(storage=self.storage, ledger=self.ledger, sink=self.sink, types=self.types),
            algorithms=self.algorithms,
            judge=lambda _batch: judge,
        )

    def worker(self) -> Worker:
        """Return what works items of batches."""
        return Worker(
            shelf=self.shelf,
            algorithms=self.algorithms,
            read_records=self.read_records,
            types=self.types,
        )

    def states(self) -> dict[str, State]:
        """Return the state of the newest run of each algorithm."""
        return {run.algorithm: run.state for run in self.ledger.runs("t")}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Return what readers see, without what differs from run to run."""
        seen = self.ledger.view()
        return {
            name: sorted(
                (
                    {key: value for key, value in row.items() if key not in ("id", "run")}
                    for number in seen.visible
                    for batch in self.lake.scan(name, number)
                    for row in batch.to_pylist()
                ),
                key=lambda row: row["start_ns"],
            )
            for name in self.lake.names()
        }

    def leftovers(self) -> list[str]:
        """Return what lies where only unfinished work may lie."""
        kept = [stored.key for prefix in (keys.STAGED, keys.BATCHES) for stored in self.storage.list(prefix)]
        half = [path.name for path in self.folder.root.rglob(f".*{keys.PARTIAL}")]
        return kept + half
