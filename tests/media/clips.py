"""Small films drawn for the tests: each frame carries its number as bars, and so is known by sight."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from watchdown.media.fingerprint import fingerprint
from watchdown.media.probe import probe
from watchdown.media.source import Source, open_media

BITS = 12
SIZE = (192, 96)
RED, GREEN, BLUE = (200, 30, 30), (30, 160, 30), (30, 30, 200)
SOUND_RATE = 48_000


def picture(number: int) -> NDArray[np.uint8]:
    """Draw the bits of a number as bars above a flag of red, green and blue."""
    width, height = SIZE
    pixels = np.full((height, width, 3), 20, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            pixels[: height * 2 // 3, bit * 16 : bit * 16 + 16] = 235
    for third, colour in enumerate((RED, GREEN, BLUE)):
        pixels[height * 2 // 3 :, third * 64 : third * 64 + 64] = colour
    return pixels


def number_in(pixels: NDArray[np.uint8]) -> int:
    """Read the number from a picture of any size, and check by the flag that it is upright."""
    height, width, _ = pixels.shape
    flag = pixels[int(height * 0.85), [width // 6, width // 2, width * 5 // 6]]
    assert flag.argmax(axis=1).tolist() == [0, 1, 2], "the picture is not upright"
    row = pixels[height // 3].mean(axis=1)
    return sum((row[int((bit + 0.5) * width / BITS)] > 128) << bit for bit in range(BITS))


def draw(
    path: Path,
    *,
    count: int = 60,
    rate: Fraction = Fraction(25),
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    keyframes: int = 20,
    start: int = 0,
    steps: Sequence[int] | None = None,
    rotation: int = 0,
    sound: Sequence[tuple[float, float]] | None = None,
    sound_codec: str = "aac",
    sound_start: float = 0,
) -> Path:
    """Draw a film of `count` numbered frames and return its path.

    `start` delays the first frame by so many frames; `steps` are the frames' times on screen in
    milliseconds instead of a rate; `rotation` is how far a player must turn it, counterclockwise;
    `sound` is a list of (seconds, level) pieces.
    """
    with av.open(str(path), "w", options=muxing or {}) as output:
        output.metadata.update(metadata or {})
        video = output.add_stream(
            codec, rate=rate, options={"bf": "2", "preset": "veryfast", **(options or {})}
        )
        assert isinstance(video, VideoStream)
        turned = rotation in {90, 270}
        video.width, video.height = SIZE[::-1] if turned else SIZE
        video.pix_fmt = "yuv420p"
        video.codec_context.gop_size = keyframes
        video.codec_context.thread_count = 1
        if rotation:
            video.set_display_rotation(rotation)
        audio = output.add_stream(sound_codec, rate=SOUND_RATE, layout="stereo") if sound else None
        assert audio is None or isinstance(audio, AudioStream)
        video.codec_context.time_base = Fraction(1, 1000) if steps else 1 / rate
        times = np.cumsum([0, *steps]).tolist() if steps else range(count)
        for number in range(count):
            stored = np.ascontiguousarray(np.rot90(picture(number), -(rotation // 90)))
            frame = VideoFrame.from_ndarray(stored, format="rgb24")
            frame.pts, frame.time_base = times[number] + start, video.codec_context.time_base
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            for piece in _sound(sound, sound_start):
                output.mux(audio.encode(piece))
            output.mux(audio.encode(None))
    return path


def draw_sound(path: Path, sound: Sequence[tuple[float, float]], codec: str = "pcm_s16le") -> Path:
    """Write a sound file of (seconds, level) pieces."""
    with av.open(str(path), "w") as output:
        audio = output.add_stream(codec, rate=SOUND_RATE, layout="stereo")
        assert isinstance(audio, AudioStream)
        for frame in _sound(sound, 0):
            output.mux(audio.encode(frame))
        output.mux(audio.encode(None))
    return path


def _sound(pieces: Sequence[tuple[float, float]], start: float) -> list[AudioFrame]:
    levels = np.concatenate([np.full(round(seconds * SOUND_RATE), level) for seconds, level in pieces])
    tone = levels * np.sin(2 * np.pi * 440 * np.arange(len(levels)) / SOUND_RATE)
    frames = []
    for offset in range(0, len(tone), 1024):
        samples = (tone[offset : offset + 1024] * 32767).astype(np.int16)
        frame = AudioFrame.from_ndarray(np.repeat(samples, 2)[None], format="s16", layout="stereo")
        frame.sample_rate = SOUND_RATE
        frame.pts, frame.time_base = round(start * SOUND_RATE) + offset, Fraction(1, SOUND_RATE)
        frames.append(frame)
    return frames


def trim_start(path: Path, milliseconds: int) -> Path:
    """Make the edit list of an MP4 skip the beginning of its first track."""
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 4
    count, duration, media_time = struct.unpack(">IIi", data[at + 4 : at + 16])
    assert count == 1
    scale = struct.unpack(">I", data[(mdhd := data.index(b"mdhd") + 4) + 12 : mdhd + 16])[0]
    edit = duration - milliseconds, media_time + milliseconds * scale // 1000
    data[at + 8 : at + 16] = struct.pack(">Ii", *edit)
    path.write_bytes(data)
    return path


def cut_off(path: Path, share: float) -> Path:
    """Keep only the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def source_of(path: Path) -> Source:
    """Open a drawn film as the platform does."""
    return open_media(path, probe(path), path.parent / "cache", fingerprint=fingerprint(path))
