"""How long a server is asked again: what passes is tried until the call's time is up, at random intervals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Final, TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

T = TypeVar("T")
FIRST_WAIT: Final = 0.1
LONGEST_WAIT: Final = 2.0
A_FEW: Final = 4


class Passing(Exception):
    """A refusal that may be over in a moment; its `error` is raised when a few tries are in vain."""

    def __init__(self, told: str, error: Exception | None = None) -> None:
        super().__init__(told)
        self.error = error


class Exhausted(Exception):
    """The time was up; the text says what was tried."""


class Patience:
    """The time of one call, which all its requests share, in seconds."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._refusals = 0
        self._last = ""

    async def within(self, work: Coroutine[Any, Any, T]) -> T:
        """Await all of the call's work; raises Exhausted when its time is up."""
        try:
            async with asyncio.timeout(self._deadline):
                return await work
        except TimeoutError:
            tried = f"{self._refusals} tries failed, the last: {self._last}" if self._last else "no answer"
            raise Exhausted(f"gave up after {self._deadline:g} s ({tried})") from None

    async def insist(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask until the answer is no Passing."""
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(Passing),
            wait=wait_random_exponential(multiplier=FIRST_WAIT, max=LONGEST_WAIT),
            stop=_in_vain,
            reraise=True,
            before_sleep=self._note,
        )
        try:
            return await retrying(ask)
        except Passing as passing:
            raise passing.error or passing from passing

    def _note(self, state: RetryCallState) -> None:
        self._refusals += 1
        self._last = str(state.outcome.exception()) if state.outcome else ""


def _in_vain(state: RetryCallState) -> bool:
    refusal = state.outcome.exception() if state.outcome else None
    return isinstance(refusal, Passing) and refusal.error is not None and state.attempt_number >= A_FEW


async def together(asked: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Await all at once, answers in the order asked; the first failure ends the others."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in asked]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
