"""How a server's answers are proved to come from the right graph: one more row, whose answer is known.

A name or a fingerprint in a configuration only says which graph should run. The row is asked in the same
request as the caller's own, and a request is answered by one graph, whatever is loaded meanwhile.
"""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from watchdown_algos.model_files import Tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

VALUES: Final = 32
DECIMALS: Final = 5
# Another precision (TF32, half) is off by about a thousandth of the length; other weights by far more.
TOLERANCE: Final = 0.01


@cache
def question(asked: Tensor) -> NDArray[Any]:
    """Return the row that is asked, [1, *shape]: a wave, or ids that every vocabulary has."""
    steps = np.arange(int(np.prod(asked.shape)))
    row = np.sin(steps) if np.issubdtype(asked.dtype, np.floating) else steps
    rows = row.astype(asked.dtype).reshape(1, *asked.shape)
    rows.flags.writeable = False
    return rows


def written(answer: NDArray[Any]) -> str:
    """Return the beginning of a graph's answer as text, to be kept beside the graph."""
    return json.dumps([round(float(value), DECIMALS) for value in answer.ravel()[:VALUES]])


def proves(answer: NDArray[Any], kept: str) -> bool:
    """Whether an answer is the one that was kept."""
    expected, most = _expected(kept)
    found = answer.ravel()[:VALUES]
    return found.shape == expected.shape and bool(np.sum((found - expected) ** 2) <= most)


@cache
def _expected(kept: str) -> tuple[NDArray[np.float64], float]:
    """Return the kept answer, and the square of how far from it an answer may lie."""
    expected = np.asarray(json.loads(kept), dtype=np.float64)
    return expected, float(np.sum((TOLERANCE * expected) ** 2))
