"""The drivers that settings choose, seam by seam; only `checking` asks too what a library stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import pyarrow as pa

from watchdown.folder import Folder
from watchdown.runs.staged_records import StagedRecords
from watchdown.settings import Address, Settings
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown.stores.feedback import Feedback
from watchdown.stores.holdings import Holdings
from watchdown.stores.protocol import Searcher, Sink, ToldDirectory, Types
from watchdown_algos.models import IN_PROCESS, Models
from watchdown_schemas.errors import LibraryError, LibraryNotFound, SettingsInvalid

if TYPE_CHECKING:
    from watchdown.catalogue.database import Database
    from watchdown.models.served import TritonModels
    from watchdown.stores.opensearch.cluster import Cluster

# How long one call of a model may take with all that is asked again: people wait for a search's.
RUN_S: Final = 60.0
QUERY_S: Final = 10.0
# What may lie in the folder of a new library; and what SQLite puts beside its file.
_OWN: Final = (".lock", "films", "library.db", "truth.json", "watchdown.toml")


class ReadRun(Protocol):
    """Yields the rows of one schema type of a run, be it in view or not."""

    def __call__(self, schema: str, run: int, model: str | None = None) -> Iterator[pa.RecordBatch]:
        """Yield the rows."""
        ...


@dataclass(frozen=True, slots=True)
class Store:
    """What answers searches: its sink, its searcher, how runs are read back, and how it is let go.

    `holdings` tells what it holds of each run, `feedback` how it bears a load. `told` is what it knows beside
    records, where readers ask the store rather than the database.
    """

    sink: Sink
    searcher: Searcher
    read_run: ReadRun
    holdings: Holdings
    close: Callable[[], None]
    told: ToldDirectory | None = None
    feedback: Feedback | None = None


def database_of(settings: Settings, *, create: bool) -> Database:
    """Open the database of catalogue and ledger."""
    from watchdown.catalogue.database import open_database

    if settings.database is None:
        remedy = "Write database = sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME into the settings"
        raise SettingsInvalid("database", "is not set, and only reading works without", remedy)
    return open_database(settings.database, create=create)


def storage_of(settings: Settings, *, patience: float | None = None) -> Storage:
    """Return where media, staged rows, derivatives and reports lie; a server is asked for so many seconds."""
    address = settings.storage
    if address is None:
        raise SettingsInvalid("storage", "is not set", "Name a folder, or s3://BUCKET/PREFIX")
    if address.kind == "folder":
        return LocalStorage(address.file)
    return _s3(settings, address.host, address.path, patience=patience)


def bucket_of(settings: Settings) -> Callable[[str], Storage]:
    """Return what gives the storage of a bucket that a person names."""
    return lambda name: _s3(settings, name)


def _s3(settings: Settings, bucket: str, prefix: str = "", *, patience: float | None = None) -> Storage:
    from watchdown.storage.s3 import PATIENCE, S3Storage

    given = settings.s3
    return S3Storage(
        bucket,
        prefix,
        endpoint=given.endpoint,
        region=given.region,
        access_key=given.access_key,
        secret_key=given.secret_key.get_secret_value() if given.secret_key else None,
        patience=PATIENCE if patience is None else patience,
    )


def models_of(settings: Settings, *, deadline: float = RUN_S) -> Models:
    """Return where models run; on a server, one call of a model takes so many seconds at most."""
    return IN_PROCESS if settings.model.kind == "onnx" else triton_of(settings, deadline)


def triton_of(settings: Settings, deadline: float) -> TritonModels:
    """Return the models of the settings' Triton."""
    from watchdown.models.served import TritonModels
    from watchdown.models.triton import Tls

    given = settings.triton
    return TritonModels(
        settings.model.server,
        tls=Tls(roots=given.ca) if given.tls else None,
        in_flight=given.in_flight,
        timeout=given.timeout_s,
        deadline=deadline,
    )


