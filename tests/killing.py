"""Killing a process where it is about to pass a step, for tests of what is left then."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterable
from typing import Any

Step = tuple[Any, str]
Names = Callable[[str, tuple[Any, ...]], str]


def states_reached(method: str, args: tuple[Any, ...]) -> str:
    """Return the name of `Ledger.steps` as "Ledger.step" and the states that runs are about to reach."""
    return " ".join([method.removesuffix("s"), *sorted({str(state) for state, _ in args[1].values()})])


def watch(steps: Iterable[Step], named: Names, act: Callable[[str], None]) -> None:
    """Call `act` with a name each time that a step, a method of its owner, is about to be passed.

    `named` makes the name from the method's and from what it is called with.
    """
    for owner, method in steps:
        setattr(owner, method, _watched(getattr(owner, method), f"{owner.__name__}.{method}", named, act))


def _watched(
    real: Callable[..., Any], method: str, named: Names, act: Callable[[str], None]
) -> Callable[..., Any]:
    def passed(*args: Any, **rest: Any) -> Any:
        act(named(method, args))
        return real(*args, **rest)

    return passed


def dying(name: str, before: int) -> Callable[[str], None]:
    """Return what kills this process at a step that was passed `before` times."""
    left = before

    def count(passing: str) -> None:
        nonlocal left
        if passing == name:
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            left -= 1

    return count


def forked(body: Callable[[], Any], longest_s: int) -> tuple[int, Any]:
    """Run `body` in a process of its own; return how that ended and what `body` returned."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        signal.alarm(longest_s)
        os.close(reader)
        with os.fdopen(writer, "w") as pipe:
            json.dump(body(), pipe)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), json.loads(said) if said else None
