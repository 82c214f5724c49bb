"""What a search returns: hits, and the page they stand on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class Hit(BaseModel):
    """One time range `[start_ns, end_ns)` that answers a query, with its evidence.

    `thumbnail` is a key for `library.thumbnail`; `evidence` says what matched: the frame of a visual
    hit, the language and speaker of a line, the model.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    title_name: str
    timeline: str
    asset: str
    type: str
    start_ns: int
    end_ns: int
    timecode: str
    score: float
    source: Literal["visual", "dialogue", "text"]
    text: str | None
    run: int
    thumbnail: str | None
    evidence: dict[str, Any] = {}


class Page(BaseModel):
    """Hits, best first. `cursor` asks for the next page of the very same result; None when there is none.

    `complete` is False when something could not be searched; `notes` say what.
    """

    model_config = ConfigDict(frozen=True)

    query: str
    epoch: int
    complete: bool
    cursor: str | None
    hits: tuple[Hit, ...]
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, index: int) -> Hit:
        return self.hits[index]

    def __iter__(self) -> Iterator[Hit]:  # type: ignore[override] # a page is its hits, not its fields
        return iter(self.hits)
