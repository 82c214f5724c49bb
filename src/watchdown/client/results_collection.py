"""What collecting and forgetting gives back."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Result(BaseModel):
    model_config = ConfigDict(frozen=True)


class Removed(_Result):
    """How many of one kind were removed, or would be; `bytes` is 0 where nobody knows them."""

    kind: str
    count: int
    bytes: int


class CollectionReport(_Result):
    """What a collection removed, or with `dry_run` would remove: in all by kind, and the runs."""

    dry_run: bool
    removed: tuple[Removed, ...]
    runs: tuple[int, ...]
    notes: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to remove."""
        return not any(one.count or one.bytes for one in self.removed)


class Forgotten(_Result):
    """What is left of a title by place, which is nothing once it was forgotten, and what was not touched.

    With `dry_run`, `left` is what is there, and would go.
    """

    title: str
    name: str
    dry_run: bool
    runs: tuple[int, ...]
    left: dict[str, int]
    untouched: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        """Whether no trace is left."""
        return not any(self.left.values())
