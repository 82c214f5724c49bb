"""Whether the servers that a library stands on answer: all are asked at once, and for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from threading import Thread
from typing import Final, TypeVar

from watchdown.client import drivers
from watchdown.settings import Address, Settings
from watchdown.settings.address import SERVERS
from watchdown_algos.discovery import discover
from watchdown_schemas.errors import StoreNotFound, WatchdownError

T = TypeVar("T")
PATIENCE_S: Final = 3.0
# What hangs beyond a driver's own patience, such as the search for a name, is left behind.
LATEST_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A server that was asked: what it says that it is, or what is wrong."""

    part: str
    address: Address
    version: str = ""
    error: WatchdownError | None = None


def check(settings: Settings) -> Iterator[Checked]:
    """Yield how each server of the settings does; nothing is changed on it."""
    impatient = settings.model_copy(
        update={
            name: section.model_copy(update={"timeout_s": PATIENCE_S})
            for name, section in (("opensearch", settings.opensearch), ("triton", settings.triton))
        }
    )
    asked: list[tuple[str, Address, Future[str]]] = []
    for part, ask in (("database", _database), ("storage", _storage), ("store", _store), ("model", _model)):
        address: Address | None = getattr(settings, part)
        if address is not None and address.kind in SERVERS:
            asked.append((part, address, begun(partial(ask, impatient, address))))
    end = time.monotonic() + LATEST_S
    for part, address, answer in asked:
        try:
            yield Checked(part, address, answer.result(max(0.0, end - time.monotonic())))
        except WatchdownError as error:
            yield Checked(part, address, error=error)
        except TimeoutError:
            cause = f"does not answer within {LATEST_S:g} s"
            remedy = "See that the server runs and can be reached from here"
            yield Checked(part, address, error=WatchdownError(str(address), cause, remedy))
        except ModuleNotFoundError as error:
            remedy = "Install it with: pip install 'watchdown[cluster]'"
            missing = WatchdownError(f"the package {error.name}", "is not installed", remedy)
            yield Checked(part, address, error=missing)


def begun(work: Callable[[], T]) -> Future[T]:
    """Begin work in a thread that no end of the program waits for."""
    found: Future[T] = Future()

    def run() -> None:
        try:
            found.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            found.set_exception(error)

    Thread(target=run, daemon=True).start()
    return found


def _database(_settings: Settings, address: Address) -> str:
    from watchdown.catalogue.database import Database
    from watchdown.catalogue.engines import engine_of

    database = Database(engine_of(address), address, patience_s=PATIENCE_S)
    try:
        with database.reading() as connection:
            version = connection.dialect.server_version_info or ()
            return f"PostgreSQL {'.'.join(map(str, version))}"
    finally:
        database.close()


def _storage(settings: Settings, _address: Address) -> str:
    drivers.storage_of(settings, patience=PATIENCE_S).exists("watchdown")
    return "S3"


def _store(settings: Settings, _address: Address) -> str:
    cluster = drivers.cluster_of(settings)
    try:
        return f"OpenSearch {cluster.version()}"
    except StoreNotFound:
        if settings.opensearch.aws_service != "aoss":
            raise
        return "OpenSearch Serverless"  # which has no servers of a version
    finally:
        cluster.close()


def _model(settings: Settings, _address: Address) -> str:
    models = drivers.triton_of(settings, PATIENCE_S)
    try:
        version = models.version()
        for known in discover().values():
            if spec := known.manifest.model:
                models.model(known.manifest.name, known.folder, spec).warm()
        return f"Triton {version}"
    finally:
        models.close()
