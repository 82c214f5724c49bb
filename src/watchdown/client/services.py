"""The parts of one library, put together on the drivers that its settings choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.people import People
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.titles import Catalogue
from watchdown.catalogue.writer import writer_lock
from watchdown.client import drivers
from watchdown.client.entities import Entities
from watchdown.load.budget import Budget
from watchdown.load.load import Take
from watchdown.media.place import Place
from watchdown.media.shelf import Shelf
from watchdown.runs.execute import Executor
from watchdown.runs.ledger import Ledger
from watchdown.runs.publishing import Publishing
from watchdown.runs.writing import Writing
from watchdown.search.answer import Known, Search
from watchdown.settings import Settings
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_schemas import registry
from watchdown_schemas.errors import LibraryError

if TYPE_CHECKING:
    from watchdown.runs.judging import Judging


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
        self._known_at: tuple[int, Known] | None = None
        try:
            drivers.prepare(settings, create=create)
        except OSError as error:
            cause = f"cannot be used ({error.strerror})"
            remedy = "Choose a place that you may write to."
            raise LibraryError(str(settings.storage), cause, remedy) from error
        self.storage = storage or drivers.storage_of(settings)
        self.shelf = Shelf(self.storage, settings.work, bucket or drivers.bucket_of(settings))
        self.database = drivers.database_of(settings, create=create)
        self._writer_lock = writer_lock(self.database)
        self.catalogue = Catalogue(self.database)
        self.ledger = Ledger(self.database)
        self.corrections = Corrections(self.database)
        self.metadata = Metadata(self.database)
        self.people = People(self.database)
        self.registry = registry.discover(StoredTypes(self.database))
        self.algorithms = algorithms or discover(models=drivers.models_of(settings))
        self.algorithms.check_types(self.registry)
        self.store = drivers.store_of(settings, self.storage, self.registry)
        self.searcher = self.store.searcher
        self.entities = Entities(people=self.people, metadata=self.metadata, searcher=self.searcher)
        self.publishing = Publishing(
            storage=self.storage,
            ledger=self.ledger,
            sink=self.store.sink,
            types=self.registry,
            budget=self._loading,
        )
        self.writer = Writing(
            storage=self.storage,
            catalogue=self.catalogue,
            ledger=self.ledger,
            publishing=self.publishing,
            types=self.registry,
        )
        self.executor = Executor(
            shelf=self.shelf,
            catalogue=self.catalogue,
            ledger=self.ledger,
            corrections=self.corrections,
            publishing=self.publishing,
            read_records=self.read_run,
            algorithms=self.algorithms,
            types=self.registry,
        )
        self.search = Search(
            searcher=self.searcher,
            algorithms=self.algorithms,
            types=self.registry,
            view=self.ledger.view,
            known=self._known,
        )

    @contextmanager
    def _loading(self) -> Iterator[Take]:
        """Register as a loader, and give what takes from the share of the budget."""
        with Budget(self.database) as budget:
            yield budget.take

    @property
    def place(self) -> str:
        """What people know the library by."""
        return str(self.settings.storage or self.settings.store)

    def must_take_in(self, place: Place) -> bool:
        """Whether a file must lie in the library's storage, because other machines of the library read it."""
        return isinstance(place, Path) and not isinstance(self.storage, LocalStorage)

    def read_run(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one schema type of a run, be it in view or not."""
        return self.store.read_run(schema, run, model)

    def _known(self, view: View) -> Known:
        """Return what stands behind a view; read again only when something was published."""
        kept = self._known_at
        if kept is not None and kept[0] == view.epoch:
            return kept[1]
        titles = {title.id: title for title in self.catalogue.titles()}
        known = Known(
            titles, self.catalogue.timelines(), self.catalogue.languages(), self.ledger.models(view)
        )
        self._known_at = (view.epoch, known)
        return known

    def judging(self) -> Judging:
        """Return the judge of whole batches; it needs the extra `quality`."""
        from watchdown.runs.judging import Judging

        return Judging(
            storage=self.storage,
            work=self.shelf.work,
            catalogue=self.catalogue,
            ledger=self.ledger,
            algorithms=self.algorithms,
            types=self.registry,
        )

    @contextmanager
    def writing(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the writer's lock, which goes free by itself when its process dies.

        While another process holds it, `waiting` is called again and again; what it raises ends the wait.
        """
        with self._writer_lock.held(waiting):
            yield

    def close(self) -> None:
        """Let go of files and connections."""
        self.store.close()
        self.database.close()
