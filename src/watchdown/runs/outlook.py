"""How a title stands towards algorithms: what it lacks, what waits, what is done; nothing is entered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from watchdown.catalogue.model import Correction, Timeline, Title
from watchdown.catalogue.titles import Input
from watchdown.runs.memo import Recipe, Types, corrected, described, inputs_of
from watchdown.runs.states import OPEN, State
from watchdown.runs.wanted import Past, PlannedRun, outdated, settled
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.manifest import Manifest

Parameters = Mapping[str, Mapping[str, Any]]  # by algorithm, those that are not as its manifest says
AS_DECLARED: Final[Parameters] = {}
_OPEN: Final = frozenset(OPEN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """A run that a title lacks; `open` is the one that is being made, None where none is entered yet.

    `upstream` has the run that is read for each schema type, `corrections` what people said of the result.
    """

    wanted: PlannedRun
    parameters: Mapping[str, Any]
    upstream: Mapping[str, int]
    corrections: tuple[Correction, ...]
    open: Past | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """How a title stands towards algorithms.

    `again` are runs seen before that only need to be shown again. `waiting` says by algorithm why it cannot
    run now; those `following` wait for nothing but what is made here. `lacking` says what the title does not
    have for an algorithm at all. `undone` are slots with open runs that nobody wants any more.
    """

    title: Title
    timeline: Timeline
    needs: list[Need] = field(default_factory=list)
    done: list[Past] = field(default_factory=list)
    again: list[Past] = field(default_factory=list)
    waiting: dict[str, str] = field(default_factory=dict)
    following: list[str] = field(default_factory=list)
    lacking: dict[str, str] = field(default_factory=dict)
    undone: list[PlannedRun] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What is known of a title: its runs and the corrections that hold, by algorithm, and its assets."""

    timeline: Timeline
    assets: Sequence[Input]
    past: Mapping[str, Sequence[Past]]
    corrections: Mapping[str, Sequence[Correction]]


class _Asked:
    """An algorithm that is asked for; `producers` are by schema type the names of those that make it."""

    def __init__(
        self, known: Known, parameters: Mapping[str, Any], producers: Mapping[str, Sequence[str]]
    ) -> None:
        self.known = known
        self.parameters = parameters
        self.producers = producers
        self.model: str | None = None
        self._recipe: Recipe | None = None

    def recipe(self, types: Types) -> Recipe:
        """Return what its keys begin with; its model is looked for only once a key is needed."""
        if self._recipe is None:
            model = self.known.load_model()
            self.model = model.fingerprint if model else None
            self._recipe = Recipe(self.known.manifest, self.parameters, model=self.model, types=types)
        return self._recipe


