from typing import Annotated

from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Text


class Garment(TemporalSpatial, AlgorithmOutput):
    """A piece of clothing that is talked of or worn. Written by `wardrobe`."""

    piece: Annotated[str, Keyword()]
    colour: Annotated[str | None, Keyword()] = None
    price: float | None = None
    description: Annotated[str, Text()] = ""
