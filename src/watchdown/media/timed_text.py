"""Timed text of a title: the cues of a side-car file or of a track inside a media file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from av.subtitles.stream import SubtitleStream

from watchdown.media.opening import open_container
from watchdown.media.place import Place
from watchdown.media.subtitle_blocks import count_timings, srt_blocks, vtt_blocks, vtt_header
from watchdown.media.subtitle_cues import DIALOGUE, clean_cues
from watchdown.media.subtitle_file import decode, read_content
from watchdown.media.subtitle_name import kind_of_name, language_of_name
from watchdown.media.subtitle_packets import TEXT_CODECS, packet_texts
from watchdown_algos.wants import Cue
from watchdown_schemas.errors import MediaInvalid, MediaUnsupported
from watchdown_schemas.language import normalise_language, primary_language
from watchdown_schemas.time import from_pts

SIDE_CAR_SUFFIXES: Final = frozenset({".srt", ".vtt"})
# What the kinds of a VTT header are called here; captions and subtitles are dialogue.
KINDS: Final = {"descriptions": "description", "chapters": "chapter", "metadata": "metadata"}


@dataclass(frozen=True, slots=True)
class TimedTextTrack:
    """Cues in time order and what is known of them; `language` is None when nothing tells it."""

    cues: tuple[Cue, ...]
    language: str | None
    warnings: tuple[str, ...]
    format: str


def read_side_car(path: Place) -> TimedTextTrack:
    """Read a subtitle file that lies beside the media; times count from the file's own zero.

    A cue that ends before it begins comes out as it is. Language and kind come from the file's name, else
    from its header.

    Raises:
        MediaNotFound: if it is not there or is no regular file.
        MediaUnreadable: if it may not be read.
        MediaUnsupported: if it is of another format than SRT and VTT.
        MediaInvalid: if it is binary, too large, or holds no cue.
    """
    content = read_content(path)
    if path.suffix.lower() not in SIDE_CAR_SUFFIXES:
        cause = f"subtitles in {path.suffix or 'a file without a suffix'} are not read, only .srt and .vtt"
        raise MediaUnsupported(str(path), cause, "Convert them to SRT or VTT")
    text, warnings = decode(path, content)
    text = text.lstrip()
    is_vtt = text.startswith("WEBVTT")
    blocks = vtt_blocks(text) if is_vtt else srt_blocks(text)
    header = vtt_header(text) if is_vtt else {}
    kind = kind_of_name(path.stem) or KINDS.get(header.get("kind", "").lower(), DIALOGUE)
    cues: list[Cue] = []
    for number, block in enumerate(blocks, start=1):
        cues += clean_cues(number, block.start_ns, block.end_ns, block.raw, kind=kind)
    if not cues:
        raise MediaInvalid(str(path), "it holds no subtitles", "Check that it is an SRT or VTT file")
    if lost := count_timings(text) - len({cue.number for cue in cues}):
        warnings.append(f"cues without words, or that cannot be read: {lost}")
    language = _side_car_language(path, header.get("language"), warnings)
    ordered = _in_time_order(cues, warnings)
    return TimedTextTrack(ordered, language, tuple(warnings), "vtt" if is_vtt else "srt")


def read_embedded(path: Place, stream_index: int, zero_ns: int = 0) -> TimedTextTrack:
    """Read a subtitle track of a media file; `zero_ns` is the container's time at the timeline's zero.

    A cue that reaches into the timeline begins at its zero at the earliest.

    Raises:
        MediaUnsupported: if the track holds pictures instead of text.
        MediaInvalid: if the file is damaged or has no such track.
        MediaError: if the file cannot be opened.
    """
    with open_container(path) as container:
        stream = next((s for s in container.streams if s.index == stream_index), None)
        if not isinstance(stream, SubtitleStream):
            cause = f"its stream {stream_index} is no subtitle track"
            raise MediaInvalid(str(path), cause, "Probe the file again")
        codec = stream.codec_context.codec.canonical_name
        if codec not in TEXT_CODECS:
            cause = f"the subtitles of its stream {stream_index} are {codec}, which is not text"
            raise MediaUnsupported(str(path), cause, "Add the subtitles as an SRT or VTT file")
        cues: list[Cue] = []
        number = 0
        for packet in container.demux(stream):
            if packet.pts is None or not packet.size:
                continue
            texts = packet_texts(packet, codec)
            number += bool(texts)
            start = from_pts(packet.pts, packet.time_base) - zero_ns
            end = from_pts(packet.pts + (packet.duration or 0), packet.time_base) - zero_ns
            start = max(start, 0) if end > 0 else start
            for speaker, text in texts:
                cues += clean_cues(number, start, end, text, speaker=speaker)
        warnings = [] if cues else [f"its subtitle track {stream_index} holds no words"]
        language = _well_formed(stream.language or "", warnings)
        return TimedTextTrack(_in_time_order(cues, warnings), language, tuple(warnings), codec)


def _in_time_order(cues: Iterable[Cue], warnings: list[str]) -> tuple[Cue, ...]:
    given = tuple(cues)
    ordered = tuple(sorted(given, key=lambda cue: cue.start_ns))
    if ordered != given:
        warnings.append("its cues are out of order: sorted by time")
    return ordered


def _side_car_language(path: Place, in_header: str | None, warnings: list[str]) -> str | None:
    from_name = language_of_name(path.stem)
    from_header = _well_formed(in_header or "", warnings)
    if from_name and from_header and primary_language(from_name) != primary_language(from_header):
        warnings.append(f"its name says language {from_name}, its header {from_header}: taken as {from_name}")
    return from_name or from_header


def _well_formed(tag: str, warnings: list[str]) -> str | None:
    """Return a language tag in canonical form, None for an unknown language."""
    try:
        language = normalise_language(tag)
    except ValueError as error:
        warnings.append(str(error))
        return None
    return None if language == "und" else language
