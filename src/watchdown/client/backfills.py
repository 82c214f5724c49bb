"""A backfill from its beginning to its end: planned, worked where it was asked for, shown, and judged."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from watchdown.client import backfilling, budgeting
from watchdown.client.choosing import chosen
from watchdown.client.services import Services
from watchdown.executors.protocol import Executor, Step, Wanted
from watchdown.runs.backfills import Asked, Backfill, BackfillState, Publish
from watchdown.runs.batch import SIZE
from watchdown.runs.batching import Planned, PlannedBatch
from watchdown.runs.control import Control
from watchdown.runs.reporting import DUST, BackfillReport, counting
from watchdown.runs.states import OPEN, PUBLISHED, State
from watchdown_schemas.errors import BackfillCancelled, WatchdownError

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run

MOST_AT_ONCE: Final = 4  # titles, where nobody says how many: decoders and models use several cores each
NOTHING: Final = Planned(batches=(), up_to_date=0, waiting=())


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What a person wants of a backfill; what is None is chosen here.

    With `only`, algorithms that read its records do not follow; with `again`, what somebody took back is
    shown again. What has a higher `priority` is worked first.
    """

    algorithm: str
    titles: Sequence[str] = ()
    size: int = SIZE
    rate: float | None = None
    concurrency: int | None = None
    publish: Publish | None = None
    via: backfilling.Via = "local"
    tolerance: float = 0.0
    only: bool = False
    again: bool = False
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Begun:
    """A backfill that was begun, or taken up, and what is to be done for it first."""

    backfill: Backfill
    planned: Planned
    only: bool


def check_executor(services: Services, via: backfilling.Via) -> None:
    """Raise SettingsInvalid where there is no such executor, before anything is planned for it."""
    with backfilling.executor_of(services, via):
        pass


def begin(services: Services, wish: Wish, waiting: backfilling.Waiting = backfilling.nothing) -> Begun:
    """Plan a backfill and enter it; the one that goes on of the same algorithm and titles is taken up."""
    publish = wish.publish or _usual(services, wish)
    found = backfilling.plan(
        services,
        [wish.algorithm],
        wish.titles,
        size=wish.size,
        priority=wish.priority,
        again=wish.again,
        show=publish == "batch",
        waiting=waiting,
    )
    asked = Asked(
        algorithm=wish.algorithm,
        version=services.algorithms[wish.algorithm].manifest.version,
        titles=tuple(wish.titles),
        size=wish.size,
        rate=wish.rate,
        concurrency=wish.concurrency or _at_once(wish),
        publish=publish,
        via=wish.via,
        tolerance=wish.tolerance,
        priority=wish.priority,
    )
    backfill = services.backfills.begin(asked)
    services.backfills.hold(backfill.number, [one.batch for one in found.batches])
    if publish == "all" and not found.batches:  # nothing else is to be shown with them
        services.stages.show_again(found.again)
    return Begun(backfill, found, wish.only)


def _at_once(wish: Wish) -> int:
    """Return how many titles are worked at once: in a cluster, as many as there is room for."""
    return wish.size if wish.via == "airflow" else usual_concurrency()


