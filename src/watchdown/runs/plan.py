"""Planning: which algorithms titles still need a run of; any number of titles, in bounded memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from watchdown.catalogue.corrections import Corrections
from watchdown.catalogue.model import Asset, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.batch import Item, Task
from watchdown.runs.ledger import Ledger
from watchdown.runs.memo import Types
from watchdown.runs.outlook import AS_DECLARED, Facts, Need, Outlook, Parameters, Survey
from watchdown.runs.states import OPEN
from watchdown.runs.steps import portions
from watchdown.runs.wanted import Past
from watchdown_algos.catalogue import AlgorithmCatalogue

AT_ONCE: Final = 500  # titles whose facts are at hand


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """The next pass over a title: runs to work, those whose result is there already, and what must wait.

    `again` are runs that only need to be shown again. `waiting` says by algorithm why it cannot run now,
    `lacking` what the title does not have for it at all.
    """

    item: Item
    open: tuple[Past, ...]
    done: tuple[Past, ...]
    again: tuple[Past, ...]
    waiting: Mapping[str, str]
    lacking: Mapping[str, str]


class Planner:
    """Plans passes over titles, by what their catalogue, the ledger and the algorithms say."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        ledger: Ledger,
        corrections: Corrections,
        algorithms: AlgorithmCatalogue,
        types: Types,
    ) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._corrections = corrections
        self._algorithms = algorithms
        self._types = types

    def plan(self, title: Title, names: Collection[str]) -> Plan:
        """Return the next pass of those algorithms over a title: over its media, or over active records.

        Whatever reads records that are being made waits for them.
        """
        [plan] = self.plans([title], names)
        return plan

    def plans(
        self,
        titles: Iterable[Title],
        names: Collection[str],
        *,
        parameters: Parameters = AS_DECLARED,
        again: bool = False,
    ) -> Iterator[Plan]:
        """Yield the next pass over each title, and enter the runs that it lacks.

        With `again`, what somebody took back is wanted once more.
        """
        survey = Survey(self._algorithms, self._types, names, parameters=parameters, again=again)
        for some in portions(titles, AT_ONCE):
            yield from self._entered(self._outlooks(survey, some))

    def look(
        self,
        titles: Iterable[Title],
        names: Collection[str],
        *,
        parameters: Parameters = AS_DECLARED,
        again: bool = False,
        anew: bool = False,
    ) -> Iterator[Outlook]:
        """Yield how each title stands towards those algorithms; nothing is entered.

        `anew`, as if nothing of them had ever been made.
        """
        survey = Survey(self._algorithms, self._types, names, parameters=parameters, again=again, anew=anew)
        for some in portions(titles, AT_ONCE):
            yield from self._outlooks(survey, some)

    def item(self, outlook: Outlook, tasks: Iterable[Task]) -> Item:
        """Return a title with tasks, as a worker is told of it."""
        return _item(outlook, self._catalogue.assets(outlook.title.id), tasks)

    def _outlooks(self, survey: Survey, titles: Collection[Title]) -> list[Outlook]:
        ids = [title.id for title in titles]
        past = self._ledger.past(ids, seen_before=True)
        assets = self._catalogue.inputs_of(ids)
        timelines = self._catalogue.timelines_of(ids)
        said = self._corrections.of_titles(ids)
        return [
            survey.of(
                title,
                Facts(
                    timeline=timelines[title.id],
                    assets=assets[title.id],
                    past=past.get(title.id, {}),
                    corrections=said.get(title.id, {}),
                ),
            )
            for title in titles
        ]

    def _entered(self, outlooks: Collection[Outlook]) -> Iterator[Plan]:
        """Enter what is lacking; for a run that is open already, nothing need be written."""
        new = [need.wanted for outlook in outlooks for need in outlook.needs if need.open is None]
        undone = [run for outlook in outlooks for run in outlook.undone]
        wanted = list(dict.fromkeys([*new, *undone])) if undone else new
        entered = {}
        if wanted:
            for run in self._ledger.enter(wanted, seen_before=True):
                entered[run.title, run.algorithm] = run
        assets = self._catalogue.assets_of([outlook.title.id for outlook in outlooks if outlook.needs])
        for outlook in outlooks:
            title = outlook.title.id
            runs = [need.open or entered[title, need.wanted.algorithm] for need in outlook.needs]
            tasks = [
                task_of(need, run.number)
                for need, run in zip(outlook.needs, runs, strict=True)
                if run.state in OPEN
            ]
            yield Plan(
                item=_item(outlook, assets.get(outlook.title.id, ()), tasks),
                open=tuple(run for run in runs if run.state in OPEN),
                done=tuple(outlook.done),
                again=tuple(outlook.again),
                waiting=outlook.waiting,
                lacking=outlook.lacking,
            )


def task_of(need: Need, run: int) -> Task:
    """Return what a worker is told of a run that a title lacks."""
    return Task(
        run=run,
        algorithm=need.wanted.algorithm,
        version=need.wanted.version,
        parameters=dict(need.parameters),
        upstream=dict(need.upstream),
        corrections=need.corrections,
    )


def _item(outlook: Outlook, assets: Iterable[Asset], tasks: Iterable[Task]) -> Item:
    return Item(
        title=outlook.title.id,
        name=outlook.title.name,
        timeline=outlook.timeline,
        assets=tuple(assets),
        tasks=tuple(tasks),
    )
