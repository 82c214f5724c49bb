"""How long a server is asked again: at random intervals, until the time of one request is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Final, TypeVar

from opensearchpy.exceptions import OpenSearchException
from tenacity import (
    Retrying,
    retry_if_exception,
    sleep_using_event,
    stop_any,
    stop_before_delay,
    stop_when_event_set,
    wait_random_exponential,
)

from watchdown.stores.opensearch.faults import passes

T = TypeVar("T")
FIRST_WAIT_S: Final = 0.2
LONGEST_WAIT_S: Final = 5.0
LEAST_S: Final = 0.5  # that an answer may take, however little time is left


def insist(
    ask: Callable[[float], T],
    seconds: float,
    *,
    before_again: Callable[[], None] = lambda: None,
    given_up: Event | None = None,
) -> T:
    """Return what `ask` returns, asked again while the server is away or has too much to do.

    Args:
        ask: Sends the request; is told how many seconds are left, which its answer must not exceed.
        seconds: The time of all tries together.
        before_again: Called after each try that failed and is followed by another.
        given_up: Ends the waiting when somebody sets it.

    Raises:
        OpenSearchException: The last fault, with a note of how often it was tried.
    """
    begun, ended = time.monotonic(), given_up or Event()
    asking = Retrying(
        retry=retry_if_exception(passes),
        stop=stop_any(stop_before_delay(seconds), stop_when_event_set(ended)),
        wait=wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S),
        sleep=sleep_using_event(ended),
        before_sleep=lambda _: before_again(),
        reraise=True,
    )
    try:
        return asking(lambda: ask(max(LEAST_S, begun + seconds - time.monotonic())))
    except OpenSearchException as error:
        if (tries := int(asking.statistics["attempt_number"])) > 1:
            error.add_note(f"tried {tries} times in {time.monotonic() - begun:.0f} s")
        raise
