"""Batches at work: every stage of a batch as one call, which may be repeated after whatever ended it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from watchdown.load.claim import NOBODY, Claim
from watchdown.runs.batch import read_batch
from watchdown.runs.judging import Judge
from watchdown.runs.ledger import Ledger, Run
from watchdown.runs.stages import Gate, Stages, as_manifests_say, open_gate
from watchdown.runs.states import OPEN
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import NotFound

UNFINISHED = "no worker finished it; its Job's log says why, and the next backfill tries again"


class Batches:
    """The stages by batch. Each returns the batch's runs as they stand then."""

    def __init__(
        self,
        *,
        storage: Storage,
        ledger: Ledger,
        stages: Stages,
        algorithms: AlgorithmCatalogue,
        judge: Callable[[str], Judge | None],
    ) -> None:
        """Make them; `judge` gives the judge of a batch by its name, None where there is none."""
        self._storage = storage
        self._ledger = ledger
        self._stages = stages
        self._tolerance = as_manifests_say(algorithms)
        self._judge = judge

    def runs(self, name: str) -> list[Run]:
        """Return the runs of a batch as they stand; NotFound where the ledger has none."""
        found = self._ledger.runs(batch=name)
        if not found:
            read_batch(self._storage, name)
            raise NotFound(name, "has no runs in the ledger", "Plan it again with: watchdown backfill")
        return found

    def record(self, name: str, lost: Mapping[int, str] | None = None) -> list[Run]:
        """Enter what the workers of a batch have left, once none of them is at work any more.

        `lost` says by index why there is nothing of an item; whatever nobody finished is lost as well.
        """
        runs, causes = self.runs(name), lost or {}
        if all(run.state not in OPEN for run in runs):
            return runs  # its file may be gone by now
        batch = read_batch(self._storage, name)
        if strange := [index for index in causes if not 0 <= index < len(batch.items)]:
            remedy = f"Its indexes are 0 to {len(batch.items) - 1}"
            raise NotFound(f"batch {name}", f"has no index {strange[0]}", remedy)
        why = {
            task.run: causes.get(index, UNFINISHED)
            for index, item in enumerate(batch.items)
            for task in item.tasks
        }
        self._stages.record(runs, why)
        return self.runs(name)

    def validate(self, name: str) -> list[Run]:
        """Let the recorded runs of a batch pass or hold them, each by itself and all together."""
        self._stages.validate(self.runs(name), self._tolerance, self._judge(name))
        return self.runs(name)

    def load(self, name: str, claim: Claim = NOBODY, gate: Gate = open_gate) -> list[Run]:
        """Load the runs that passed, within what is claimed of the budget, and while `gate` lets them."""
        self._stages.load(self.runs(name), self._tolerance, claim=claim, gate=gate)
        return self.runs(name)

    def publish(self, name: str) -> list[Run]:
        """Show what is loaded, all at one moment."""
        self._stages.publish(self.runs(name))
        return self.runs(name)


def counted(runs: Iterable[Run]) -> dict[str, int]:
    """Return how many runs are in each state."""
    found: dict[str, int] = {}
    for run in runs:
        found[run.state] = found.get(run.state, 0) + 1
    return found
