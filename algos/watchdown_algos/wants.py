"""What an algorithm asks the shared decoder for, and the batches it gets.

One decode of a title answers every want of the pass; a batch never holds more than `batch` items,
so memory does not grow with the title.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, TypedDict

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels: TypeAlias = NDArray[np.uint8]
    Times: TypeAlias = NDArray[np.int64]


class Span(TypedDict):
    """A half-open time range `[start_ns, end_ns)` on the title's timeline."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Frames:
    """Ask for video frames, `width` x `height` pixels RGB, upright.

    `per_second` None delivers every frame; otherwise the frame on screen at each tick of that clock.
    `height` None keeps the picture's shape. `smooth` averages over the source pixels (for models);
    False is the fast scaler (for shot detection).
    """

    width: int
    height: int | None = None
    per_second: float | None = None
    smooth: bool = True
    batch: int = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Audio:
    """Ask for sound as mono float32 blocks of `seconds` at `rate` samples per second."""

    rate: int = 16_000
    seconds: float = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedText:
    """Ask for the cues of every subtitle track of the title."""

    batch: int = 256


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """Ask for the active records of another algorithm's schema type, in time order.

    With `stills_width` each batch can also fetch upright RGB pictures of the title by time.
    """

    schema: str
    stills_width: int | None = None
    batch: int = 256


Want: TypeAlias = Frames | Audio | TimedText | Records


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Frames in time order.

    `pixels` is uint8 [n, height, width, 3]; `times` int64 [n], each frame's first nanosecond;
    `spans` reach from a frame to the next delivered one, the last to the end of the title.
    """

    pixels: Pixels
    times: Times
    spans: Sequence[Span]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True, slots=True)
class AudioBatch:
    """A block of sound: `samples` float32 [n] in [-1, 1], the first at `start_ns`."""

    samples: NDArray[np.float32]
    rate: int
    start_ns: int


@dataclass(frozen=True, slots=True)
class Cue:
    """One subtitle cue, already cleaned of mark-up; `raw` keeps what the file said."""

    number: int
    start_ns: int
    end_ns: int
    text: str
    raw: str
    speaker: str | None = None
    kind: str = "dialogue"


@dataclass(frozen=True, slots=True)
class CueBatch:
    """Cues of one track: its asset, its BCP-47 language (`und` when unknown) and the cues in time order."""

    asset: str
    language: str
    cues: Sequence[Cue]

    def __len__(self) -> int:
        return len(self.cues)


@dataclass(frozen=True, slots=True)
class Still:
    """One picture of a title: `pixels` uint8 [height, width, 3] of the frame that begins at `time_ns`."""

    time_ns: int
    end_ns: int
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class RecordBatch:
    """Records of another algorithm as plain mappings with their spans, in time order.

    `stills(spans)` yields, span by span, one picture from inside it, or None where the title has none.
    """

    records: Sequence[Mapping[str, object]]
    spans: Sequence[Span]
    stills: Callable[[Sequence[Span]], Iterator[Still | None]]

    def __len__(self) -> int:
        return len(self.records)


Batch: TypeAlias = FrameBatch | AudioBatch | CueBatch | RecordBatch
