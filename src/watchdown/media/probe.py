"""Probe a media file: one pass over its packets, one decoded frame, and a verdict on whether it is whole."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Final

import av
import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream
from av.video.stream import VideoStream

from watchdown.media.facts import AudioFacts, MediaFacts, TextFacts, VideoFacts
from watchdown.media.opening import damaged, open_container
from watchdown.media.place import Place
from watchdown.media.rates import RateMeter
from watchdown.media.tracks import Track
from watchdown.media.wholeness import check_whole, kind_of
from watchdown_schemas.errors import MediaInvalid, MediaUnsupported
from watchdown_schemas.time import NS, from_pts

NOT_FILM: Final = Disposition.attached_pic | Disposition.still_image | Disposition.timed_thumbnails
UNTIMED: Final = frozenset({"h264", "hevc"})
PADDING_NS: Final = NS // 10  # encoders pad sound by a block or two; the title does not grow by it
GUESSED_RATE: Final = Fraction(25)  # for a single frame of which nothing says how long it stays


def probe(path: Place) -> MediaFacts:
    """Return what is known of a media file. All its packets are read, and so every byte, wherever it lies.

    Raises:
        MediaNotFound: There is no such regular file.
        MediaUnreadable: Permissions or the disk forbid it.
        MediaInvalid: It is no media, damaged or truncated.
        MediaUnsupported: Its kind or its codec is not handled.
    """
    with open_container(path) as container:
        film = _film(path, container)
        tracks = [Track(stream) for stream in container.streams]
        expected = [len(stream.index_entries) for stream in container.streams]
        if film is not None:
            tracks[film.index].meter = RateMeter(tracks[film.index].time_base)
            film.codec_context.thread_count = 1
        _read(path, container, tracks, film)
        check_whole(path, container, tracks, expected)
        return _facts(path, container, tracks, film)


def _film(path: Place, container: InputContainer) -> VideoStream | None:
    """Return the primary video stream: of the default ones the largest."""
    films = [stream for stream in container.streams.video if not stream.disposition & NOT_FILM]
    for film in films:
        _known_codec(path, film)
        if (
            kind_of(container) == "avi"
            and film.codec.canonical_name in UNTIMED
            and film.codec_context.has_b_frames
        ):
            cause = "it is AVI with frames out of order, of which AVI does not keep the times"
            raise MediaUnsupported(str(path), cause, "Convert it to MP4")
    return max(films, key=lambda s: (_is_default(s), s.width * s.height, -s.index), default=None)


def _is_default(stream: Stream) -> bool:
    return bool(stream.disposition & Disposition.default)


def _known_codec(path: Place, stream: Stream) -> None:
    if stream.codec_context is None:
        cause = f"its {stream.type} (stream {stream.index}) is in a codec that is not known here"
        raise MediaUnsupported(str(path), cause, "Convert it to H.264 and AAC in MP4")


def _read(path: Place, container: InputContainer, tracks: list[Track], film: VideoStream | None) -> None:
    try:
        for packet in container.demux():
            if packet.size:
                track = tracks[packet.stream_index]
                track.take(packet)
                if packet.stream is film and track.picture is None:
                    track.try_picture(packet)
    except av.error.InvalidDataError:
        pass  # how far it got decides what is wrong
    except IndexError as error:  # PyAV's own, for a stream that was not there at the start
        cause = "a track begins in the middle of it, as in a recording over a change of programme"
        raise MediaUnsupported(str(path), cause, "Convert it to MP4 or Matroska first") from error
    for track in tracks:
        if track.meter is not None:
            track.meter.finish()
            if track.picture is None and film is not None:
                track.picture = next(iter(film.decode(None)), None)


def _facts(
    path: Place, container: InputContainer, tracks: list[Track], film: VideoStream | None
) -> MediaFacts:
    video = None
    if film is not None and tracks[film.index].first is not None:
        video = _video(path, film, tracks[film.index])
    sounds = [stream for stream in container.streams.audio if tracks[stream.index].first is not None]
    for stream in sounds:
        _known_codec(path, stream)
    sounds.sort(key=lambda s: (_is_default(s), s.channels, s.rate), reverse=True)
    heard = [tracks[stream.index] for stream in sounds]
    if video is None and not heard:
        raise MediaInvalid(str(path), "it holds neither video nor sound", "Name a video or sound file")
    if video is not None:
        zero_ns, duration_ns = video.start_ns, video.duration_ns
        if heard and heard[0].end_ns - zero_ns > duration_ns + PADDING_NS:
            duration_ns = heard[0].end_ns - zero_ns
    else:
        zero_ns = from_pts(heard[0].first or 0, heard[0].time_base)
        duration_ns = heard[0].end_ns - zero_ns
    return MediaFacts(
        container=kind_of(container),
        size=container.size,
        zero_ns=zero_ns,
        duration_ns=duration_ns,
        video=video,
        audio=tuple(_audio(stream) for stream in sounds),
        text=tuple(_text(stream) for stream in container.streams.subtitles),
        start_timecode=_timecode(container, film),
    )


def _video(path: Place, stream: VideoStream, track: Track) -> VideoFacts:
    meter, picture = track.meter, track.picture
    if picture is None or meter is None:
        fault = track.fault or ValueError("no picture comes out")
        raise damaged(path, fault, " from its first picture on")
    rotation = round(picture.rotation / 90) * 90 % 360
    aspect = stream.sample_aspect_ratio or Fraction(1)
    width, height = picture.width, picture.height
    if rotation in {90, 270}:
        width, height, aspect = height, width, 1 / aspect
    rate = meter.rate(stream.average_rate)
    if rate is None:
        rate = 1 / (track.last_duration * track.time_base) if track.last_duration else GUESSED_RATE
    step = round(1 / (rate * track.time_base))
    video = VideoFacts(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        width=width,
        height=height,
        pixel_aspect=aspect,
        rotation=rotation,
        rate=rate,
        variable_rate=meter.variable,
        frames=meter.frames,
        time_base=track.time_base,
        first_pts=meter.first,
        duration_ns=0,
    )
    # The last frame of a constant rate stays no shorter than the others, whatever the muxer wrote.
    stay = (track.last_duration or step) if meter.variable else max(track.last_duration, step)
    return replace(video, duration_ns=video.time_of(track.last + stay))


def _audio(stream: AudioStream) -> AudioFacts:
    return AudioFacts(
        index=stream.index,
        codec=stream.codec_context.codec.canonical_name,
        rate=stream.rate,
        channels=stream.channels,
        language=stream.language or "und",
    )


def _text(stream: SubtitleStream) -> TextFacts:
    codec = "unknown"
    if stream.codec_context is not None:
        codec = stream.codec_context.codec.canonical_name
    return TextFacts(index=stream.index, codec=codec, language=stream.language or "und")


def _timecode(container: InputContainer, film: VideoStream | None) -> str | None:
    """Return the source's start time code: of the video, else of the file, else of any track."""
    places = [
        *([film.metadata] if film else []),
        container.metadata,
        *(s.metadata for s in container.streams),
    ]
    return next((place["timecode"] for place in places if place.get("timecode")), None)
