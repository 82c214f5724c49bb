"""What was found out of what is pinned, kept so that it is asked once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """The newest few of some values by key; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[Hashable, Value] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made if it is not kept."""
        kept = self._values
        if key not in kept:
            # Readers run at the same time: what is kept is replaced whole.
            kept = {**dict(list(kept.items())[1 - self._most :]), key: make()}
            self._values = kept
        return kept[key]
