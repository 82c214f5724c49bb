"""The parts of one library, put together on the drivers that its settings choose.

What reads is made at once. What writes needs the database and more packages: each part of it is made when it
is first asked for, so that a client of a cluster which only reads opens no database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from threading import RLock, local
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from watchdown.catalogue.directory import Directory
from watchdown.catalogue.model import Timeline
from watchdown.client import drivers
from watchdown.client.entities import Entities
from watchdown.client.stored_types import StoredTypes
from watchdown.client.telemetry import telling
from watchdown.media.place import Place
from watchdown.media.shelf import Shelf
from watchdown.models.kept import KeptModels
from watchdown.search.answer import Search
from watchdown.search.query_log import QueryLog
from watchdown.search.shadow import Seen
from watchdown.settings import Settings
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_schemas import registry
from watchdown_schemas.errors import LibraryError

if TYPE_CHECKING:
    from watchdown.catalogue.corrections import Corrections
    from watchdown.catalogue.database import Database
    from watchdown.catalogue.metadata import Metadata
    from watchdown.catalogue.people import People
    from watchdown.catalogue.titles import Catalogue
    from watchdown.client.telling import Telling
    from watchdown.load.claim import Claim
    from watchdown.load.load import Take
    from watchdown.runs.backfills import Backfills
    from watchdown.runs.batches import Batches
    from watchdown.runs.batching import Batching
    from watchdown.runs.execute import Executor
    from watchdown.runs.judging import Judging
    from watchdown.runs.leases import BatchLeases
    from watchdown.runs.ledger import Ledger, Run
    from watchdown.runs.open_runs import OpenRuns
    from watchdown.runs.plan import Planner
    from watchdown.runs.stages import Gate, Stages
    from watchdown.runs.writing import Writing


LOADER: Final = "loader"  # the lock of whoever writes to a store that takes one writer at a time


class _Held(local):
    """The locks that a thread holds."""

    names: frozenset[str] = frozenset()


class Services:
    """Everything that works on one library."""

    def __init__(
        self,
        settings: Settings,
        *,
        create: bool,
        algorithms: AlgorithmCatalogue | None = None,
        storage: Storage | None = None,
        bucket: Callable[[str], Storage] | None = None,
    ) -> None:
        """Open a library; `storage` and `bucket` stand in for those of the settings."""
        self.settings = settings
        self._create = create
        self._lock = RLock()
        self._held = _Held()
        self._database: Database | None = None
        self._untell = telling(settings)
        try:
            drivers.prepare(settings, create=create)
        except OSError as error:
            cause = f"cannot be used ({error.strerror})"
            remedy = "Choose a place that you may write to."
            raise LibraryError(self.place, cause, remedy) from error
        self.storage = storage or drivers.storage_of(settings)
        self.shelf = Shelf(self.storage, settings.work, bucket or drivers.bucket_of(settings))
        self.models = drivers.models_of(settings)
        self.algorithms = algorithms or discover(models=self.models)
        self._encoders = drivers.models_of(settings, deadline=drivers.QUERY_S)
        self.kept = KeptModels(self.storage, self.shelf.work, self._encoders)
        self.registry = registry.discover(StoredTypes(self))
        self.store = drivers.store_of(
            settings, self.storage, self.registry, lambda: self.alone(LOADER, lambda: None)
        )
        self.searcher = self.store.searcher
        if self.store.told is None:
            self.database  # noqa: B018 - a folder is opened whole, or refused at once
        self.algorithms.check_types(self.registry)
        self.entities = Entities(directory=self.directory, searcher=self.searcher)
        self.queries = QueryLog(self.storage, settings.search.keep if settings.search.log else 0)
        self._searched_by = algorithms or AlgorithmCatalogue(self.algorithms.values(), self._encoders)
        self.search = self.searching(self.directory)

    def searching(self, directory: Seen) -> Search:
        """Return what answers queries as a directory has it."""
        return Search(
            searcher=self.searcher,
            algorithms=self._searched_by,
            types=self.registry,
            directory=directory,
            kept=self.kept.model,
        )

    @property
    def place(self) -> str:
        """What people know the library by."""
        return str(self.settings.storage or self.settings.store)

    @cached_property
    def directory(self) -> Directory:
        """What readers must know beside records: from the store where it was told, else from the database."""
        if self.store.told is not None:
            return self.store.told
        from watchdown.client.database_directory import DatabaseDirectory

        return DatabaseDirectory(self.catalogue, self.ledger, self.metadata, self.people)

    def timeline(self, title: str) -> Timeline:
        """Return the timeline of a title by its name or id."""
        found = self.directory.title(title).id
        return self.directory.known([found])[found].timeline

    @property
    def database(self) -> Database:
        """Catalogue and ledger, opened once; SettingsInvalid where the settings name none."""
        with self._lock:
            if self._database is None:
                self._database = drivers.database_of(self.settings, create=self._create)
            return self._database

    @cached_property
    def catalogue(self) -> Catalogue:
        """Titles, timelines and assets."""
        from watchdown.catalogue.titles import Catalogue

        return Catalogue(self.database)

    @cached_property
    def ledger(self) -> Ledger:
        """Runs and epochs."""
        from watchdown.runs.ledger import Ledger

        return Ledger(self.database)

    @cached_property
    def corrections(self) -> Corrections:
        """What people say of single records."""
        from watchdown.catalogue.corrections import Corrections

        return Corrections(self.database)

    @cached_property
    def metadata(self) -> Metadata:
        """What titles are known by."""
        from watchdown.catalogue.metadata import Metadata

        return Metadata(self.database)

    @cached_property
    def people(self) -> People:
        """People and casts."""
        from watchdown.catalogue.people import People

        return People(self.database)

    @cached_property
    def telling(self) -> Telling | None:
        """What tells the store of changes in the database; None where readers ask the database itself."""
        if self.store.told is None:
            return None
        from watchdown.catalogue.schema_types import StoredTypes
        from watchdown.client.telling import Telling

        return Telling(self.database, self.ledger, StoredTypes(self.database), self.store.told)

    @cached_property
    def stages(self) -> Stages:
        """Brings worked runs to readers."""
        from watchdown.runs.stages import Stages

        return Stages(
            storage=self.storage,
            ledger=self.ledger,
            sink=self.store.sink,
            types=self.registry,
            budget=self._loading,
            announce=self.telling.everything if self.telling else lambda: None,
            keep_models=self._keep_models,
        )

    @cached_property
    def writer(self) -> Writing:
        """Writes runs of rows."""
        from watchdown.runs.writing import Writing

        return Writing(
            storage=self.storage,
            catalogue=self.catalogue,
            ledger=self.ledger,
            stages=self.stages,
            types=self.registry,
        )

    @cached_property
    def open_runs(self) -> OpenRuns:
        """Runs that programs write part by part."""
        from watchdown.runs.open_runs import OpenRuns

        return OpenRuns(
            storage=self.storage, catalogue=self.catalogue, ledger=self.ledger, types=self.registry
        )

    @cached_property
    def executor(self) -> Executor:
        """Runs what titles lack."""
        from watchdown.runs.execute import Executor

        return Executor(
            shelf=self.shelf,
            catalogue=self.catalogue,
            ledger=self.ledger,
            planner=self.planner,
            leases=self.leases,
            stages=self.stages,
            read_records=self.read_run,
            algorithms=self.algorithms,
            types=self.registry,
            hidden=self._is_hidden,
        )

    def _is_hidden(self, batch: str) -> bool:
        """Whether a batch is of a generation, whose runs are shown all at one moment."""
        return any(one.goes_on and one.is_generation for one in self.backfills.of_batch(batch))

    @cached_property
    def planner(self) -> Planner:
        """Plans passes over titles."""
        from watchdown.runs.plan import Planner

        return Planner(
            catalogue=self.catalogue,
            ledger=self.ledger,
            corrections=self.corrections,
            algorithms=self.algorithms,
            types=self.registry,
        )

    @cached_property
    def batching(self) -> Batching:
        """Plans batches."""
        from watchdown.runs.batching import Batching

        return Batching(
            storage=self.storage,
            catalogue=self.catalogue,
            ledger=self.ledger,
            leases=self.leases,
            planner=self.planner,
            algorithms=self.algorithms,
            types=self.registry,
        )

    @cached_property
    def leases(self) -> BatchLeases:
        """Who works which batch."""
        from watchdown.runs.leases import BatchLeases

        return BatchLeases(self.database)

    @cached_property
    def backfills(self) -> Backfills:
        """Backfills as they were asked for, and how they stand."""
        from watchdown.runs.backfills import Backfills

        return Backfills(self.database)

    @cached_property
    def batches(self) -> Batches:
        """Takes batches through their stages."""
        from watchdown.runs.batches import Batches

        return Batches(
            storage=self.storage,
            ledger=self.ledger,
            stages=self.stages,
            algorithms=self.algorithms,
            judge=lambda batch: self.judging(batch) if find_spec("great_expectations") else None,
        )

    def judging(self, batch: str | None = None) -> Judging:
        """Return the judge of whole batches; it needs the extra `quality`."""
        from watchdown.runs.judging import Judging

        return Judging(
            storage=self.storage,
            work=self.shelf.work,
            catalogue=self.catalogue,
            ledger=self.ledger,
            algorithms=self.algorithms,
            types=self.registry,
            name=batch,
        )

    @contextmanager
    def _loading(self, claim: Claim, gate: Gate) -> Iterator[Take]:
        """Register as a loader, and give what takes from the share of the budget; `gate` may end a wait."""
        from watchdown.load.budget import Budget

        with Budget(self.database, claim=claim, feedback=self.store.feedback) as budget:
            yield lambda rows, size: budget.take(rows, size, lambda: gate(0))

    def _keep_models(self, runs: Iterable[Run]) -> None:
        """Keep the models that are installed and behind runs, so that a later version can search these."""
        for algorithm, fingerprint in {(run.algorithm, run.model) for run in runs if run.model}:
            if algorithm in self.algorithms:
                known = self.algorithms[algorithm]
                model = known.load_model()
                if model and model.fingerprint == fingerprint:
                    self.kept.keep(known)

    def must_take_in(self, place: Place) -> bool:
        """Whether a file must lie in the library's storage, because other machines of the library read it."""
        return isinstance(place, Path) and not isinstance(self.storage, LocalStorage)

    def read_run(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one schema type of a run, be it in view or not."""
        return self.store.read_run(schema, run, model)

    @contextmanager
    def writing(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the writer's lock, which goes free by itself when its process dies.

        While another process holds it, `waiting` is called again and again; what it raises ends the wait.
        What a process that died has not told the store is told first, what was changed here at last.
        """
        from watchdown.catalogue.writer import writer_lock

        with writer_lock(self.database).held(waiting):
            if self.telling:
                self.telling.everything()
            yield
            if self.telling:
                self.telling.everything()

    @contextmanager
    def alone(self, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold a lock of the library beside the writer's: one process at a time does what it is named for.

        A thread that holds it may ask for it again.
        """
        from watchdown.catalogue.writer import writer_lock

        if name in self._held.names:
            yield
            return
        with writer_lock(self.database, name).held(waiting):
            self._held.names = self._held.names | {name}
            try:
                yield
            finally:
                self._held.names = self._held.names - {name}

    def close(self) -> None:
        """Let go of files and connections."""
        self.queries.flush()
        self.models.close()
        self._encoders.close()
        self.store.close()
        if self._database is not None:
            self._database.close()
        self._untell()
