"""How a limit is divided among loaders: nobody gets more than it wants while another wants more."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf


def shares(limit: float, wanted: Mapping[str, float | None]) -> dict[str, float]:
    """Return the share of each loader; None wants all that it can get. The shares add up to the limit.

    What the modest leave is divided evenly among the others; what all leave, among all.
    """
    left, found = limit, {}
    asking = sorted(wanted, key=lambda one: (_amount(wanted[one]), one))
    for place, loader in enumerate(asking):
        found[loader] = min(_amount(wanted[loader]), left / (len(asking) - place))
        left -= found[loader]
    return {loader: share + left / len(asking) for loader, share in found.items()}


def _amount(wanted: float | None) -> float:
    return inf if wanted is None else wanted
