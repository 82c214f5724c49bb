"""Writes a drawn film to disk: H.264 video with or without sound, and SRT subtitles."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import av
import numpy as np

from watchdown_algos.drawn.camera import takes
from watchdown_schemas.time import frame_at

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from watchdown_algos.drawn.film import DrawnLine, Film

SAMPLE_RATE: Final = 16_000
# A pentatonic scale in hertz: each shot hums one note of it.
NOTES: Final = (220.0, 247.5, 277.2, 330.0, 371.3)


def write_film(
    film: Film, path: Path, *, size: tuple[int, int] = (320, 180), crf: int = 28, sound: bool = False
) -> None:
    """Encode a film as MP4, `size` = (width, height) pixels; the file appears only when it is whole."""
    part = _part(path)
    with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        video = container.add_stream(
            "libx264", rate=film.rate, options={"crf": str(crf), "preset": "veryfast"}
        )
        video.width, video.height = size
        video.pix_fmt = "yuv420p"
        video.thread_count = 1
        audio = container.add_stream("aac", rate=SAMPLE_RATE, layout="mono") if sound else None
        number = 0
        for note, shot in enumerate(film.shots):
            frames = frame_at(shot.end_ns, film.rate) - number
            for picture in takes(shot, frames, size):
                frame = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
                frame.pts, frame.time_base = number, 1 / film.rate
                container.mux(video.encode(frame))
                number += 1
            if audio:
                _hum(container, audio, NOTES[note % len(NOTES)], shot.start_ns, shot.end_ns)
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    part.replace(path)


def _hum(container: OutputContainer, audio: AudioStream, hertz: float, start_ns: int, end_ns: int) -> None:
    """Encode a soft sine of one pitch over a shot."""
    first, last = (frame_at(ns, Fraction(SAMPLE_RATE)) for ns in (start_ns, end_ns))
    wave = 0.1 * np.sin(2 * np.pi * hertz / SAMPLE_RATE * np.arange(first, last))
    block = av.AudioFrame.from_ndarray(wave.astype(np.float32)[None], format="fltp", layout="mono")
    block.sample_rate, block.pts, block.time_base = SAMPLE_RATE, first, Fraction(1, SAMPLE_RATE)
    container.mux(audio.encode(block))


def write_srt(lines: Iterable[DrawnLine], path: Path) -> None:
    """Write lines of one language as an SRT file, times to the millisecond."""
    blocks = (
        f"{number}\n{_clock(line.start_ns)} --> {_clock(line.end_ns)}\n{line.text}\n"
        for number, line in enumerate(lines, start=1)
    )
    write_whole("\n".join(blocks), path)


def write_whole(text: str, path: Path) -> None:
    """Write a text file that appears only when it is whole."""
    part = _part(path)
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _clock(ns: int) -> str:
    milliseconds = ns // 1_000_000
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{milliseconds:03}"
