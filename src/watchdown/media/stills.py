"""Single pictures of a title, by time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from watchdown.media.facts import VideoFacts
from watchdown.media.scaling import Scaler
from watchdown.media.seeking import FrameReader
from watchdown.media.source import Source
from watchdown.media.spool import StillSpool
from watchdown_algos.wants import Span, Still
from watchdown_schemas.errors import MediaUnsupported

if TYPE_CHECKING:
    from watchdown_algos.wants import Pixels


def frame_at(source: Source, time_ns: int, width: int | None = None) -> Still:
    """Return the frame on screen at a time of the timeline, right to the frame.

    Args:
        source: What `open_media` returned.
        time_ns: Beyond the ends of the timeline, the first or the last frame is meant.
        width: Pixels, the shape is kept; None for the size of the video.

    Raises:
        MediaUnsupported: The title has no picture.
        MediaInvalid: The content is damaged there.
    """
    video = source.facts.video
    if video is None:
        raise MediaUnsupported(str(source.path), "it has no picture, only sound", "Name a video file")
    with FrameReader(source, video) as reader:
        return _decoded(reader, Scaler(video), video, time_ns, width or video.upright_width)


def stills(
    source: Source, spans: Sequence[Span], width: int, spool: StillSpool | None
) -> Iterator[Still | None]:
    """Yield, span by span, one picture from inside it, `width` pixels wide, its shape kept.

    It is the spooled picture nearest to the span's middle of those whose frame begins inside the span; where
    there is none, the frame on screen at the middle is decoded. Spans in rising order are quickest. None
    stands where nothing is to be seen: a title without picture, a span outside of it.

    Raises:
        MediaInvalid: The content is damaged there.
    """
    video = source.facts.video
    scaler = None if video is None else Scaler(video)
    with ExitStack() as stack:
        reader: FrameReader | None = None
        for span in spans:
            start, end = max(0, span["start_ns"]), min(span["end_ns"], source.facts.duration_ns)
            if video is None or scaler is None or start >= end:
                yield None
                continue
            spooled = spool.nearest(start, end) if spool is not None and width <= spool.WIDTH else None
            if spooled is not None:
                yield Still(spooled.time_ns, spooled.end_ns, _shrunk(spooled.pixels, video, width))
                continue
            if reader is None:
                reader = stack.enter_context(FrameReader(source, video))
            yield _decoded(reader, scaler, video, (start + end) // 2, width)


def _decoded(reader: FrameReader, scaler: Scaler, video: VideoFacts, time_ns: int, width: int) -> Still:
    shown = reader.at(time_ns)
    pixels = scaler.scale(shown.frame, width, video.height_for(width), smooth=True)
    return Still(shown.start_ns, shown.end_ns, np.ascontiguousarray(pixels))


def _shrunk(pixels: Pixels, video: VideoFacts, width: int) -> Pixels:
    if pixels.shape[1] == width:
        return pixels
    picture = Image.fromarray(pixels).resize((width, video.height_for(width)), Image.Resampling.BOX)
    return np.asarray(picture)
