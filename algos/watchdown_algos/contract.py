"""What an algorithm is: a class with a want, fed in batches, that yields records.

    start(title)     once, before the first batch; may yield records
    predict(batch)   for each batch, in time order; may yield records
    finish()         once, after the last batch; may yield records

The class holds only the state of one title: the runtime makes a new object for each.
Algorithms never read files, the network or the environment: all they need is handed to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from watchdown_algos.wants import AudioBatch, Batch, CueBatch, FrameBatch, RecordBatch, Want
from watchdown_schemas.errors import AlgorithmError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from watchdown_algos.wants import Pixels
    from watchdown_schemas.record import Record

B_contra = TypeVar("B_contra", bound=Batch, contravariant=True)


class Model(Protocol):
    """The neural network of a manifest, wherever it runs; arrays in, arrays out."""

    @property
    def fingerprint(self) -> str:
        """Identify weights and preprocessing; vectors of different fingerprints are never compared."""
        ...

    @property
    def dimension(self) -> int:
        """The length of the vectors that come out."""
        ...

    def __call__(self, graph: str, batch: NDArray[Any]) -> NDArray[np.float32]:
        """Run one of the model's graphs on a batch; the first axis is the batch."""
        ...

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        """Return the texts as token ids, int64 [n, context]."""
        ...


class KeepPicture(Protocol):
    """Store a picture beside the run, packed into sprite sheets by the runtime."""

    def __call__(self, pixels: Pixels) -> str:
        """Store `pixels`, uint8 [height, width, 3], and return the opaque key that records may hold."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class TitleFacts:
    """What an algorithm may know of the title at hand."""

    title: str
    timeline: str
    asset: str
    duration_ns: int
    rate: Fraction
    width: int = 0
    height: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """What the runtime hands to an algorithm when it makes one."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    model: Model | None = None
    keep_picture: KeepPicture | None = None


class Algorithm(Generic[B_contra]):
    """Base of all algorithms. Subclass one of the four below."""

    wants: ClassVar[Want]

    def __init__(self, context: Context) -> None:
        self.context = context

    @property
    def model(self) -> Model:
        """The model named in `algo.toml`."""
        if self.context.model is None:
            raise LookupError(f"{type(self).__name__} asks for a model that its algo.toml does not declare")
        return self.context.model

    def keep_picture(self, pixels: Pixels) -> str:
        """Store a picture beside this run and return its key."""
        if self.context.keep_picture is None:
            raise LookupError(f"{type(self).__name__} keeps a picture where none can be kept")
        return self.context.keep_picture(pixels)

    def parameter(self, name: str) -> Any:
        """Return a parameter: the run's, else the manifest's default."""
        if name not in self.context.parameters:
            known = ", ".join(sorted(self.context.parameters)) or "none"
            raise AlgorithmError(
                type(self).__name__, f"asks for parameter {name!r}", f"algo.toml has: {known}"
            )
        return self.context.parameters[name]

    def start(self, title: TitleFacts) -> Iterable[Record]:
        """Prepare for a title."""
        del title
        return ()

    def predict(self, batch: B_contra, /) -> Iterable[Record]:
        """Turn a batch into records."""
        raise NotImplementedError

    def finish(self) -> Iterable[Record]:
        """Yield what was held back."""
        return ()


class FrameAlgorithm(Algorithm[FrameBatch]):
    """An algorithm over pictures: `wants = Frames(...)`."""


class AudioAlgorithm(Algorithm[AudioBatch]):
    """An algorithm over sound: `wants = Audio(...)`."""


class TextAlgorithm(Algorithm[CueBatch]):
    """An algorithm over timed text: `wants = TimedText()`."""


class RecordAlgorithm(Algorithm[RecordBatch]):
    """An algorithm over the records of another one: `wants = Records("Shot")`."""
