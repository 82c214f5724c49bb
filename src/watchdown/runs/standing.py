"""How a slot stands: whether its result is there, why it is not, and the command that helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from watchdown.runs.memo import MENDED, Types, corrected, inputs_of, memo_key
from watchdown.runs.slots import SlotRun, TitleFacts, Work
from watchdown.runs.standings import Standing
from watchdown.runs.states import OPEN, State
from watchdown_algos.catalogue import AlgorithmCatalogue, Known

Command = tuple[str, ...]
_LOST: Final = (State.FAILED, State.QUARANTINED)
_ENDED: Final = {State.FAILED: "failed", State.QUARANTINED: "is held"}
_DOING: Final = {
    State.PLANNED: "it waits to be worked",
    State.RUNNING: "it is being worked",
    State.STAGED: "it is worked, and waits to be validated",
    State.VALIDATED: "it is validated, and waits to be loaded",
    State.LOADED: "it is loaded, and waits to be published",
}
_PARTS: Final = (
    "its files, parameters or the records that it reads have changed since",
    "its schema types have newer versions since",
    "people corrected its records since, or took corrections back",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stand:
    """How one slot stands.

    `seen` is the run that readers see and `version` its version, `run` the one that `why` is about. `fix` has
    the commands that help, in order, each as its words; none where it is enough to wait.
    """

    algorithm: str
    standing: Standing
    version: str | None = None
    seen: int | None = None
    run: int | None = None
    since: str | None = None
    why: str | None = None
    fix: tuple[Command, ...] = ()
    batch: str | None = None
    backfill: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What is known beside the ledger: algorithms and schema types, who works, and what lies in quarantine.

    `refused` and `dead` have by run the schema types of which rows were refused, by us and by the store.
    """

    algorithms: AlgorithmCatalogue
    types: Types
    work: Mapping[str, Work] = field(default_factory=dict)
    refused: Mapping[int, Sequence[str]] = field(default_factory=dict)
    dead: Mapping[int, Sequence[str]] = field(default_factory=dict)


def stands(title: str, facts: TitleFacts, around: Surroundings) -> list[Stand]:
    """Return how the slots of a title stand: of all known algorithms, then of what was written."""
    return list(_OneTitle(title, facts, around))


