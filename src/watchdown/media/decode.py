"""One decode of a title that serves every want for frames and sound at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from typing import Final, TypeAlias

import av
import av.error
from av.audio.frame import AudioFrame
from av.container import InputContainer
from av.stream import Discard
from av.video.frame import VideoFrame

from watchdown.media.opening import damaged, open_container
from watchdown.media.sampling import Screen
from watchdown.media.sound import SoundCollector
from watchdown.media.source import Source
from watchdown.media.spool import StillSpool
from watchdown_algos.wants import Audio, AudioBatch, FrameBatch, Frames
from watchdown_schemas.time import NS, from_pts, seconds

REPORT_SECONDS: Final = 0.1

Delivery: TypeAlias = tuple[int, FrameBatch | AudioBatch]


def decode(
    source: Source,
    wants: Sequence[Frames | Audio],
    *,
    progress: Callable[[int], None] | None = None,
    spool: StillSpool | None = None,
) -> Generator[Delivery, None, None]:
    """Decode a title once and yield (index of the want, batch), each want's batches in time order.

    Args:
        source: What `open_media` returned.
        wants: A want for a kind of stream that the title lacks gets no batches.
        progress: Gets the timeline time reached, ten times a second at most, and the end.
        spool: Is filled with stills on the way, unless it is complete already.

    Raises:
        MediaInvalid: The content is damaged; the error names the time.
    """
    facts = source.facts
    if facts.video is None or (spool is not None and spool.complete):
        spool = None
    with open_container(source.file) as container, spool.filling() if spool else nullcontext() as keep:
        screen = Screen(facts.video, facts.duration_ns, wants, keep) if facts.video else None
        sounds = {
            i: SoundCollector(want, facts.zero_ns, facts.duration_ns)
            for i, want in enumerate(wants)
            if isinstance(want, Audio) and facts.audio
        }
        chosen = [facts.video.index] if facts.video and screen and screen.watched else []
        chosen += [facts.audio[0].index] if sounds else []
        for frame in _report(_frames(source, container, chosen), source, progress):
            if isinstance(frame, AudioFrame):
                for i, sound in sounds.items():
                    yield from ((i, block) for block in sound.take(frame))
            elif screen is not None:
                yield from screen.take(frame)
        if screen is not None:
            yield from screen.finish()
        for i, sound in sounds.items():
            yield from ((i, block) for block in sound.finish())


def _frames(
    source: Source, container: InputContainer, chosen: list[int]
) -> Iterator[VideoFrame | AudioFrame]:
    """Yield the decoded frames of the chosen streams as they come."""
    for stream in container.streams:
        stream.discard = Discard.default if stream.index in chosen else Discard.all
    streams = [container.streams[index] for index in chosen]
    for stream in streams:
        stream.codec_context.thread_count = 1  # more threads cost more CPU: spread over titles instead
    begun: set[int] = set()
    reached = 0
    try:
        for packet in container.demux(streams) if streams else ():
            try:
                frames = packet.decode()
            except av.error.InvalidDataError:
                if packet.stream_index in begun:
                    raise
                continue  # a stream that was cut out of a longer one begins with pieces of frames
            for frame in frames:
                begun.add(packet.stream_index)
                if isinstance(frame, VideoFrame | AudioFrame):
                    yield frame
            if packet.pts is not None:
                reached = from_pts(packet.pts, packet.time_base) - source.facts.zero_ns
    except av.error.FFmpegError as error:
        raise damaged(source.path, error, f" at {seconds(max(0, reached)):.1f} s") from error


def _report(
    frames: Iterator[VideoFrame | AudioFrame], source: Source, progress: Callable[[int], None] | None
) -> Iterator[VideoFrame | AudioFrame]:
    """Pass the frames on and tell how far they are."""
    if progress is None:
        yield from frames
        return
    told = time.monotonic()
    for frame in frames:
        yield frame
        now = time.monotonic()
        if now - told >= REPORT_SECONDS and frame.time is not None:
            told = now
            progress(min(max(0, round(frame.time * NS) - source.facts.zero_ns), source.facts.duration_ns))
    progress(source.facts.duration_ns)
