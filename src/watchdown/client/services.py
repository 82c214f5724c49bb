"""The parts of one library, put together on the drivers that its settings choose."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from watchdown.runs.execute import Executor
from watchdown.runs.ledger import Ledger
from watchdown.runs.publishing import Publishing
from watchdown.runs.writing import Writing
from watchdown.search.answer import Known, Search
from watchdown.settings import Settings
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.tables import table_of
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_schemas import registry
from watchdown_schemas.errors import LibraryError
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

if TYPE_CHECKING:
    from watchdown.runs.judging import Judging


class Services:
    """Everything that works on one library."""

    def __init__(
        self, settings: Settings, *, create: bool, algorithms: AlgorithmCatalogue | None = None
    ) -> None:
        self.settings = settings
        self.folder = drivers.folder_of(settings)
        self.lake = drivers.lake_of(settings)
        drivers.check(settings)
        self._known_at: tuple[int, Known] | None = None
        try:
            drivers.prepare(settings, self.folder, create=create)
        except OSError as error:
            cause = f"cannot be used ({error.strerror})"
            remedy = "Choose a place that you may write to."
            raise LibraryError(str(self.folder.root), cause, remedy) from error
        self.database = drivers.database_of(settings, create=create)
        self._writer_lock = writer_lock(self.database)
        self.catalogue = Catalogue(self.database)
        self.ledger = Ledger(self.database)
        self.corrections = Corrections(self.database)
        self.metadata = Metadata(self.database)
        self.people = People(self.database)
        self.registry = registry.discover(StoredTypes(self.database))
        self.algorithms = algorithms or discover()
        self.algorithms.check_types(self.registry)
        self.searcher = LanceSearcher(self.lake, self.registry)
        self.entities = Entities(people=self.people, metadata=self.metadata, searcher=self.searcher)
        self.publishing = Publishing(
            folder=self.folder, ledger=self.ledger, sink=LanceSink(self.lake), types=self.registry
        )
        self.writer = Writing(
            folder=self.folder,
            catalogue=self.catalogue,
            ledger=self.ledger,
            publishing=self.publishing,
            types=self.registry,
        )
        self.executor = Executor(
            folder=self.folder,
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

    def read_run(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows of one schema type of a run, be it in view or not."""
        return self.searcher.read_run(schema, run, model)

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

    def vector_length(self, schema: type[Record], model: str | None) -> int | None:
        """Return the length of the vectors that a model wrote for a type; None where there are none yet."""
        field = vector_field(schema)
        name = table_of(schema, model)
        if field is None or not self.lake.exists(name):
            return None
        columns = self.lake.dataset(name).schema
        held = next(column for column in columns if pa.types.is_fixed_size_list(column.type))
        return int(held.type.list_size)

    def judging(self) -> Judging:
        """Return the judge of whole batches; it needs the extra `quality`."""
        from watchdown.runs.judging import Judging

        return Judging(
            folder=self.folder,
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
        self.lake.close()
        self.database.close()
