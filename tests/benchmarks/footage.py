"""Footage for the benchmarks: drawn pictures, panned and grained so that it costs what real footage costs."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.frame import draw

SIZE = (1920, 1080)
RATE = Fraction(24)


def grained(path: Path, seconds: int, *, grain: float = 3.0, seconds_per_shot: float = 3.0) -> Path:
    """Encode H.264 at 1080p: a new picture every few seconds, panning, with film grain."""
    dice = np.random.default_rng(7)
    width, height = SIZE
    noise = dice.normal(0, grain, (height + 64, width + 64, 1)).astype(np.float32)
    shots = film_of(4242, shots=int(seconds / seconds_per_shot) + 1).shots
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "24", "g": "48"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(int(seconds * RATE)):
            shot, at = divmod(number, int(seconds_per_shot * RATE))
            if at == 0:
                picture = draw(shots[shot].picture, shots[shot].seed, out=480, supersample=1)
                large = np.asarray(picture.resize((width + 160, height + 160)), dtype=np.float32)
            x, y = dice.integers(0, 64, 2)
            frame = large[at : at + height, 2 * at : 2 * at + width] + noise[y : y + height, x : x + width]
            pixels = np.clip(frame, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return path


def looped(source: Path, path: Path, minutes: float) -> Path:
    """Repeat a file's packets, not re-encoded, until it lasts so long."""
    shift = 0
    with av.open(str(path), "w") as out:
        target = None
        while target is None or shift * target.time_base < minutes * 60:
            with av.open(str(source)) as container:
                stream = container.streams.video[0]
                if target is None:
                    target = out.add_stream_from_template(stream)
                    target.time_base = stream.time_base
                length = stream.duration
                for packet in container.demux(stream):
                    if packet.dts is not None:
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = target
                        out.mux(packet)
            shift += length
    return path
