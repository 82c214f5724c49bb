"""The parts of one library folder, put together; the one place that knows which driver stands where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from filelock import FileLock, Timeout

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.people import People
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.titles import Catalogue
from watchdown.client.entities import Entities
from watchdown.folder import Folder
from watchdown.lake.tables import Lake
from watchdown.media.place import Place
from watchdown.media.shelf import Shelf
from watchdown.runs.execute import Executor
from watchdown.runs.ledger import Ledger
from watchdown.runs.publishing import Publishing
from watchdown.runs.writing import Writing
from watchdown.search.answer import Known, Search
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.stores.lance.reading import table_of
from watchdown.stores.lance.searcher import LanceSearcher
from watchdown.stores.lance.sink import LanceSink
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.discovery import discover
from watchdown_schemas import registry
from watchdown_schemas.errors import LibraryError, LibraryNotFound
from watchdown_schemas.fields import vector_field
from watchdown_schemas.record import Record

if TYPE_CHECKING:
    from watchdown.runs.judging import Judging

LOCK_SECONDS = 0.2


class Services:
    """Everything that works on one folder."""

    def __init__(
        self,
        root: Path,
        *,
        create: bool,
        algorithms: AlgorithmCatalogue | None = None,
        storage: Storage | None = None,
        bucket: Callable[[str], Storage] | None = None,
    ) -> None:
        self.folder = Folder(root)
        self.storage: Storage = LocalStorage(root) if storage is None else storage
        self.shelf = Shelf(self.storage, self.folder.cache, bucket or _bucket)
        self._known_at: tuple[int, Known] | None = None
        try:
            self._prepare(create=create)
        except OSError as error:
            cause = f"cannot be used ({error.strerror})"
            raise LibraryError(str(root), cause, "Choose a place that you may write to.") from error
        self.database: Database = open_database(self.folder.database)
        self.catalogue = Catalogue(self.database)
        self.ledger = Ledger(self.database)
        self.lake = Lake(self.folder.lake)
        self.corrections = Corrections(self.database)
        self.metadata = Metadata(self.database)
        self.people = People(self.database)
        self.registry = registry.discover(StoredTypes(self.database))
        self.algorithms = algorithms or discover()
        self.algorithms.check_types(self.registry)
        self.searcher = LanceSearcher(self.lake, self.registry)
        self.entities = Entities(people=self.people, metadata=self.metadata, searcher=self.searcher)
        self.publishing = Publishing(
            storage=self.storage, ledger=self.ledger, sink=LanceSink(self.lake), types=self.registry
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

    def _prepare(self, *, create: bool) -> None:
        root, database = self.folder.root, self.folder.database
        if any("\ud800" <= letter <= "\udfff" for letter in str(root.absolute())):
            raise LibraryError(str(root), "has a name that is no Unicode text", "Choose another place.")
        if not create and not database.exists():
            raise LibraryNotFound(
                str(root),
                "is no Watchdown library",
                "Name one with --library DIR, or make one there with: watchdown add FILE.",
            )
        if root.exists() and not root.is_dir():
            raise LibraryError(str(root), "is a file, not a folder", "Choose another place.")
        if create and root.is_dir() and not database.exists() and any(root.iterdir()):
            strangers = [path.name for path in root.iterdir() if not path.name.startswith(_OWN)]
            if strangers:
                raise LibraryError(
                    str(root),
                    f"is not empty ({strangers[0]}) and no library",
                    "Choose a new or empty folder.",
                )
        root.mkdir(parents=True, exist_ok=True)

    def must_take_in(self, place: Place) -> bool:
        """Whether a file must lie in the library's storage, because other machines of the library read it."""
        return isinstance(place, Path) and not isinstance(self.storage, LocalStorage)

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
        lock = FileLock(self.folder.lock)
        while not lock.is_locked:
            try:
                lock.acquire(timeout=LOCK_SECONDS)
            except Timeout:
                waiting()
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Let go of files and connections."""
        self.lake.close()
        self.database.close()


def _bucket(name: str) -> Storage:
    """Return a bucket, with the settings that every AWS client finds."""
    from watchdown.storage.s3 import S3Storage

    return S3Storage(name)


_OWN = (".lock", "films", "library.db", "truth.json")  # and what SQLite puts beside its file
