"""The governor: how fast all loaders together may be, as the store bears it.

Halved when the store has too much, a little more each second while it has not (AIMD). It knows no clock and
no database: from a state and what was seen since comes the next state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

LEAST: Final = 100.0  # documents/s: slower than that, a load only takes longer
BOUND: Final = 1.2  # how much longer than at rest one search in twenty may take
SLACK_MS: Final = 2.0  # less than that is chance
STEP: Final = 0.05  # in a second, of the rate that was too much; beyond that, of the rate now
WANTED: Final = 0.7  # of the rate: who takes less is not held back by it
SETTLE_S: Final = 3.0  # until what was changed shows
ENOUGH: Final = 5  # searches that say something together
KEPT: Final = 20
STALE_S: Final = 3600.0  # after which what was learnt is learnt anew
QUEUED: Final = 5.0  # writes that wait for each thread: beyond, they wait for seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """What was seen since the last time.

    `limit` is the highest rate, None without one; `used` is how fast all loaders are, in documents/s.
    `rejected` is how often the store has had too much, `searched_ms` what searches took, `queued` how many
    writes wait for each of the store's threads.
    """

    limit: float | None = None
    used: float = 0.0
    rejected: int = 0
    searched_ms: Sequence[float] = ()
    queued: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Governed:
    """The governor's state.

    `rate` is what all loaders may have now, None where only the limit counts; `peak` is what was too much
    last. `recent` are the searches since the rate was lowered, `idle` those at rest, in milliseconds.
    """

    rate: float | None = None
    peak: float = 0.0
    why: str = ""
    changed_at: float = 0.0
    at: float = 0.0
    rejected: int = 0
    queued: float = 0.0
    recent: tuple[float, ...] = ()
    idle: tuple[float, ...] = ()
    idle_at: float = 0.0

    @property
    def search_p95_ms(self) -> float | None:
        """What one search in twenty exceeds under load."""
        return p95(self.recent)

    @property
    def idle_p95_ms(self) -> float | None:
        """What one search in twenty exceeds at rest."""
        return p95(self.idle)

    def knows_idle(self, at: float) -> bool:
        """Whether it knows what searches take at rest, from not too long ago."""
        return len(self.idle) >= ENOUGH and 0 <= at - self.idle_at < STALE_S


def p95(times: Sequence[float]) -> float | None:
    """Return what one in twenty exceeds; of a few, no single one decides. None of less than `ENOUGH`."""
    return sorted(times)[int(0.95 * (len(times) - 1))] if len(times) >= ENOUGH else None


def govern(was: Governed, at: float, seen: Seen) -> Governed:
    """Return the next state, at a time in seconds that all loaders agree on."""
    if at < was.at or at - was.at > STALE_S:  # the clock was set, or all this was long ago
        was = Governed(idle=was.idle, idle_at=min(was.idle_at, at), rejected=was.rejected)
    known = _observed(was, at, seen)
    grown = seen.queued is not None and seen.queued > QUEUED and seen.queued >= was.queued
    settled = was.rate is None or at - was.changed_at >= SETTLE_S
    if seen.rejected and settled:
        return _lowered(
            known, at, seen, f"{seen.rejected} rejections" if seen.rejected > 1 else "a rejection"
        )
    if grown and settled:
        return _lowered(known, at, seen, f"{seen.queued:.0f} writes wait for each thread of the store")
    if (slow := _slow(known)) and settled:
        if known.rate is not None and known.rate <= 2 * _least(seen):  # then it is not the load
            why = "searches are as slow beside hardly any load"
            return replace(known, idle=known.recent, idle_at=at, recent=(), why=why)
        return _lowered(known, at, seen, slow)
    if known.rate is None or seen.rejected or grown or slow:
        return known
    return _raised(known, max(0.0, min(at - was.at, 2.0)), seen)


def _observed(was: Governed, at: float, seen: Seen) -> Governed:
    """Enter what was seen; searches at rest, or quicker than those, are what is normal."""
    took = tuple(seen.searched_ms)
    queued = was.queued if seen.queued is None else seen.queued
    known = replace(was, at=at, rejected=was.rejected + seen.rejected, queued=queued)
    if not took:
        return known
    if seen.used < 1.0:
        fresh = (*was.idle, *took) if was.knows_idle(at) or len(was.idle) < ENOUGH else took
        return replace(known, idle=fresh[-KEPT:], idle_at=at)
    recent = (*was.recent, *took)[-KEPT:]
    now, rest = p95(recent), was.idle_p95_ms
    quicker = len(recent) == KEPT and now is not None and rest is not None and now < rest
    return replace(known, recent=recent, idle=recent if quicker else was.idle)


def _slow(known: Governed) -> str:
    now, rest = known.search_p95_ms, known.idle_p95_ms
    if now is None or rest is None or now <= max(BOUND * rest, rest + SLACK_MS):
        return ""
    return f"searches take {now:.0f} ms (p95), {rest:.0f} ms at rest"


def _lowered(known: Governed, at: float, seen: Seen, why: str) -> Governed:
    """Halve the rate, or what is really loaded where that is less."""
    now = min(one for one in (known.rate, seen.limit, seen.used) if one is not None)
    if not now:  # what is too much for the store is not ours
        return known
    rate = max(_least(seen), now / 2)
    return replace(known, rate=rate, peak=now, why=why, changed_at=at, recent=())


def _raised(known: Governed, seconds: float, seen: Seen) -> Governed:
    """Raise the rate while it is wanted, up to the limit."""
    if known.rate is None or seen.used < WANTED * known.rate:
        return known
    rate = known.rate + seconds * STEP * max(known.peak, known.rate, LEAST)
    if seen.limit is not None and rate >= seen.limit:
        return replace(known, rate=None, why="")
    return replace(known, rate=rate)


def _least(seen: Seen) -> float:
    return LEAST if seen.limit is None else min(LEAST, seen.limit)
