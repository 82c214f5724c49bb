"""Backfills: what titles lack of an algorithm, planned, worked where it was asked for, and reported on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from watchdown.client.choosing import chosen
from watchdown.client.services import Services
from watchdown.executors.in_process import InProcess
from watchdown.executors.protocol import Executor
from watchdown.runs.batch import SIZE, read_batch
from watchdown.runs.batching import Planned
from watchdown.runs.reporting import BackfillReport, report_on
from watchdown.runs.worker import Worker
from watchdown_schemas.errors import SettingsInvalid

Via = Literal["local", "airflow"]
Over = Literal["media", "records"]
Waiting = Callable[[], None]


def nothing() -> None:
    """Do nothing while another process writes."""


def plan(
    services: Services,
    algorithms: Collection[str] = (),
    titles: Sequence[str] = (),
    *,
    over: Over | None = None,
    readers: bool = False,
    size: int = SIZE,
    apart: bool = False,
    waiting: Waiting = nothing,
) -> Planned:
    """Return what titles lack of algorithms, of all without any, in batches.

    `over` narrows them to those over media or over records; with `readers` they are those that read what
    the named ones make. `apart`, other titles are left alone.
    """
    names = set(algorithms) or set(services.algorithms)
    for name in names:
        services.algorithms[name]  # raises, naming those that are known
    if readers:
        names = services.batching.dependants(names)
    if over is not None:
        names = {
            one for one in names if services.algorithms[one].manifest.over_records == (over == "records")
        }
    with services.writing(waiting):
        found = chosen(services, titles)
        return services.batching.plan(found, names, size=size, apart=apart)


@contextmanager
def executor_of(services: Services, via: Via, waiting: Waiting = nothing) -> Iterator[Executor]:
    """Give what works backfills: this process, or the Airflow of the settings."""
    if via == "local":
        yield InProcess(
            batches=services.batches,
            read=lambda name: read_batch(services.storage, name),
            work=worker_of(services),
            writing=lambda: services.writing(waiting),
        )
        return
    if services.settings.airflow.url is None:
        remedy = "Write url = http://HOST:PORT into the section [airflow], or leave out --via airflow"
        raise SettingsInvalid("airflow.url", "is not set", remedy)
    from watchdown.executors.airflow import AirflowExecutor

    executor = AirflowExecutor(
        services.settings.airflow,
        read=lambda name: read_batch(services.storage, name),
        storage=services.storage,
    )
    try:
        yield executor
    finally:
        executor.close()


def worker_of(services: Services) -> Worker:
    """Return what works batches with what an open library has at hand."""
    return Worker(
        shelf=services.shelf,
        algorithms=services.algorithms,
        read_records=services.read_run,
        types=services.registry,
    )


def report(
    services: Services,
    batches: Sequence[str],
    *,
    tolerance: float = 0.0,
    library: str | None = None,
    via: Via = "local",
    blocked: int = 0,
) -> BackfillReport:
    """Judge what became of batches; `library` and `via` are how the commands to try again name them."""
    runs = [run for name in batches for run in services.batches.runs(name)]
    names = {title.id: title.name for title in services.catalogue.titles()} if runs else {}
    return report_on(
        batches,
        runs,
        names,
        tolerance=tolerance,
        library=library or services.place,
        via=via,
        blocked=blocked,
    )
