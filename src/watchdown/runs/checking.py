"""Checks that ledger, system of record and store say the same of every run; nothing is changed.

The ledger is read first, then the store, table by table, and what looks wrong is asked of the ledger again:
runs are loaded, published and removed meanwhile.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from watchdown.runs.checkable import WHOLE, Checkable, Standing
from watchdown.runs.faults import Expected, Fault, Kind
from watchdown.runs.memo import Types
from watchdown.runs.record_checking import RecordChecking
from watchdown.runs.states import OPEN, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.holdings import Holdings, Unreadable
from watchdown_schemas.digest import Digest
from watchdown_schemas.fields import has_vector

ENDED: Final = (State.FAILED, State.CANCELLED)
EVERY: Final = 100_000  # rows between two words of progress


@dataclass(frozen=True, slots=True)
class Progress:
    """What is looked at, and how many rows were read of it."""

    doing: str
    rows: int = 0


@dataclass(slots=True)
class Checked:
    """What was looked at, what is wrong, and what the rows of runs hash to of which that was not known."""

    runs: int = 0
    rows: int = 0
    tables: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    unknown: dict[int, dict[str, str]] = field(default_factory=dict)


Place = tuple[str, str, int]  # table, schema type, run
Report = Callable[[Progress], object]


@dataclass(slots=True)
class _Store:
    """What a survey has told of the store."""

    digests: dict[Place, Digest] = field(default_factory=lambda: defaultdict(Digest))
    pictures: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))
    unreadable: list[Unreadable] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Checking:
    """Compares what there should be with what there is."""

    storage: Storage
    checkable: Checkable
    holdings: Holdings
    types: Types
    keeps_staged: bool

    def __call__(self, *, title: str | None, deep: bool, report: Report) -> Checked:
        """Return what is wrong with the runs of one title, by id, or of all."""
        expected = {run.number: run for run in self.checkable.whole(title)}
        found = Checked(runs=len(expected))
        store = self._surveyed(title, deep=deep, report=report)
        found.rows = sum(one.rows for one in store.digests.values())
        found.tables = {table for table, _, _ in store.digests}
        found.faults += [_unreadable(one) for one in store.unreadable]
        found.faults += self._of_rows(expected, store.digests, deep=deep)
        found.faults += self._strangers(expected, store.digests)
        if self.keeps_staged:
            report(Progress("the staged files"))
            found.faults += RecordChecking(self.storage)(list(expected.values()), deep=deep)
        if deep:
            report(Progress("the pictures"))
            found.faults += self._pictures(expected, store.pictures)
            found.unknown = self._unknown(expected, store.digests)
        found.faults = self._still_so(found.faults)
        found.faults += [
            Fault(
                kind=Kind.STUCK,
                subject=f"run {one.number}",
                number=one.number,
                cause=f"of {one.algorithm} is {one.state} since {one.since}, and nobody works on it",
                remedy=_goes_on(one.number, one.title, one.algorithm, one.origin),
            )
            for one in self.checkable.stuck(title)
        ]
        return found

    def _surveyed(self, title: str | None, *, deep: bool, report: Report) -> _Store:
        store, rows, said = _Store(), 0, 0
        for one in self.holdings.survey(deep=deep, title=title):
            if isinstance(one, Unreadable):
                store.unreadable.append(one)
                continue
            store.digests[one.table, one.schema, one.run] += one.digest
            store.pictures[one.run] |= one.pictures
            rows += one.digest.rows
            if rows - said >= EVERY:
                said = rows
                report(Progress(f"the table {one.table}", rows))
        return store

    def place(self, run: Expected, schema: str) -> Place:
        """Return where the rows of one type of a run must lie."""
        known = self.types[schema]
        return self.holdings.table(known, run.model if has_vector(known) else None), schema, run.number

    def _of_rows(
        self, expected: Mapping[int, Expected], there: Mapping[Place, Digest], *, deep: bool
    ) -> Iterator[Fault]:
        for run in expected.values():
            for name, rows in run.counts.items():
                if name not in self.types:
                    cause = f"has {rows} {name} rows, and the type {name} is not known here"
                    yield Fault(kind=Kind.CHANGED, subject=_named(run), cause=cause, run=run, schema=name)
                    continue
                place = self.place(run, name)
                held = there.get(place, Digest())
                kind = _difference(run, name, held, deep=deep)
                if kind is not None:
                    cause = f"{held.rows} of {rows} {name} rows are in the store"
                    if held.rows == rows:
                        cause = f"the {name} rows in the store are not those that were staged"
                    yield Fault(
                        kind=kind,
                        subject=_named(run),
                        cause=cause,
                        run=run,
                        schema=name,
                        table=place[0],
                        expected=rows,
                        found=held.rows,
                    )

    def _strangers(self, expected: Mapping[int, Expected], there: Mapping[Place, Digest]) -> Iterator[Fault]:
        strange: list[tuple[Place, int]] = []
        for place, digest in there.items():
            _, schema, number = place
            run = expected.get(number)
            if run is None or (schema in self.types and not self._belongs(run, place)):
                strange.append((place, digest.rows))
        standing = self.checkable.standing({place[2] for place, _ in strange})
        for (table, schema, number), rows in strange:
            now = standing.get(number)
            if now and _comes(now, known=number in expected):
                continue
            why = "is none" if now is None else "was given up" if now.given_up else f"is {now.state}"
            left = now is not None and not now.removed and (now.given_up or now.state in ENDED)
            yield Fault(
                kind=Kind.LEFT if left else Kind.STRANGER,
                subject=f"run {number}",
                cause=f"{why}, and {table} has {rows} {schema} rows of it",
                remedy="watchdown collect removes them after their time" if left else None,
                number=number,
                schema=schema,
                table=table,
                expected=0,
                found=rows,
            )

    def _belongs(self, run: Expected, place: Place) -> bool:
        return place[1] in run.counts and self.place(run, place[1]) == place

    def _pictures(self, expected: Mapping[int, Expected], shown: Mapping[int, set[str]]) -> Iterator[Fault]:
        wanted = {number: keys_ for number, keys_ in shown.items() if keys_ and number in expected}
        if not wanted:
            return
        everything = set().union(*wanted.values())
        there = {one.key.removeprefix(keys.MEDIA) for one in self.storage.list(keys.MEDIA)} & everything
        for number, files in sorted(wanted.items()):
            if gone := sorted(files - there):
                run = expected[number]
                yield Fault(
                    kind=Kind.PICTURES,
                    subject=_named(run),
                    cause=f"{len(gone)} of {len(files)} pictures are gone, {gone[0]} the first",
                    run=run,
                    expected=len(files),
                    found=len(files) - len(gone),
                )

    def _unknown(
        self, expected: Mapping[int, Expected], there: Mapping[Place, Digest]
    ) -> dict[int, dict[str, str]]:
        """Return what rows hash to of runs of before that was kept, where they are as many as there were."""
        found: dict[int, dict[str, str]] = {}
        for run in expected.values():
            if run.digests is None and all(name in self.types for name in run.counts):
                held = {name: there.get(self.place(run, name), Digest()) for name in run.counts}
                if all(held[name].rows == rows for name, rows in run.counts.items()):
                    found[run.number] = {name: str(one) for name, one in held.items()}
        return found

    def _still_so(self, faults: list[Fault]) -> list[Fault]:
        """Return the faults of runs that the ledger has as it had them."""
        standing = self.checkable.standing({fault.run.number for fault in faults if fault.run})
        kept = []
        for fault in faults:
            if fault.run is not None:
                now = standing.get(fault.run.number)
                if now is None or now.given_up or now.state not in WHOLE:
                    continue
            kept.append(fault)
        return kept


def _difference(run: Expected, name: str, held: Digest, *, deep: bool) -> Kind | None:
    if held.rows != run.counts[name]:
        return Kind.MISSING if held.rows < run.counts[name] else Kind.SURPLUS
    known = (run.digests or {}).get(name)
    return Kind.CHANGED if deep and known is not None and Digest.parse(known) != held else None


def _comes(now: Standing, *, known: bool) -> bool:
    """Whether rows of a run are on their way, or came while the store was read."""
    return not now.given_up and (now.state in OPEN or (now.state in WHOLE and not known))


def _named(run: Expected) -> str:
    return f"run {run.number} ({run.algorithm}, {run.title})"


def _unreadable(one: Unreadable) -> Fault:
    return Fault(
        kind=Kind.UNREADABLE,
        subject=f"{one.table}, {one.file}",
        cause=one.cause,
        table=one.table,
        part=one.part,
    )


def _goes_on(number: int, title: str, algorithm: str, origin: str) -> str:
    if origin == "written":
        return f"watchdown write finish {number}, or: watchdown write cancel {number}"
    return f"watchdown backfill {algorithm} --titles {title}"
