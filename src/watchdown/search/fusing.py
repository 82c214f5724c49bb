"""Several leaves as one: rows of models whose scores cannot be compared, ranked by their places.

Reciprocal rank fusion (Cormack, Clarke, Büttcher: SIGIR 2009): a row scores 1 / (60 + its place). Its place
in a list does not change when one looks deeper, so that pages of such an answer stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from watchdown.stores.protocol import Candidates, Leaf, Searcher, Snapshot, ranked
from watchdown.view import View

DAMPING: Final = 60


def search(
    searcher: Searcher, leaves: Sequence[Leaf], view: View, *, limit: int, snapshot: Snapshot
) -> Candidates:
    """Return the best rows of leaves, up to `limit` of each; of one leaf, with the scores of the store."""
    found = [searcher.search(leaf, view, limit=limit, snapshot=snapshot) for leaf in leaves]
    if len(found) == 1:
        return found[0]
    rows = [
        {**row, "score": 1 / (DAMPING + place)}
        for one in found
        for place, row in enumerate(one.rows, start=1)
    ]
    return Candidates(ranked(rows), all(one.exhausted for one in found))
