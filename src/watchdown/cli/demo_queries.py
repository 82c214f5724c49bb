"""What the demo asks: words as people remember them, and a picture that is in no film."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from watchdown.folder import write_whole

# "I kept your letters under the floor, where the damp could not read them."
HALF_A_LINE: Final = "under the flor I kept your leters"
# "El caballo conoce el camino a casa mejor que el mapa."
IN_SPANISH: Final = "los caballos conocen el camino"


def query_picture(path: Path) -> Path:
    """Draw a gray elephant in a field, of no film's own seed, once; return its file."""
    if not path.exists():
        import io

        from watchdown_algos.drawn.frame import draw
        from watchdown_algos.drawn.picture import Picture

        picture = Picture(object="elephant", colour="gray", scene="field", time="day", size="close")
        data = io.BytesIO()
        draw(picture, 20_260, out=256).save(data, "PNG")
        write_whole(path, data.getvalue())
    return path
