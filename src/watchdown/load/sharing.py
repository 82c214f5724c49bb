"""How a limit is divided: among backfills first, then among the loaders of each; nobody starves.

Nobody gets more than it wants while another wants more. Those for whom somebody waits have a reserve, of
which the others get what is not wanted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from math import inf, isinf
from typing import Final, TypeVar

K = TypeVar("K", bound=Hashable)
Group = tuple[str | int, bool]
RESERVE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Want:
    """What a loader wants of a limit, None for all that it can get, and for whom it loads.

    `most` is what all loaders of its backfill may have together; without a backfill, it alone.
    """

    amount: float | None = None
    backfill: int | None = None
    most: float | None = None
    urgent: bool = False


def shares(
    limit: float | None, wanted: Mapping[str, Want], reserve: float = RESERVE
) -> dict[str, float | None]:
    """Return the share of each loader by id; None is without limit, where `limit` is None.

    The shares add up to the limit, or to what all backfills may have where that is less: what is not wanted
    is divided as well, since a want is an estimate. `reserve` is the part of the limit that urgent loaders
    get at least, if they want it.
    """
    groups: dict[Group, dict[str, float]] = defaultdict(dict)
    caps: dict[Group, float] = {}
    for loader, want in wanted.items():
        key: Group = (loader if want.backfill is None else want.backfill, want.urgent)
        groups[key][loader] = _number(want.amount)
        caps[key] = min(caps.get(key, inf), _number(want.most))
    asked = {key: min(caps[key], sum(members.values())) for key, members in groups.items()}
    given = caps if limit is None else _between_groups(limit, asked, caps, reserve)
    found: dict[str, float | None] = {}
    for key, members in groups.items():
        if isinf(given[key]):
            found |= dict.fromkeys(members)
        else:
            found |= _spread(given[key], members, dict.fromkeys(members, inf))
    return found


def _between_groups(
    limit: float,
    asked: Mapping[Group, float],
    caps: Mapping[Group, float],
    reserve: float,
) -> dict[Group, float]:
    """Divide fairly; where the urgent would get less than their reserve so, that goes to them first."""
    fair = _spread(limit, asked, caps)
    urgent = {key: want for key, want in asked.items() if key[1]}
    due = min(reserve * limit, sum(urgent.values()))
    if sum(fair[key] for key in urgent) >= due:
        return fair
    others = {key: want for key, want in asked.items() if not key[1]}
    return _spread(due, urgent, caps) | _spread(limit - due, others, caps)


def _spread(limit: float, wants: Mapping[K, float], caps: Mapping[K, float]) -> dict[K, float]:
    """Fill up what is wanted, then what more may be had."""
    found = _filled(limit, {key: min(want, caps[key]) for key, want in wants.items()})
    left = max(0.0, limit - sum(found.values()))
    more = _filled(left, {key: caps[key] - found[key] for key in wants})
    return {key: found[key] + more[key] for key in wants}


def _filled(limit: float, wants: Mapping[K, float]) -> dict[K, float]:
    """Divide evenly; what the modest leave goes to the others."""
    left, found = limit, dict[K, float]()
    for place, key in enumerate(sorted(wants, key=lambda one: wants[one])):
        found[key] = min(wants[key], left / (len(wants) - place))
        left -= found[key]
    return found


def _number(given: float | None) -> float:
    return inf if given is None else given
