"""What a backfill would do and cost, before it is begun: nothing is entered anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from watchdown.client.choosing import chosen
from watchdown.client.results_plan import BackfillPlan, Between, Dependant, Expected, Money, Skipped
from watchdown.client.services import Services
from watchdown.runs import pricing
from watchdown.runs.batch import SIZE
from watchdown.runs.outlook import Need, Outlook
from watchdown.runs.plan import task_of
from watchdown.runs.pricing import Estimate, Range, Sample
from watchdown.runs.states import State
from watchdown.runs.trial import tried
from watchdown_schemas.errors import AlgorithmError
from watchdown_schemas.time import NS

if TYPE_CHECKING:
    from watchdown.settings.model import PricesSettings

NAMED: Final = 3  # titles that are named for a reason
HELD: Final = "its rows are held in quarantine; see: watchdown quarantine list"
TAKEN_BACK: Final = "its result was taken back; show it again with: watchdown backfill {} --again"
HOUR: Final = 3600
GB: Final = 10**9
Report = Callable[[str], None]


@dataclass(slots=True)
class _Work:
    """What is to be done for one algorithm, in lengths of media, and what is left out."""

    lengths: list[int] = field(default_factory=list)
    open_batches: set[str] = field(default_factory=set)
    in_progress: int = 0
    up_to_date: int = 0
    again: int = 0
    skipped: dict[str, list[str]] = field(default_factory=dict)
    probes: list[tuple[Outlook, Need]] = field(default_factory=list)


def plan(
    services: Services,
    algorithm: str,
    titles: Sequence[str] = (),
    *,
    size: int = SIZE,
    concurrency: int = 1,
    again: bool = False,
    probe: bool = False,
    report: Report = lambda _title: None,
) -> BackfillPlan:
    """Return what a backfill would do.

    With `probe`, three titles are tried where nothing like it was measured; `report` is told of each.
    Raises AlgorithmNotFound, NotFound for what chooses no title, AlgorithmError where every trial fails.
    """
    manifest = services.algorithms[algorithm].manifest
    found, every = _looked(services, algorithm, titles, again=again)
    work = found.pop(algorithm)
    version, samples = pricing.history(services.database, algorithm, manifest.version)
    probed = probe and not samples and bool(work.probes)
    if probed:
        version, samples = manifest.version, _probed(services, work.probes, report)
    expected = _expected(pricing.estimate(version, samples, work.lengths), probed=probed)
    dependants = tuple(_dependant(services, name, one.lengths) for name, one in found.items() if one.lengths)
    total = _total(expected, dependants) if work.lengths else None
    free = len(work.lengths) - work.in_progress
    return BackfillPlan(
        algorithm=algorithm,
        version=manifest.version,
        titles=every,
        to_do=len(work.lengths),
        in_progress=work.in_progress,
        up_to_date=work.up_to_date,
        again=work.again,
        skipped=tuple(
            Skipped(why=why, titles=len(names), names=tuple(names[:NAMED]))
            for why, names in work.skipped.items()
        ),
        batches=len(work.open_batches) + -(-free // size),
        media_s=sum(work.lengths) / NS,
        expected=expected,
        dependants=dependants,
        total=total,
        concurrency=concurrency,
        time_s=_between(_range(total.clock_s).times(1 / concurrency)) if total else None,
        money=_money(total, services.settings.prices) if total else None,
    )


def _looked(
    services: Services, algorithm: str, titles: Sequence[str], *, again: bool
) -> tuple[dict[str, _Work], int]:
    """Return what is to be done by algorithm, those that follow behind it, and how many titles there are."""
    names = [algorithm, *_followers(services, algorithm)]
    found = {name: _Work() for name in names}
    every = chosen(services, titles)
    for outlook in services.planner.look(every, names, again=again):
        length = outlook.timeline.duration_ns
        for need in outlook.needs:
            one = found[need.wanted.algorithm]
            one.lengths.append(length)
            one.probes = _three([*one.probes, (outlook, need)])
            if need.open is not None and need.open.batch:
                one.in_progress += 1
                one.open_batches.add(need.open.batch)
        for name in outlook.following:
            found[name].lengths.append(length)
        _left_out(found[algorithm], algorithm, outlook)
    return found, len(every)


def _left_out(work: _Work, algorithm: str, outlook: Outlook) -> None:
    """Enter why a title is not to be done."""
    work.again += sum(run.algorithm == algorithm for run in outlook.again)
    why = outlook.lacking.get(algorithm) or outlook.waiting.get(algorithm)
    for run in outlook.done:
        if run.algorithm == algorithm:
            taken_back = run.state is State.SUPERSEDED
            held = run.state is State.QUARANTINED
            why = TAKEN_BACK.format(algorithm) if taken_back else HELD if held else None
            work.up_to_date += why is None
    if why:
        work.skipped.setdefault(why, []).append(outlook.title.name)


def _followers(services: Services, algorithm: str) -> list[str]:
    """Return all that read what an algorithm makes, and what reads what these make, in their order."""
    known, newest = {algorithm}, {algorithm}
    while newest:
        newest = services.batching.dependants(newest) - known
        known |= newest
    return [name for name in services.algorithms if name in known - {algorithm}]


def _three(some: list[tuple[Outlook, Need]]) -> list[tuple[Outlook, Need]]:
    """Keep the shortest title, the longest, and the one whose length is nearest to the middle."""
    if len(some) <= NAMED:
        return some
    by_length = sorted(some, key=lambda one: one[0].timeline.duration_ns)
    low, high = by_length[0], by_length[-1]
    middle = (low[0].timeline.duration_ns + high[0].timeline.duration_ns) / 2
    between = min(by_length[1:-1], key=lambda one: abs(one[0].timeline.duration_ns - middle))
    return [low, between, high]


def _probed(services: Services, probes: Iterable[tuple[Outlook, Need]], report: Report) -> list[Sample]:
    """Work titles into nowhere, and return what that cost."""
    samples: list[Sample] = []
    errors: list[str] = []
    for number, (outlook, need) in enumerate(probes, 1):
        report(outlook.title.name)
        item = services.planner.item(outlook, [task_of(need, number)])
        with tried(
            item,
            shelf=services.shelf,
            algorithms=services.algorithms,
            read_records=services.read_run,
            types=services.registry,
        ) as (_storage, [manifest]):
            if manifest.error is None and manifest.cost is not None:
                samples.append(pricing.sample(manifest.cost.model_dump(), sum(manifest.counts.values())))
            else:
                errors.append(f"{outlook.title.name}: {manifest.error}")
    if not samples:
        remedy = "Mend that first; nothing was entered"
        raise AlgorithmError("the probe", f"fails on every title ({'; '.join(errors)})", remedy)
    return samples


def _dependant(services: Services, name: str, lengths: Sequence[int]) -> Dependant:
    manifest = services.algorithms[name].manifest
    version, samples = pricing.history(services.database, name, manifest.version)
    expected = _expected(pricing.estimate(version, samples, lengths))
    return Dependant(algorithm=name, version=manifest.version, titles=len(lengths), expected=expected)


def _total(expected: Expected | None, dependants: Sequence[Dependant]) -> Expected | None:
    """Return what all costs together; None where that of one is not known."""
    parts = [expected, *(one.expected for one in dependants)]
    known = [one for one in parts if one is not None]
    if expected is None or len(known) < len(parts):
        return None

    def together(name: str) -> Between:
        ranges = [_range(getattr(one, name)) for one in known]
        total = ranges[0]
        for other in ranges[1:]:
            total = total.plus(other)
        return _between(total)

    return Expected(
        runs=min(one.runs for one in known),
        version=expected.version,
        probed=expected.probed,
        cpu_s=together("cpu_s"),
        gpu_s=together("gpu_s"),
        clock_s=together("clock_s"),
        documents=together("documents"),
        bytes=together("bytes"),
    )


def _money(total: Expected, prices: PricesSettings) -> Money | None:
    """Return what it costs in money; None for what costs something whose price is not known."""
    needed = [(total.cpu_s, prices.cpu_hour), (total.gpu_s, prices.gpu_hour)]
    parts = [_range(used).times(price / HOUR) for used, price in needed if price is not None]
    unknown = any(price is None and used.high > 0 for used, price in needed)
    work = None if unknown or not parts else parts[0].plus(parts[1]) if len(parts) > 1 else parts[0]
    kept = prices.storage_gb_month
    storage = None if kept is None else _range(total.bytes).times(kept / GB)
    if work is None and storage is None:
        return None
    return Money(
        currency=prices.currency,
        work=_between(work) if work else None,
        storage_month=_between(storage) if storage else None,
    )


def _expected(found: Estimate | None, *, probed: bool = False) -> Expected | None:
    if found is None:
        return None
    return Expected(
        runs=found.runs,
        version=found.version,
        probed=probed,
        cpu_s=_between(found.cpu_s),
        gpu_s=_between(found.gpu_s),
        clock_s=_between(found.clock_s),
        documents=_between(found.documents),
        bytes=_between(found.bytes),
    )


def _between(found: Range) -> Between:
    return Between(low=found.low, middle=found.middle, high=found.high)


def _range(found: Between) -> Range:
    return Range(found.low, found.middle, found.high)
