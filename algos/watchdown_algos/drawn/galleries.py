"""The fixed frames on which the demo model is judged, as drawn and after a video round trip."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from PIL import Image

from watchdown_algos.drawn.film import KINDS
from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.held_out import Kind, any_picture
from watchdown_algos.drawn.picture import Picture

if TYPE_CHECKING:
    from numpy.typing import NDArray

SINGLES: Final[tuple[Kind, ...]] = ("seen", "unseen colour", "unseen scene")
SHOTS: Final = 600
FRAMES_OF_A_SHOT: Final = 5
VIDEO: Final = (320, 180)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What one frame is drawn from."""

    picture: Picture
    seed: int
    jitter: int | None = None


def single_frames() -> list[Drawn]:
    """Return 6,000 frames of all sizes, 2,000 of each kind in turn."""
    dice = random.Random(99)
    return [Drawn(any_picture(dice, kind), dice.getrandbits(40)) for kind in SINGLES for _ in range(2000)]


def moved_frames(singles: list[Drawn]) -> dict[int, Drawn]:
    """Return another moment of 400 of the single frames, by the number of the frame."""
    chosen = random.Random(5).sample(range(len(singles)), 400)
    return {number: replace(singles[number], jitter=7777 + number) for number in chosen}


def library_frames() -> list[Drawn]:
    """Return 600 close and medium shots of five frames each, the frames of a shot side by side."""
    dice = random.Random(77)
    frames = []
    for shot in range(SHOTS):
        picture = any_picture(dice, dice.choice(KINDS))
        picture = replace(picture, size=dice.choice(("close", "medium")))
        seed = dice.getrandbits(40)
        frames += [
            Drawn(picture, seed, moment * 1000 + 5 * shot + moment if moment else None)
            for moment in range(FRAMES_OF_A_SHOT)
        ]
    return frames


def as_drawn(frames: Iterable[Drawn]) -> Iterator[NDArray[np.uint8]]:
    """Yield the pixels of the frames, uint8 [64, 64, 3]."""
    for frame in frames:
        yield np.asarray(draw(frame.picture, frame.seed, supersample=2, jitter=frame.jitter))


def after_video(frames: Iterable[Drawn]) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames after H.264 at crf 28, uint8 [180, 320, 3]."""
    film = BytesIO()
    with av.open(film, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "28", "preset": "medium"})
        stream.width, stream.height = VIDEO
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        for frame in frames:
            image = draw(frame.picture, frame.seed, out=VIDEO[0], supersample=1, jitter=frame.jitter)
            pixels = np.asarray(image.resize(VIDEO, Image.Resampling.BILINEAR))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    film.seek(0)
    with av.open(film, "r") as coded:
        coded.streams.video[0].thread_count = 1
        for decoded in coded.decode(video=0):
            yield np.asarray(decoded.to_ndarray(format="rgb24"), dtype=np.uint8)
