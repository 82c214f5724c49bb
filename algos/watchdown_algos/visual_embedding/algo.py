"""Embeds frames sampled by the clock, and the texts and pictures that people search them with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from watchdown_algos.contract import Context, FrameAlgorithm
from watchdown_algos.wants import FrameBatch, Frames
from watchdown_schemas.types.embedding import Embedding

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE: Final = 64
# Pictures or texts per run of the model: bounds memory when many are encoded at once.
CHUNK: Final = 64


class VisualEmbedding(FrameAlgorithm):
    """Yields one `Embedding` per stretch of frames that look the same; together they cover the title."""

    wants = Frames(width=SIDE, height=SIDE, per_second=2.0, smooth=True)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._held: Embedding | None = None

    def predict(self, batch: FrameBatch, /) -> Iterator[Embedding]:
        """Embed a batch; the last stretch is held back, as the next frame may prolong it."""
        threshold = self.parameter("near_duplicate")
        for vector, span in zip(self._vectors(batch.pixels), batch.spans, strict=True):
            held = self._held
            if held is not None and float(np.dot(held.vector, vector)) > threshold:
                self._held = held.model_copy(update={"end_ns": span["end_ns"]})
                continue
            if held is not None:
                yield held
            self._held = Embedding(vector=vector, of="frame", **span)

    def finish(self) -> Iterable[Embedding]:
        """Yield the last stretch."""
        return () if self._held is None else (self._held,)

    def encode_text(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors of texts, float32 [n, dimension]."""
        return self._chunked("text", self.model.tokens(list(texts)))

    def encode_image(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors of RGB pictures of any size, each uint8 [height, width, 3]."""
        squashed = [
            np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
            for picture in pixels
        ]
        return self._vectors(np.asarray(squashed, dtype=np.uint8).reshape(-1, SIDE, SIDE, 3))

    def _vectors(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return unit vectors of pictures, uint8 [n, 64, 64, 3]."""
        return self._chunked("visual", pixels)

    def _chunked(self, graph: str, batch: NDArray[np.uint8] | NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(batch):
            return np.zeros((0, self.model.dimension), dtype=np.float32)
        runs = [self.model(graph, batch[first : first + CHUNK]) for first in range(0, len(batch), CHUNK)]
        return np.concatenate(runs)
