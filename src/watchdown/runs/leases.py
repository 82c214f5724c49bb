"""Leases on batches: one process works a batch at a time, and a lease ends by itself when its holder dies."""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from watchdown.catalogue.database import Database, now
from watchdown.catalogue.tables import batches
from watchdown.load.clock import Clock, RealClock
from watchdown_schemas.errors import LeaseLost, LibraryError, NotFound

LEASE_S: Final = 10.0
RENEW_S: Final = 2.5
LOOK_S: Final = 0.5
WRITER: Final = "leases"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """The right to work a batch; each one of a batch has a higher `token` than the one before."""

    batch: str
    holder: str
    token: int


def holder_name() -> str:
    """Return a name for who takes leases here, unlike any other."""
    return f"{socket.gethostname()}, process {os.getpid()} ({uuid.uuid4().hex[:8]})"


class BatchLeases:
    """Leases on the batches of a library, by the one clock that its processes agree on.

    A lease that has ended is its holder's still, until another takes it: whoever was held up goes on where
    nobody came. A clock that jumps makes nobody wait for longer than a lease.
    """

    def __init__(self, database: Database, clock: Clock | None = None, lease_s: float | None = None) -> None:
        self._database = database
        self._clock = clock or RealClock()
        self._lease_s = LEASE_S if lease_s is None else lease_s

    def enter(
        self,
        batch: str,
        *,
        image: str = "",
        titles: int = 0,
        algorithms: Sequence[str] = (),
        priority: int = 0,
    ) -> None:
        """Enter a batch that nobody has entered yet, so that it can be leased."""
        with self._database.writing() as connection:
            if connection.execute(select(batches.c.name).where(batches.c.name == batch)).first() is None:
                row = {"name": batch, "image": image, "titles": titles, "algorithms": list(algorithms)}
                row |= {"priority": priority, "planned_at": now()}
                connection.execute(insert(batches).values(row))

    def entered(self, names: Collection[str]) -> dict[str, Row[Any]]:
        """Return the rows of those batches that were entered with what is in them, by name."""
        statement = select(batches).where(batches.c.name.in_(names), batches.c.titles > 0)
        with self._database.reading() as connection:
            return {row.name: row for row in connection.execute(statement)}

    def take(self, batch: str, holder: str) -> Lease | None:
        """Take the lease on a batch; None while another has it, or where the batch was not entered."""
        with self._database.writing(WRITER) as connection:
            at = self._clock.now(connection)
            row = connection.execute(select(batches).where(batches.c.name == batch).with_for_update()).first()
            if row is None:
                return None
            until = row.lease_until
            if row.holder is not None and until > at:
                if until > at + self._lease_s:  # the clock went back: a holder that lives renews it anyway
                    self._set(connection, batch, lease_until=at + self._lease_s)
                return None
            token = row.token + 1
            self._set(connection, batch, holder=holder, lease_until=at + self._lease_s, token=token)
            return Lease(batch=batch, holder=holder, token=token)

    def renew(self, lease: Lease) -> None:
        """Hold a lease for longer; LeaseLost where another has taken it since."""
        with self._database.writing(WRITER) as connection:
            self.check(connection, lease, renew=True)

    def release(self, lease: Lease) -> None:
        """Give a lease back, if it is held still."""
        with self._database.writing(WRITER) as connection:
            mine = (batches.c.name == lease.batch) & (batches.c.token == lease.token)
            connection.execute(update(batches).where(mine).values(holder=None, lease_until=None))

    def check(self, connection: Connection, lease: Lease, *, renew: bool = False) -> None:
        """See in a transaction that a lease is held until its end; LeaseLost where another has taken it."""
        statement = select(batches).where(batches.c.name == lease.batch).with_for_update()
        row = connection.execute(statement).first()
        if row is None or (row.holder, row.token) != (lease.holder, lease.token):
            cause = "was taken over by another process while this one was held up"
            raise LeaseLost(f"batch {lease.batch}", cause, "Leave it to that one; nothing is lost")
        at = self._clock.now(connection)
        if renew or row.lease_until <= at:
            self._set(connection, lease.batch, lease_until=at + self._lease_s)

    def token(self, batch: str) -> int:
        """Return the token of the newest lease on a batch; 0 where there was none yet."""
        with self._database.reading() as connection:
            statement = select(batches.c.token).where(batches.c.name == batch)
            return connection.execute(statement).scalar_one_or_none() or 0

    def held(self) -> dict[str, str]:
        """Return who holds a lease now, by batch."""
        with self._database.reading() as connection:
            alive = batches.c.holder.is_not(None) & (batches.c.lease_until > self._clock.now(connection))
            rows = connection.execute(select(batches.c.name, batches.c.holder).where(alive))
            return {row.name: row.holder for row in rows}

    @contextmanager
    def kept(self, lease: Lease) -> Iterator[Lease]:
        """Keep a lease alive, whatever its holder does, then give it back."""
        ended = Event()
        keeper = Thread(target=self._keep, args=(lease, ended), name=f"lease on {lease.batch}", daemon=True)
        keeper.start()
        try:
            yield lease
        finally:
            ended.set()
            keeper.join()
            with suppress(LibraryError):  # it ends by itself
                self.release(lease)

    @contextmanager
    def holding(self, batch: str, waiting: Callable[[], None]) -> Iterator[Lease]:
        """Hold the lease on a batch; while another has it, call `waiting`, whose error ends the wait."""
        holder = holder_name()
        while (lease := self.take(batch, holder)) is None:
            if not self._known(batch):
                raise NotFound(batch, "is no batch of this library", "See: watchdown backfills list")
            waiting()
            time.sleep(LOOK_S)
        with self.kept(lease), self.guarding(lease):
            yield lease

    def guarding(self, lease: Lease) -> AbstractContextManager[None]:
        """Refuse what this thread writes to the ledger once another has taken the lease: LeaseLost."""
        return self._database.guarded(lambda connection: self.check(connection, lease))

    def _known(self, batch: str) -> bool:
        with self._database.reading() as connection:
            statement = select(batches.c.name).where(batches.c.name == batch)
            return connection.execute(statement).first() is not None

    def _keep(self, lease: Lease, ended: Event) -> None:
        while not ended.wait(min(RENEW_S, self._lease_s / 4)):
            try:
                self.renew(lease)
            except LeaseLost:
                return  # the next transaction says so
            except LibraryError:
                continue  # the database may be back in time

    def _set(self, connection: Connection, batch: str, **values: object) -> None:
        connection.execute(update(batches).where(batches.c.name == batch).values(values))
