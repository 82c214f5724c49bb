"""The load budget, as a loader sees it: a share of what all loaders may write in a second."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Event, Lock, Thread
from types import TracebackType
from typing import Final, Self

from watchdown.catalogue.database import Database, now
from watchdown.load.bucket import Bucket
from watchdown.load.claim import NOBODY, Claim
from watchdown.load.clock import Clock, RealClock
from watchdown.load.leases import KINDS, LEASE_S, RENEW_S, Lease, Leases, Report
from watchdown.load.lookout import Lookout
from watchdown.stores.feedback import Feedback
from watchdown_schemas.errors import LibraryError

LOOK_S: Final = 0.2
LEAST_S: Final = 0.01
SMOOTHING: Final = 0.3
MORE: Final = 1.5  # who did not have to wait may want this much more than it took


class Budget:
    """One loader's share of the budget; any number of its threads may take from it.

    Inside `with`, a thread of its own renews the lease, whatever else the loader does. When its process
    dies, the share goes to the others as soon as the lease ends. Where the store gives `feedback`, one of
    all loaders looks at it, and everybody goes by what it bears.
    """

    def __init__(
        self,
        database: Database,
        name: str = "",
        clock: Clock | None = None,
        *,
        claim: Claim = NOBODY,
        feedback: Feedback | None = None,
    ) -> None:
        self.id: Final = uuid.uuid4().hex
        self.name: Final = name or f"{socket.gethostname()}, process {os.getpid()}"
        self._clock = clock or RealClock()
        self._leases = Leases(database, self._clock)
        self._since = now()
        self._changed = Condition()
        self._buckets = {kind: Bucket() for kind in KINDS}
        self._taken = dict.fromkeys(KINDS, 0)
        self._told = dict.fromkeys(KINDS, 0)
        self._rates = dict.fromkeys(KINDS, 0.0)
        self._waited = dict.fromkeys(KINDS, True)
        self._told_at = self._renew_at = self._clock.elapsed()
        self._renewing = Lock()
        self._ended = Event()
        self._keeper: Thread | None = None
        self._fault: LibraryError | None = None
        self._claim = claim
        self._lookout = Lookout(feedback, self._clock) if feedback else None

    def __enter__(self) -> Self:
        lease = self.renew()
        if self._lookout is not None:
            if lease.at_rest and self._lookout.rest():
                self.renew()
            self._lookout.begin()
        self._keeper = Thread(target=self._keep, name="load budget", daemon=True)
        self._keeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._keeper is not None:
            self._keeper.join()
        if self._lookout is not None:
            self._lookout.end()
        with suppress(LibraryError):  # it ends by itself
            self._leases.release(self.id)

    def take(
        self,
        documents: int,
        bytes: int,  # noqa: A002 - the word for it
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        """Take a batch from the budget; blocks until it may be loaded.

        While it waits, `waiting` is called again and again; what it raises ends the wait, and nothing is
        taken. Raises DatabaseUnavailable where the lease has ended and cannot be renewed.
        """
        while (wait := self.attempt(documents, bytes)) > 0:
            waiting()
            with self._changed:
                self._clock.wait(self._changed, min(wait, LOOK_S))

    def attempt(self, documents: int, bytes: int) -> float:  # noqa: A002 - the word for it
        """Take a batch if it may be loaded now, and return 0; else the seconds after which to ask again."""
        if self._keeper is None and self._clock.elapsed() >= self._renew_at:
            self.renew()
        with self._changed:
            at = self._clock.elapsed()
            waits = {kind: bucket.wait(at) for kind, bucket in self._buckets.items()}
            wait = max(waits.values())
            if wait <= 0:
                for kind, amount in zip(KINDS, (documents, bytes), strict=True):
                    self._buckets[kind].take(amount)
                    self._taken[kind] += amount
                return 0.0
            for kind, seconds in waits.items():
                self._waited[kind] |= seconds > 0
            if self._fault is not None and at >= self._told_at + LEASE_S:
                raise self._fault
            return min(wait, max(self._renew_at - at, LEAST_S))

    def renew(self) -> Lease:
        """Tell the others what was taken and seen, and get the share from now on."""
        with self._renewing:
            with self._changed:
                begin = self._clock.elapsed()
                report = self._report(begin)
            lease = self._leases.renew(report)
            if self._lookout is not None:
                self._lookout.told(looks=lease.looks)
            with self._changed:
                self._apply(lease, begin, report)
                self._changed.notify_all()
        return lease

    def _report(self, at: float) -> Report:
        seconds = at - self._told_at
        rates = dict(self._rates)
        if seconds > 0:
            for kind in KINDS:
                newest = (self._taken[kind] - self._told[kind]) / seconds
                weight = SMOOTHING if self._rates[kind] else 1.0
                rates[kind] += weight * (newest - rates[kind])
        wanted = {
            kind: None if self._waited[kind] or self._buckets[kind].rate is None else MORE * rates[kind]
            for kind in KINDS
        }
        return Report(
            id=self.id,
            name=self.name,
            since=self._since,
            taken=dict(self._taken),
            rates=rates,
            wanted=wanted,
            claim=self._claim,
            seen=self._lookout.seen() if self._lookout else None,
        )

    def _apply(self, lease: Lease, begin: float, report: Report) -> None:
        at = self._clock.elapsed()
        for kind, bucket in self._buckets.items():
            bucket.grant(at, lease.shares[kind], begin + LEASE_S)
        self._rates, self._told = dict(report.rates), dict(report.taken)
        self._waited = dict.fromkeys(KINDS, False)
        self._told_at, self._fault = begin, None
        self._renew_at = begin + lease.again_s

    def _keep(self) -> None:
        while not self._ended.wait(max(0.0, self._renew_at - self._clock.elapsed())):
            try:
                self.renew()
            except LibraryError as error:
                with self._changed:
                    self._fault, self._renew_at = error, self._clock.elapsed() + RENEW_S
