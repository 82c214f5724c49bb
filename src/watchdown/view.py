"""What one reader may see: taken once per query and used by every engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from watchdown_schemas.errors import CursorExpired

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class View:
    """The visible runs at an epoch; any other run, one not yet known above all, is hidden.

    `titles` limits the view to those titles; None is all of them.
    """

    epoch: int
    last_run: int
    visible: frozenset[int]
    titles: frozenset[str] | None = None

    def within(self, titles: frozenset[str] | None) -> View:
        """Return the same view, limited to titles."""
        return View(epoch=self.epoch, last_run=self.last_run, visible=self.visible, titles=titles)

    @cached_property
    def hidden(self) -> NDArray[np.bool_]:
        """Whether a run is hidden, bool [last_run + 2]; the last entry stands for later runs."""
        import numpy as np

        hidden = np.ones(self.last_run + 2, dtype=np.bool_)
        hidden[list(self.visible)] = False
        return hidden

    def hides(self, runs: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return for each run number whether it is hidden."""
        import numpy as np

        return self.hidden[np.minimum(runs, self.last_run + 1)]


def expired(epoch: int) -> CursorExpired:
    """Return the error for an epoch that some of its runs were removed since."""
    return CursorExpired(str(epoch), "is an epoch that is kept no more", "Ask from the first page")