class Survey:
    """Tells how titles stand towards some algorithms; what does not depend on the title is found once."""

    def __init__(
        self,
        algorithms: AlgorithmCatalogue,
        types: Types,
        names: Collection[str],
        *,
        parameters: Parameters = AS_DECLARED,
        again: bool = False,
        anew: bool = False,
    ) -> None:
        """Ask for algorithms by name; with `again`, what somebody took back is wanted once more.

        `anew`, everything is wanted as if it had never been made.
        """
        self._algorithms = algorithms
        self._types = types
        self._names = [name for name in algorithms if name in names]
        self._parameters = parameters
        self._again = again
        self._anew = anew
        self._asked: dict[str, _Asked] = {}

    def of(self, title: Title, facts: Facts) -> Outlook:
        """Return how a title stands. Whatever reads records that are being made waits for them."""
        one = _OneTitle(title, facts)
        for name in self._names:
            self._judge(name, one)
        return one.found

    def _judge(self, name: str, one: _OneTitle) -> None:
        """Enter an algorithm into what is found of a title."""
        asked = self._ask(name)
        manifest, found = asked.known.manifest, one.found
        inputs = one.inputs(manifest)
        upstream, why = one.upstream(asked) if manifest.over_records else ({}, "")
        if not (inputs or upstream) and not self._possible(asked.known, one.assets):
            found.lacking[name] = f"the title has no {' or '.join(manifest.consumes)}"
            return
        if why:
            found.waiting[name] = why
            one.follow(asked)
            return
        recipe = asked.recipe(self._types)
        said = one.corrections.get(name, ())
        key = recipe.key(one.described(manifest, upstream))
        wanted = PlannedRun(
            title=found.title.id,
            timeline=found.timeline.id,
            algorithm=name,
            version=manifest.version,
            memo_key=corrected(key, said) if said else key,
            model=asked.model,
        )
        runs = one.past.get(name, ())
        there = None if self._anew else settled(runs, wanted.memo_key)
        if there is None or there.state in _OPEN:
            one.make(name)
            found.needs.append(
                Need(
                    wanted=wanted,
                    parameters=asked.parameters,
                    upstream={schema: run.number for schema, run in upstream.items()},
                    corrections=tuple(said),
                    open=there,
                )
            )
            if outdated(runs, wanted.memo_key):
                found.undone.append(wanted)
            return
        if there.state is State.SUPERSEDED and (self._again or there.rolled_back_at is None):
            one.make(name)
            found.again.append(there)
        else:
            one.made.discard(name)
            found.done.append(there)
        if outdated(runs, wanted.memo_key):
            found.undone.append(wanted)

    def _ask(self, name: str) -> _Asked:
        if name not in self._asked:
            known = self._algorithms[name]
            consumes = known.manifest.consumes if known.manifest.over_records else ()
            self._asked[name] = _Asked(
                known,
                {**known.manifest.parameters, **self._parameters.get(name, {})},
                {
                    schema: [producer.manifest.name for producer in self._algorithms.producers(schema)]
                    for schema in consumes
                },
            )
        return self._asked[name]

    def _possible(self, known: Known, assets: Sequence[Input]) -> bool:
        """Whether an algorithm can be run over such a title, now or once others have run."""
        if not known.manifest.over_records:
            return bool(inputs_of(known.manifest, assets))
        return all(
            any(self._possible(producer, assets) for producer in self._algorithms.producers(schema))
            for schema in known.manifest.consumes
        )


class _OneTitle:
    """A title while it is looked at: `made` are the algorithms at work on it, `here` those that begin now."""

    def __init__(self, title: Title, facts: Facts) -> None:
        self.found = Outlook(title=title, timeline=facts.timeline)
        self.assets = facts.assets
        self.past = facts.past
        self.corrections = facts.corrections
        self.active: dict[str, Past] = {}
        self.made: set[str] = set()
        self.here: set[str] = set()
        self._inputs: dict[tuple[str, ...], list[Input]] = {}
        self._described: dict[tuple[str, ...], str] = {}
        for name, runs in facts.past.items():
            for run in runs:
                if run.state is State.ACTIVE:
                    self.active[name] = run
                elif run.state in _OPEN:
                    self.made.add(name)

    def inputs(self, manifest: Manifest) -> list[Input]:
        """Return the assets that an algorithm reads; most algorithms read the same."""
        kinds = manifest.consumes
        if kinds not in self._inputs:
            self._inputs[kinds] = inputs_of(manifest, self.assets)
        return self._inputs[kinds]

    def described(self, manifest: Manifest, upstream: Mapping[str, Past]) -> str:
        """Return what an algorithm reads as its key is made of it."""
        if upstream:
            contents = {schema: run.content for schema, run in upstream.items()}
            return described(self.inputs(manifest), contents)
        kinds = manifest.consumes
        if kinds not in self._described:
            self._described[kinds] = described(self.inputs(manifest), {})
        return self._described[kinds]

    def make(self, name: str) -> None:
        """Note that an algorithm's result is to change."""
        self.made.add(name)
        self.here.add(name)

    def follow(self, asked: _Asked) -> None:
        """Note an algorithm that has to wait; it follows what begins here, if that is what it waits for."""
        if any(name in self.here for names in asked.producers.values() for name in names):
            self.make(asked.known.manifest.name)
            self.found.following.append(asked.known.manifest.name)

    def upstream(self, asked: _Asked) -> tuple[dict[str, Past], str]:
        """Return the active run per consumed schema type, or why one must be waited for."""
        found: dict[str, Past] = {}
        for schema, producers in asked.producers.items():
            if soon := next((name for name in producers if name in self.made), None):
                return {}, f"{soon} is at work on its {schema} records"
            run = next((self.active[name] for name in producers if name in self.active), None)
            if run is None:
                first = " or ".join(producers) or "what makes them"
                return {}, f"it has no {schema} records yet; run {first} first"
            found[schema] = run
        return found, ""
