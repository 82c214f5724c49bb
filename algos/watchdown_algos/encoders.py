"""What an embedding algorithm's class offers beside the contract: vectors of what people search with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Encoders(Protocol):
    """Encodes texts and pictures into the vectors that its records are compared with."""

    def encode_text(self, texts: list[str]) -> NDArray[np.float32]:
        """Return unit vectors of texts, float32 [n, dimension]."""
        ...

    def encode_image(self, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Return unit vectors of pictures, float32 [n, dimension]."""
        ...
