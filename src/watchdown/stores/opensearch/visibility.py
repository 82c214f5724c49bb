"""What is visible, told to readers who have no database: as it is now, and at each epoch that is kept."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pyroaring import BitMap64

from watchdown.stores.opensearch.state import State
from watchdown.view import View, expired
from watchdown_schemas.errors import CursorExpired, NotFound

NOW: Final = "epoch"
OLDEST: Final = "oldest"
KEEP_EPOCHS: Final = 1_000
KEEP_READ: Final = 8


@dataclass(frozen=True, slots=True)
class Shown:
    """A view with the models behind its runs, by algorithm."""

    view: View
    models: Mapping[str, set[str]]


NOTHING: Final = Shown(View(epoch=0, last_run=0, visible=frozenset()), {})


class Visibility:
    """What the store knows of epochs."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._read: dict[int, Shown] = {0: NOTHING}

    def epoch(self) -> int:
        """Return the epoch that readers see; 0 where nothing was published yet."""
        return self._state.number(NOW)

    def shown(self, epoch: int | None = None) -> Shown:
        """Return what readers see now, or saw at an epoch that is still kept.

        Raises CursorExpired for an epoch that is kept no more, NotFound for one that never was.
        """
        at = self.epoch() if epoch is None else epoch
        if at not in self._read:
            found = self._state.payload(_name(at))
            if found is None:
                raise self._gone(at)
            # Readers run at the same time: the few that are kept are replaced whole.
            some = list(self._read.items())[2 - KEEP_READ :]
            self._read = {0: NOTHING, **dict(some), at: _shown(at, orjson.loads(found[1]))}
        return self._read[at]

    def oldest(self) -> int:
        """Return the oldest epoch that can still be read; 0 where all can."""
        return self._state.number(OLDEST)

    def check(self, epoch: int) -> None:
        """Raise CursorExpired for an epoch of which some runs were removed."""
        if 0 < epoch < self.oldest():
            raise expired(epoch)

    def expire(self, oldest: int) -> None:
        """Tell readers that epochs before one can be read no more, and forget what was visible then."""
        known = self.oldest()
        if known < oldest:
            self._state.write(OLDEST, oldest, "")
            self._state.forget(*map(_name, range(max(1, known, oldest - KEEP_EPOCHS), oldest)))

    def _gone(self, epoch: int) -> CursorExpired | NotFound:
        newest = self.epoch()
        if 0 < epoch <= newest:
            return expired(epoch)
        return NotFound(str(epoch), "is no epoch of this library", f"The newest is {newest}.")

    def show(self, shown: Shown) -> None:
        """Tell readers what is visible; where a later epoch was told, that one stays."""
        view = shown.view
        told = {
            "last_run": view.last_run,
            "visible": base64.b64encode(BitMap64(view.visible).serialize()).decode(),
            "models": {name: sorted(some) for name, some in shown.models.items()},
        }
        self._state.write(_name(view.epoch), view.epoch, orjson.dumps(told).decode())
        self._state.write(NOW, view.epoch, "")  # only then, since it leads to the other
        if view.epoch > KEEP_EPOCHS:
            self._state.forget(_name(view.epoch - KEEP_EPOCHS))


def _name(epoch: int) -> str:
    return f"{NOW}-{epoch}"


def _shown(epoch: int, told: Mapping[str, Any]) -> Shown:
    visible = frozenset(BitMap64.deserialize(base64.b64decode(told["visible"])))
    models = {name: set(some) for name, some in told["models"].items()}
    return Shown(View(epoch=epoch, last_run=told["last_run"], visible=visible), models)