class _OneTitle:
    """One title's slots, each judged with those before it at hand, which it may read from."""

    def __init__(self, title: str, facts: TitleFacts, around: Surroundings) -> None:
        self._title = title
        self._facts = facts
        self._around = around
        self._newest = {run.algorithm: run for run in facts.runs}  # ordered by number: the last one stays
        self._active = {run.algorithm: run for run in facts.runs if run.state is State.ACTIVE}
        self._found: dict[str, Stand] = {}

    def __iter__(self) -> Iterator[Stand]:
        known = self._around.algorithms
        for name in [*known, *sorted(self._newest.keys() - known.keys())]:
            self._found[name] = self._stand(name, known[name] if name in known else None)  # noqa: SIM401 - get raises
            yield self._found[name]

    def _stand(self, name: str, known: Known | None) -> Stand:
        run, active = self._newest.get(name), self._active.get(name)
        aged = self._aged(active, known) if active else None
        if active and aged is None:
            return self._seen(active, known)
        if run is not None and run is not active:
            if run.state in OPEN:
                return self._working(run, active)
            if run.state in _LOST:
                return self._lost(run, active)
        if taken_back := self._unwanted(name, known):
            return self._taken_back(taken_back, active, known)
        if active:
            return self._told(Standing.OLD, active, active, aged, self._backfill(name))
        return self._unseen(name, known)

    def _unwanted(self, name: str, known: Known | None) -> SlotRun | None:
        """Return the run that would be shown if nobody had taken it back, or the newest where it was."""
        back = [run for run in self._facts.runs if run.algorithm == name and run.rolled_back_at is not None]
        newest = self._newest.get(name)
        as_made_now = (run for run in reversed(back) if known and self._aged(run, known) is None)
        return next(as_made_now, newest if newest in back and newest.state is not State.ACTIVE else None)

    def _seen(self, active: SlotRun, known: Known | None) -> Stand:
        """Return how a slot stands whose result is the one that is wanted."""
        if dead := self._around.dead.get(active.number):
            why = f"the store refused rows of {' and '.join(dead)}; the others are seen"
            number = str(active.number)
            fix = (("dead-letters", "show", number), ("dead-letters", "replay", number))
            return self._told(Standing.DEAD_LETTERS, active, active, why, fix)
        newest = self._newest[active.algorithm]
        if newest is not active and newest.state in OPEN:
            why = f"run {newest.number} is {newest.state} and will take its place"
        elif newest is not active and newest.state in _LOST and known:
            why = f"run {newest.number} {_ENDED[newest.state]}: {newest.error}"
        else:
            why = "; ".join(active.warnings)
        return self._told(Standing.READY, active, active, why or None)

    def _working(self, run: SlotRun, active: SlotRun | None) -> Stand:
        work = self._around.work.get(run.batch or "")
        parts = [_DOING[run.state]]
        if run.batch:
            parts.append(f"in batch {run.batch}")
        if work and work.backfill is not None:
            parts.append(f"of backfill {work.backfill}, which is {work.backfill_state}")
        fix: tuple[Command, ...] = self._backfill(run.algorithm, via=work.via if work else None)
        if run.origin == "written":
            fix = (("write", "finish", str(run.number)), ("write", "cancel", str(run.number)))
        elif work and work.backfill_state == "paused":
            fix = (("backfills", "resume", str(work.backfill)),)
        elif work and work.leased:
            fix = ()
        stand = self._told(Standing.WORKING, run, active, " ".join(parts), fix)
        return replace(stand, batch=run.batch, backfill=work.backfill if work else None)

    def _taken_back(self, run: SlotRun, active: SlotRun | None, known: Known | None) -> Stand:
        instead = f"readers see run {active.number}" if active else "readers see nothing in its place"
        why = f"run {run.number} was taken back; {instead}"
        fix = self._backfill(run.algorithm, "--again") if known else ()
        return replace(self._told(Standing.TAKEN_BACK, run, active, why, fix), since=run.rolled_back_at)

    def _lost(self, run: SlotRun, active: SlotRun | None) -> Stand:
        """Return how a slot stands whose newest run failed, or is held."""
        why = run.error or "no reason is known"
        if run.state is State.FAILED:
            known = run.algorithm in self._around.algorithms
            fix = self._backfill(run.algorithm) if known and run.origin != "written" else ()
            return self._told(Standing.FAILED, run, active, why, fix)
        number, types = str(run.number), self._around.refused.get(run.number, ())
        files = [(name, f"{number}-{name}.jsonl") for name in types]
        shown = tuple(("quarantine", "show", number, name, "--out", file) for name, file in files)
        again = tuple(("quarantine", "replay", number, name, file) for name, file in files)
        return self._told(Standing.HELD, run, active, why, (*shown, *again) or (("quarantine", "list"),))

    def _unseen(self, name: str, known: Known | None) -> Stand:
        """Return how a slot stands of which readers see nothing, and that nobody works on."""
        if known is None:
            return Stand(algorithm=name, standing=Standing.MISSING, why=f"{name} is not installed here")
        manifest = known.manifest
        if not manifest.over_records:
            if not inputs_of(manifest, self._facts.assets):
                why = f"the title has no {' or '.join(manifest.consumes)}"
                return Stand(algorithm=name, standing=Standing.NOT_FOR_IT, why=why)
        else:
            for schema in manifest.consumes:
                if stand := self._blocked(name, schema):
                    return stand
        return Stand(
            algorithm=name, standing=Standing.MISSING, why="it has not been run yet", fix=self._backfill(name)
        )

    def _blocked(self, name: str, schema: str) -> Stand | None:
        """Return how a slot stands for want of the records that it reads; None where they are there."""
        makers = [self._found[one.manifest.name] for one in self._around.algorithms.producers(schema)]
        able = [one for one in makers if one.standing is not Standing.NOT_FOR_IT]
        if not able:
            why = f"the title has nothing that {schema} records are made of"
            return Stand(algorithm=name, standing=Standing.NOT_FOR_IT, why=why)
        if any(one.seen is not None and one.standing is not Standing.WORKING for one in able):
            return None
        first = next((one for one in able if one.standing is Standing.WORKING), able[0])
        why = f"it reads the {schema} records of {first.algorithm}, which is {first.standing}: {first.why}"
        waits = first.standing is Standing.WORKING and not first.fix
        fix = () if waits else (*first.fix, *self._backfill(name))
        return Stand(algorithm=name, standing=Standing.BLOCKED, run=first.run, why=why, fix=fix)

    def _aged(self, run: SlotRun, known: Known | None) -> str | None:
        """Return why an active run is not what would be made now; None where it is, as far as is known here.

        No model is loaded to tell: that of the run is taken for the one that would be asked.
        """
        if known is None:
            return None
        manifest = known.manifest
        if run.version != manifest.version:
            return f"readers see version {run.version}, and {manifest.version} is here"
        if run.origin == "written":
            return None
        upstream = {}
        for schema in manifest.consumes if manifest.over_records else ():
            makers = [one.manifest.name for one in self._around.algorithms.producers(schema)]
            made = next((self._active[name] for name in makers if name in self._active), None)
            if made is None:
                return None  # what it was made of is no more seen; nothing better can be made
            upstream[schema] = made.content
        said = [one for one in self._facts.corrections if one.algorithm == run.algorithm]
        key = memo_key(
            manifest,
            manifest.parameters,
            model=run.model,
            assets=inputs_of(manifest, self._facts.assets),
            upstream=upstream,
            types=self._around.types,
        )
        return _changed(run.memo_key.partition(MENDED)[0], corrected(key, said))

    def _backfill(self, name: str, *more: str, via: str | None = None) -> tuple[Command, ...]:
        there = ("--via", via) if via and via != "local" else ()
        return (("backfill", name, "--titles", self._title, *more, *there),)

    def _told(
        self,
        standing: Standing,
        run: SlotRun,
        active: SlotRun | None,
        why: str | None,
        fix: tuple[Command, ...] = (),
    ) -> Stand:
        return Stand(
            algorithm=run.algorithm,
            standing=standing,
            version=active.version if active else None,
            seen=active.number if active else None,
            run=run.number,
            since=run.updated_at,
            why=why,
            fix=fix,
        )


def _changed(made: str, wanted: str) -> str | None:
    """Return in which part two memo keys differ, as a person would say it."""
    if made == wanted:
        return None
    for had, has, why in zip(made.split("."), wanted.split("."), _PARTS, strict=False):
        if had != has:
            return why
    return _PARTS[-1]
