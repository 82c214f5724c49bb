"""What stations tell while they work: how long they take, which runs they move on, and to which state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, Final, ParamSpec, Protocol, TypeVar

from watchdown.metrics.instruments import add, at_station, listened
from watchdown.runs.batch import Item
from watchdown.runs.staging import Manifest

if TYPE_CHECKING:
    from watchdown.runs.ledger import Run  # a worker loads no database

P = ParamSpec("P")
T = TypeVar("T")
TITLES: Final = 50  # named in a span


class Stationed(Protocol):
    """What has stages, and can tell how runs stand now."""

    def now(self, runs: Sequence[Run]) -> list[Run]:
        """Return runs as they stand."""
        ...


S = TypeVar("S", bound=Stationed)
Stage = Callable[Concatenate[S, "Sequence[Run]", P], T]


def stage(station: str) -> Callable[[Stage[S, P, T]], Stage[S, P, T]]:
    """Make a stage tell of each call, and of the runs that it moved on."""

    def decorate(call: Stage[S, P, T]) -> Stage[S, P, T]:
        @wraps(call)
        def measured(self: S, runs: Sequence[Run], /, *args: P.args, **kwargs: P.kwargs) -> T:
            if not listened():
                return call(self, runs, *args, **kwargs)
            before = {run.number: run.state for run in self.now(runs)}
            titles = sorted({run.title for run in runs})
            with at_station(station, runs=len(runs), titles=", ".join(titles[:TITLES])):
                found = call(self, runs, *args, **kwargs)
            for run in self.now(runs):
                if run.state is not before[run.number]:
                    _moved(station, run.algorithm, run.state)
            return found

        return measured

    return decorate


Work = Callable[Concatenate[Item, P], list[Manifest]]


def worked(call: Work[P]) -> Work[P]:
    """Make the work on a title tell of it: a span of the title, and the rows and end of each of its runs."""

    @wraps(call)
    def measured(item: Item, /, *args: P.args, **kwargs: P.kwargs) -> list[Manifest]:
        algorithms = {task.run: task.algorithm for task in item.tasks}
        names = ", ".join(algorithms.values())
        with at_station("work", title=item.title, title_name=item.name, algorithms=names):
            manifests = call(item, *args, **kwargs)
            for manifest in manifests:
                _moved("work", algorithms[manifest.run], "failed" if manifest.error else "staged")
                for schema, rows in manifest.counts.items():
                    add("watchdown_worked_rows_total", rows, schema_type=schema)
            return manifests

    return measured


def planned(call: Callable[P, T]) -> Callable[P, T]:
    """Make planning tell how long it takes."""

    @wraps(call)
    def measured(*args: P.args, **kwargs: P.kwargs) -> T:
        with at_station("plan"):
            return call(*args, **kwargs)

    return measured


def _moved(station: str, algorithm: str, outcome: str) -> None:
    add("watchdown_station_runs_total", station=station, algorithm=algorithm, outcome=outcome)
