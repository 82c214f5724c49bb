"""Backfills: what titles lack of an algorithm, planned, worked where it was asked for, and reported on."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Literal

from watchdown.client.choosing import chosen
from watchdown.client.services import Services
from watchdown.executors.in_process import Follow, InProcess, nothing_more, unheard
from watchdown.executors.protocol import Executor, Wanted
from watchdown.load.claim import Claim
from watchdown.runs import backfills
from watchdown.runs.batch import SIZE, read_batch
from watchdown.runs.batching import Planned
from watchdown.runs.control import Control
from watchdown.runs.outlook import AS_DECLARED, Parameters
from watchdown.runs.reporting import BackfillReport, report_on
from watchdown.runs.states import State
from watchdown.runs.worker import Worker
from watchdown_schemas.errors import SettingsInvalid

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run

Over = Literal["media", "records"]
Via = backfills.Via
Waiting = Callable[[], None]
Heard = Callable[[Wanted], Control]


LOOK_S: Final = 0.5
JOB_LABEL: Final = "batch.kubernetes.io/job-name"


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
    priority: int = 0,
    parameters: Parameters = AS_DECLARED,
    again: bool = False,
    show: bool = True,
    waiting: Waiting = nothing,
) -> Planned:
    """Return what titles lack of algorithms, of all without any, in batches.

    `over` narrows them to those over media or over records; with `readers` they are those that read what
    the named ones make. `apart`, other titles are left alone; `parameters` are those that are not as
    declared. What was seen before and is wanted now is shown again, unless `show` is false; `again`, also
    what somebody took back.
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
        planned = services.batching.plan(
            found, names, size=size, apart=apart, priority=priority, parameters=parameters, again=again
        )
        if show:
            services.stages.show_again(planned.again)
        return planned


@contextmanager
def executor_of(
    services: Services, via: Via, follow: Follow = nothing_more, heard: Heard = unheard
) -> Iterator[Executor]:
    """Give what works backfills: this process, or the Airflow of the settings.

    In this process, `follow` plans what reads a batch that was published, `heard` gives what people say.
    """
    if via == "local":
        yield InProcess(
            batches=services.batches,
            read=lambda name: read_batch(services.storage, name),
            leases=services.leases,
            work=worker_of(services),
            follow=follow,
            heard=heard,
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
    loaded = {run.batch for run in runs if run.batch and run.state is State.LOADED}
    later = {name for name in loaded if _waits(services, name)}
    names = {title.id: title.name for title in services.catalogue.titles()} if runs else {}

    def log(run: Run) -> str | None:
        return f"kubectl logs -l {JOB_LABEL}=watchdown-{run.batch} --tail -1" if via == "airflow" else None

    return report_on(
        batches,
        runs,
        names,
        tolerance=tolerance,
        library=library or services.place,
        via=via,
        blocked=blocked,
        later=later,
        log=log,
    )


def _waits(services: Services, batch: str) -> bool:
    """Whether what is loaded of a batch waits for a person who promotes it."""
    going_on = [one for one in services.backfills.of_batch(batch) if one.goes_on]
    return bool(going_on) and all(one.publish == "later" for one in going_on)


@contextmanager
def at_batch(services: Services, batch: str, waiting: Waiting = nothing) -> Iterator[Control]:
    """Hold the lease on a batch, once no backfill that it is in is paused, and give what people say of them.

    Raises NotFound where there is no such batch; while it waits, `waiting` is called.
    """
    services.batches.runs(batch)  # raises where there is none
    services.leases.enter(batch)
    control = Control(lambda: [one for one in services.backfills.of_batch(batch) if one.goes_on])
    while control.paused:
        waiting()
        time.sleep(LOOK_S)
    with services.leases.holding(batch, waiting):
        yield control


def claim_of(services: Services, batch: str, rate: float | None) -> Claim:
    """Return what a load of a batch claims of the budget: that of the newest backfill which it is in."""
    newest = next((one for one in services.backfills.of_batch(batch) if one.goes_on), None)
    if newest is None:
        return Claim(rate=rate)
    return Claim(backfill=newest.number, rate=newest.rate if rate is None else rate)