def usual_concurrency() -> int:
    """Return how many titles are worked at once in this process, where nobody says how many."""
    return max(1, min(MOST_AT_ONCE, (os.cpu_count() or 1) // 2))


def _usual(services: Services, wish: Wish) -> Publish:
    """Return when a backfill shows what it makes, where nobody says so: one that is taken up, as before."""
    for one in services.backfills.list(going_on=True):
        alike = one.algorithm == wish.algorithm and sorted(one.titles) == sorted(set(wish.titles))
        if alike and one.publish == "later":
            return "later"
    return "all" if _is_new_generation(services, wish.algorithm) else "batch"


def _is_new_generation(services: Services, algorithm: str) -> bool:
    """Whether vectors of another model than the algorithm's are seen: the two cannot be searched as one."""
    seen = services.ledger.models(services.ledger.view()).get(algorithm, set())
    model = services.algorithms[algorithm].load_model() if seen else None
    return model is not None and bool(seen - {model.fingerprint})


def work(
    services: Services, begun: Begun, waiting: backfilling.Waiting = backfilling.nothing
) -> Iterator[Step]:
    """Work a backfill to its end, then what reads its records; yield how far it is.

    Raises BackfillCancelled where somebody cancels it; nothing of what was not published is left then.
    """
    backfill = begun.backfill

    def follow(planned: PlannedBatch) -> Sequence[PlannedBatch]:
        if begun.only:
            return ()
        titles = sorted({run.title for run in services.batches.runs(planned.batch)})
        return _readers(services, backfill, planned.algorithms, titles, waiting).batches

    def heard(_wanted: Wanted) -> Control:
        return Control(lambda: [services.backfills.get(backfill.number)])

    try:
        with backfilling.executor_of(services, backfill.via, follow, heard) as executor:
            yield from _waves(services, executor, begun, waiting)
    except WatchdownError as error:
        if services.backfills.get(backfill.number).state is not BackfillState.CANCELLED:
            raise
        services.stages.clear(_runs(services, services.backfills.only_of(backfill.number)))
        cause, remedy = "was cancelled", "Begin it again with the same command: watchdown backfill"
        raise BackfillCancelled(f"backfill {backfill.number}", cause, remedy) from error


def _waves(
    services: Services, executor: Executor, begun: Begun, waiting: backfilling.Waiting
) -> Iterator[Step]:
    """Work what was planned, then what reads it, and so on."""
    backfill = begun.backfill
    waves, known = [(backfill.algorithm, begun.planned)], {backfill.algorithm}
    for algorithm, planned in waves:
        if planned.batches:
            yield from _wave(services, executor, backfill, algorithm, planned)
        if (
            begun.only
            or backfill.publish == "later"
            or not (planned.again or services.backfills.batches(backfill.number))
        ):
            return
        for reader in sorted(services.batching.dependants([algorithm]) - known):
            known.add(reader)
            found = backfilling.plan(services, [reader], backfill.titles, size=backfill.size, waiting=waiting)
            services.backfills.hold(backfill.number, [one.batch for one in found.batches])
            waves.append((reader, found))


def _wave(
    services: Services, executor: Executor, backfill: Backfill, algorithm: str, planned: Planned
) -> Iterator[Step]:
    wanted = Wanted(
        algorithm=algorithm,
        titles=backfill.titles,
        planned=planned,
        size=backfill.size,
        rate=backfill.rate,
        tolerance=backfill.tolerance,
        backfill=backfill.number,
        concurrency=backfill.concurrency,
        held_back=backfill.is_generation,
    )
    name = executor.run(wanted)
    services.backfills.note(backfill.number, handle=f"{algorithm}/{name}")
    control = Control(lambda: [services.backfills.get(backfill.number)])
    for step in executor.watch(name):
        try:
            control.check()
        except BackfillCancelled:
            executor.cancel(name)
            raise
        yield step
    if backfill.publish == "all":
        show(services, backfill.number)


def _readers(
    services: Services,
    backfill: Backfill,
    algorithms: Sequence[str],
    titles: Sequence[str],
    waiting: backfilling.Waiting,
) -> Planned:
    """Plan what reads the records of algorithms, and enter it into the backfill."""
    names = services.batching.dependants(algorithms)
    if not names or not titles:
        return NOTHING
    found = backfilling.plan(services, names, titles, size=backfill.size, waiting=waiting)
    services.backfills.hold(backfill.number, [one.batch for one in found.batches])
    return found


def show(services: Services, number: int) -> bool:
    """Show all that a backfill has loaded at one moment, once no run of it is at work; return whether.

    Where more has failed than it tolerates, nothing is shown.
    """
    backfill = services.backfills.get(number)
    runs = runs_of(services, number)
    if unready(services, backfill, runs):
        return False
    found = services.planner.look(chosen(services, backfill.titles), [backfill.algorithm])
    services.stages.publish(runs, [run.number for one in found for run in one.again])
    return True


def unready(services: Services, backfill: Backfill, runs: Sequence[Run]) -> str | None:
    """Return why what a backfill has made cannot be shown now; runs whose canary fails are held first."""
    if at_work := sum(run.state in OPEN and run.state is not State.LOADED for run in runs):
        return f"has {at_work} of {len(runs)} runs that are not loaded yet"
    trusted = services.stages.examine(runs)
    failed = len(runs) - sum(run.state in PUBLISHED for run in runs) - len(trusted)
    if failed > backfill.tolerance * len(runs) + DUST:
        return f"has {failed} of {len(runs)} runs that failed, and tolerates {backfill.tolerance:g} of them"
    return None


def runs_of(services: Services, number: int) -> list[Run]:
    """Return the runs by which a backfill is judged."""
    return counting(_runs(services, services.backfills.batches(number)))


def publish(services: Services, batch: str) -> Sequence[Run]:
    """Show what is loaded of a batch; of a backfill that is shown at one moment, with its last batch.

    What a person is to promote stays hidden.
    """
    going_on = [one for one in services.backfills.of_batch(batch) if one.goes_on]
    if not going_on or not all(one.is_generation for one in going_on):
        return services.batches.publish(batch)
    for backfill in going_on:
        if backfill.publish == "all":
            show(services, backfill.number)
    return services.batches.runs(batch)


def settle(
    services: Services, number: int, *, library: str | None = None, blocked: int = 0
) -> BackfillReport:
    """Judge a backfill, and enter how it has ended once no run of it is at work.

    One whose runs are to be promoted goes on until they are.
    """
    backfill = services.backfills.get(number)
    batches = services.backfills.batches(number)
    report = backfilling.report(
        services,
        batches,
        tolerance=backfill.tolerance,
        library=library,
        via=backfill.via,
        blocked=blocked,
    )
    ended = {State.LOADED} if backfill.publish == "all" else set[State]()
    at_work = any(run.state in set(OPEN) - ended for run in _runs(services, batches))
    if backfill.state is BackfillState.RUNNING and not at_work:
        services.backfills.step(number, BackfillState.DONE if report.passed else BackfillState.FAILED)
    return report


def load_of(services: Services, number: int) -> list[tuple[str, str]]:
    """Say by name what a backfill may load now, and what searches take beside it; only what is known."""
    found, rate = budgeting.show(services), services.backfills.get(number).rate
    limit, borne = found.documents_per_s, found.governed_per_s
    said = [
        "paused for all loads" if found.paused else "",
        f"{limit:,.0f} documents/s for all" if limit is not None else "",
        f"{borne:,.0f} documents/s as the store bears it" if borne is not None else "",
        f"{rate:g} documents/s for this one" if rate is not None else "",
    ]
    told = [("budget", ", ".join(filter(None, said)))] if any(said) else []
    if found.search_p95_ms is not None and found.idle_p95_ms is not None:
        told.append(("search p95", f"{found.search_p95_ms:,.1f} ms, {found.idle_p95_ms:,.1f} ms at rest"))
    return told


def retry_failed(
    services: Services,
    number: int,
    waiting: backfilling.Waiting = backfilling.nothing,
    *,
    only: bool = False,
) -> Begun:
    """Plan the runs of a backfill that failed once more, in new batches of it."""
    backfill = services.backfills.step(number, BackfillState.RUNNING)
    failed: dict[str, list[str]] = {}
    for run in runs_of(services, number):
        if run.state is State.FAILED:
            failed.setdefault(run.algorithm, []).append(run.title)
    batches: list[PlannedBatch] = []
    for algorithm, titles in failed.items():
        found = backfilling.plan(services, [algorithm], titles, size=backfill.size, waiting=waiting)
        batches += found.batches
    planned = replace(NOTHING, batches=tuple({one.batch: one for one in batches}.values()))
    services.backfills.hold(number, [one.batch for one in planned.batches])
    return Begun(backfill, planned, only)


def cancel(services: Services, number: int) -> Backfill:
    """End a backfill: what is published stays, of the rest nothing is seen, now or later.

    What another backfill wants too is left to that one. It may be called again after whatever ended it.
    """
    only = services.backfills.only_of(number)
    backfill = services.backfills.step(number, BackfillState.CANCELLED)
    algorithm, _, name = (backfill.handle or "").partition("/")
    if backfill.via == "airflow" and name:
        with backfilling.executor_of(services, "airflow") as executor:
            executor.end(algorithm, name)
    runs = [run for run in _runs(services, only) if run.state in OPEN]
    services.stages.cancel(runs)
    return backfill


def _runs(services: Services, batches: Sequence[str]) -> list[Run]:
    return [run for name in batches for run in services.ledger.runs(batch=name)]
