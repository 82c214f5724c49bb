"""One call of a graph on a server: a batch goes as several requests at once, and comes back in order.

What is refused for lack of room, or because the server is away, is asked again until the call's deadline.
Each answer is proved to be of the model that was asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from watchdown.models.patience import Exhausted, Passing, Patience, together
from watchdown.models.proof import proves, question
from watchdown.models.repository import NAME
from watchdown.models.triton import Refused, Served, Server
from watchdown_algos.model_files import takes_no
from watchdown_schemas.errors import ModelMismatch, ModelUnavailable, WatchdownError

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXPORT: Final = "Write its repository with: watchdown models export DIR, and let the server load the model"
ON_ITS_WAY: Final = ("LOADING", "READY")


class Call:
    """One call, with its deadline in seconds; made on the server's loop."""

    def __init__(self, server: Server, name: str, fingerprint: str, deadline: float) -> None:
        self._server = server
        self._name = name
        self._fingerprint = fingerprint
        self._patience = Patience(deadline)
        self._subject: Final = f"{name} on {server.address}"

    async def run(self, batch: NDArray[Any] | None) -> NDArray[np.float32]:
        """Return the vectors of a batch; of None, that of the row that proves an answer.

        Raises ModelUnavailable, ModelMismatch, or AlgorithmError where the graph takes no such batch.
        """
        try:
            return await self._patience.within(self._whole(batch))
        except Exhausted as exhausted:
            remedy = "See that the server runs and has room, and do it again"
            raise ModelUnavailable(self._subject, str(exhausted), remedy) from None

    async def _whole(self, batch: NDArray[Any] | None) -> NDArray[np.float32]:
        served = await self._patience.insist(self._described)
        asked = served.asked
        rows = question(asked) if batch is None else batch
        if rows.dtype != asked.dtype or rows.shape[1:] != asked.shape:
            raise takes_no(self._subject, rows, f"but {asked.dtype} [n, {str(asked.shape)[1:-1]}]")
        parts = np.array_split(rows, -(-len(rows) // (served.max_batch - 1)))
        requests = [self._patience.insist(partial(self._part, part)) for part in parts]
        return np.concatenate(await together(requests))

    async def _part(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Run as many rows as one request takes, and the one that proves the answer."""
        served = await self._described()
        try:
            answer = await self._server.infer(served, rows, question(served.asked))
        except Refused as refused:
            if refused.status == "INVALID_ARGUMENT":
                raise takes_no(self._subject, rows, str(refused)) from refused
            raise await self._meaning(refused) from refused
        if not _proved(answer, rows, served) and not _proved(answer, rows, await self._described(again=True)):
            cause = f"answers as another model than {self._fingerprint} does"
            raise ModelMismatch(self._subject, cause, EXPORT)
        return answer[:-1].astype(np.float32, copy=False)

    async def _described(self, *, again: bool = False) -> Served:
        """Return what the server tells of the graph, which must be of the model whose files are here."""
        try:
            served = await self._server.describe(self._name, again=again)
        except Refused as refused:
            raise await self._meaning(refused) from refused
        if served.fingerprint != self._fingerprint or not served.proof:
            told = served.fingerprint or "of unknown origin"
            raise ModelMismatch(self._subject, f"is model {told}, the files here {self._fingerprint}", EXPORT)
        return served

    async def _meaning(self, refused: Refused) -> Exception:
        """Return what a refusal means: something to be asked again, or an error for people."""
        if refused.passing:
            return Passing(str(refused))
        if refused.status != "NOT_FOUND":
            # The server runs requests of many callers together: another's may have failed this one.
            error = ModelUnavailable(self._subject, f"failed ({refused})", "See the log of that server")
            return Passing(str(refused), error)
        try:
            states = await self._server.states()
        except Refused as also:
            return Passing(str(also))
        if states.get(self._name, "").startswith(ON_ITS_WAY):
            return Passing(str(refused))
        return self._absent(states)

    def _absent(self, states: dict[str, str]) -> WatchdownError:
        """Return the error for a model that the server does not have; of another version, say which."""
        if self._name in states:
            remedy = "Let the server load it again, and do this again"
            return ModelUnavailable(self._subject, f"is not loaded ({states[self._name]})", remedy)
        mine = NAME.fullmatch(self._name)
        found = [
            found for found in map(NAME.fullmatch, states) if found and mine and found["stem"] == mine["stem"]
        ]
        if found:
            others = ", ".join(one["fingerprint"] for one in found)
            cause = f"is not there; that server has model {others}, the files here are {self._fingerprint}"
            return ModelMismatch(self._subject, cause, EXPORT)
        return ModelUnavailable(self._subject, "is not there", EXPORT)


def _proved(answer: NDArray[Any], rows: NDArray[Any], served: Served) -> bool:
    return answer.shape == (len(rows) + 1, *served.answered.shape) and proves(answer[-1], served.proof)
