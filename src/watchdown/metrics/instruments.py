"""What a process counts while it works: told to whoever its settings name, and to nobody at no cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from threading import Lock
from typing import Final, Protocol

from watchdown_schemas.errors import WatchdownError

Labels = Mapping[str, str]
Attribute = str | int | float
FOREIGN: Final = "Unexpected"  # the kind of every error that is not of our tree


class Instruments(Protocol):
    """Where counts, times and spans go. No method raises for want of whoever should be told."""

    def add(self, name: str, amount: float, labels: Labels) -> None:
        """Raise a counter of the table."""
        ...

    def observe(self, name: str, seconds: float, labels: Labels) -> None:
        """Enter a time into a histogram of the table."""
        ...

    def span(self, name: str, attributes: Mapping[str, Attribute]) -> AbstractContextManager[None]:
        """Give a span of a trace, which lasts as long as the block; spans within it are its children."""
        ...

    def close(self) -> None:
        """Tell what has not been told yet, within a few seconds, and let go."""
        ...


class _Told:
    """The instruments of this process; several libraries may each bring their own."""

    def __init__(self) -> None:
        self.now: tuple[Instruments, ...] = ()
        self.lock = Lock()


_told = _Told()


def begin(instruments: Instruments) -> Callable[[], None]:
    """Tell these from now on; return what ends and closes them."""
    with _told.lock:
        _told.now = (*_told.now, instruments)

    def end() -> None:
        with _told.lock:
            _told.now = tuple(one for one in _told.now if one is not instruments)
        instruments.close()

    return end


def listened() -> bool:
    """Whether anybody is told: else nothing need be found out for it."""
    return bool(_told.now)


def add(name: str, amount: float = 1, **labels: str) -> None:
    """Raise a counter of the table."""
    for one in _told.now:
        one.add(name, amount, labels)


def observe(name: str, seconds: float, **labels: str) -> None:
    """Enter a time into a histogram of the table."""
    for one in _told.now:
        one.observe(name, seconds, labels)


def failed(station: str, error: BaseException) -> None:
    """Count a fault, by the name of our error."""
    kind = type(error).__name__ if isinstance(error, WatchdownError) else FOREIGN
    add("watchdown_station_failures_total", station=station, kind=kind)


@contextmanager
def span(name: str, **attributes: Attribute) -> Iterator[None]:
    """Give a span to everybody who is told."""
    with ExitStack() as spans:
        for one in _told.now:
            spans.enter_context(one.span(name, attributes))
        yield


@contextmanager
def timed(name: str) -> Iterator[None]:
    """Enter how long the block, or each call of a function that this decorates, takes."""
    begun = time.monotonic()
    try:
        yield
    finally:
        observe(name, time.monotonic() - begun)


@contextmanager
def at_station(station: str, **attributes: Attribute) -> Iterator[None]:
    """Time one call of a station, and count what it raises."""
    if not _told.now:
        yield
        return
    begun = time.monotonic()
    with span(station, **attributes):
        try:
            yield
        except Exception as error:
            failed(station, error)
            raise
        finally:
            observe("watchdown_station_seconds", time.monotonic() - begun, station=station)
