"""A connection that threads share: the server's client lives on one event loop, one per process."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Lock
from typing import Any, Final, TypeVar

from anyio.from_thread import BlockingPortal, BlockingPortalProvider

from watchdown.models.triton import Server

T = TypeVar("T")
LOOP: Final = BlockingPortalProvider()


class Connection:
    """One server, connected to when it is first called."""

    def __init__(self, connect: Callable[[], Server]) -> None:
        self._connect = connect
        self._opening = Lock()
        self._opened: tuple[BlockingPortal, Server, ExitStack] | None = None

    def call(self, ask: Callable[[Server], Coroutine[Any, Any, T]]) -> T:
        """Run a conversation with the server and wait for its end; an interruption here ends it there."""
        portal, server = self._open()
        future: Future[T] = portal.start_task_soon(ask, server)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def _open(self) -> tuple[BlockingPortal, Server]:
        with self._opening:
            if self._opened is None:
                with ExitStack() as held:
                    portal = held.enter_context(LOOP)
                    server = portal.call(self._connect)
                    held.callback(portal.call, server.close)
                    self._opened = portal, server, held.pop_all()
                    # A loop that outlives the interpreter's end would be waited for for ever.
                    atexit.register(self.close)
            return self._opened[:2]

    def close(self) -> None:
        """Close the connection; a later call opens it again."""
        with self._opening:
            opened, self._opened = self._opened, None
        if opened is not None:
            atexit.unregister(self.close)
            opened[2].close()