def store_of(
    settings: Settings,
    storage: Storage,
    types: Types,
    alone: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Store:
    """Return the store of records; `alone` keeps other writers out of one that takes one at a time."""
    if settings.store.kind == "lance":
        from watchdown.lake.tables import Lake
        from watchdown.stores.lance.feedback import LanceFeedback
        from watchdown.stores.lance.holdings import LanceHoldings
        from watchdown.stores.lance.searcher import LanceSearcher
        from watchdown.stores.lance.sink import LanceSink

        lake = Lake(settings.store.file, retention=settings.collect.retention, alone=alone)
        searcher = LanceSearcher(lake, types)
        watching = LanceFeedback(settings.store.file)
        return Store(
            LanceSink(lake),
            searcher,
            searcher.read_run,
            LanceHoldings(lake, types),
            lake.close,
            feedback=watching,
        )
    from watchdown.stores.opensearch.directory import StoreDirectory
    from watchdown.stores.opensearch.feedback import OpenSearchFeedback
    from watchdown.stores.opensearch.holdings import OpenSearchHoldings
    from watchdown.stores.opensearch.pace import Pace
    from watchdown.stores.opensearch.searcher import OpenSearchSearcher
    from watchdown.stores.opensearch.sink import OpenSearchSink

    cluster = cluster_of(settings)
    searching = OpenSearchSearcher(cluster, types)

    def close() -> None:
        searching.close()
        cluster.close()

    read_run, pace = StagedRecords(storage).read_run, Pace()
    feedback = OpenSearchFeedback(cluster, pace)
    sink, holdings = OpenSearchSink(cluster, pace=pace), OpenSearchHoldings(cluster, types, pace=pace)
    return Store(sink, searching, read_run, holdings, close, StoreDirectory(cluster), feedback)


def read_run_of(settings: Settings, storage: Storage, types: Types) -> tuple[ReadRun, Callable[[], None]]:
    """Return what reads runs back without asking a server of records, and how it is let go."""
    if settings.store.kind != "lance":
        return StagedRecords(storage).read_run, lambda: None
    store = store_of(settings, storage, types)
    return store.read_run, store.close


def cluster_of(settings: Settings) -> Cluster:
    """Return the settings' OpenSearch."""
    from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
    from watchdown.stores.opensearch.signing import signer

    given, address = settings.opensearch, settings.store
    scheme = "https" if address.kind == "opensearch+https" else "http"
    access = Access(
        url=f"{scheme}://{address.server}",
        username=given.username,
        password=given.password.get_secret_value() if given.password else None,
        ca=str(given.ca) if given.ca else None,
        signer=signer(given.aws_region, given.aws_service) if given.aws_region else None,
        timeout_s=given.timeout_s,
    )
    layout = Layout(
        prefix=given.prefix,
        engine=given.engine,
        quantised=given.quantised == "7bit",
        shards=given.shards,
        replicas=given.replicas,
    )
    return Cluster(access, layout)


def prepare(settings: Settings, *, create: bool) -> None:
    """Make the folder of a library, where it is one, or say why it cannot be one."""
    database, storage = settings.database, settings.storage
    if database is None and settings.store.kind == "lance":
        remedy = "Write database = sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME into the settings"
        raise SettingsInvalid("database", "is not set, and only a store on a server does without", remedy)
    if storage is None or storage.kind != "folder":
        return
    root = Folder(storage.file).root
    if any("\ud800" <= letter <= "\udfff" for letter in str(root.absolute())):
        raise LibraryError(str(root), "has a name that is no Unicode text", "Choose another place.")
    if not create and database is not None and database.kind == "sqlite" and not database.file.exists():
        raise LibraryNotFound(
            str(root),
            "is no Watchdown library",
            "Name one with --library DIR, or make one there with: watchdown add FILE.",
        )
    if root.exists() and not root.is_dir():
        raise LibraryError(str(root), "is a file, not a folder", "Choose another place.")
    # Elsewhere, the database itself knows whether the library is new.
    here = _in_folder(database, root)
    if here and create and root.is_dir() and not Folder(root).database.exists():
        strangers = [path.name for path in root.iterdir() if not path.name.startswith(_OWN)]
        if strangers:
            cause = f"is not empty ({strangers[0]}) and no library"
            raise LibraryError(str(root), cause, "Choose a new or empty folder.")
    root.mkdir(parents=True, exist_ok=True)


def _in_folder(database: Address | None, root: object) -> bool:
    return database is not None and database.kind == "sqlite" and database.file.parent == root
