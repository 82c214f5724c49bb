"""Feeds: the batches that algorithms want, from media, from timed text and from records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pyarrow as pa

from watchdown.catalogue.model import Asset
from watchdown.media.decode import decode
from watchdown.media.facts import MediaFacts
from watchdown.media.shelf import Shelf
from watchdown.media.source import Source, open_media
from watchdown.media.spool import StillSpool
from watchdown.media.stills import stills
from watchdown.media.timed_text import TimedTextTrack, read_embedded, read_side_car
from watchdown.runs.batch import Item
from watchdown_algos.wants import (
    Audio,
    AudioBatch,
    Cue,
    CueBatch,
    FrameBatch,
    Frames,
    RecordBatch,
    Records,
    Span,
    Still,
    TimedText,
)

ReadRecords = Callable[[str, int], Iterator[pa.RecordBatch]]


def open_source(shelf: Shelf, asset: Asset) -> Source:
    """Open the media file of an asset."""
    facts = MediaFacts.from_json(dict(asset.facts))
    return open_media(shelf.place(asset.path), facts, shelf.work, fingerprint=asset.fingerprint)


def spool_of(shelf: Shelf, asset: Asset) -> StillSpool:
    """Return the pictures that a decode of the asset sets aside."""
    return StillSpool(shelf.work / asset.fingerprint)


def media_feed(
    item: Item, wants: Sequence[Frames | Audio], shelf: Shelf, progress: Callable[[int], None]
) -> Iterator[tuple[int, FrameBatch | AudioBatch]]:
    """Yield, by the index of the want, what one decode of the title's media gives."""
    asset = item.media()
    if asset is None:
        return
    source = open_source(shelf, asset)
    yield from decode(source, wants, progress=progress, spool=spool_of(shelf, asset))


def read_track(shelf: Shelf, asset: Asset) -> TimedTextTrack:
    """Read the subtitle track of an asset: a side-car file or a stream of the video file."""
    stream = asset.facts.get("stream")
    if stream is None:
        return read_side_car(shelf.place(asset.path))
    return read_embedded(shelf.place(asset.path), int(stream), zero_ns=int(asset.facts["zero_ns"]))


def text_feed(
    item: Item, want: TimedText, shelf: Shelf, warn: Callable[[Sequence[str]], None]
) -> Iterator[CueBatch]:
    """Yield the cues of every subtitle track, moved by the asset's offset."""
    for asset in item.texts():
        track = read_track(shelf, asset)
        warn(track.warnings)
        cues = [_moved(cue, asset.offset_ns) for cue in track.cues]
        for start in range(0, len(cues), want.batch):
            yield CueBatch(asset.id, asset.language or "und", cues[start : start + want.batch])


def _moved(cue: Cue, offset_ns: int) -> Cue:
    return replace(cue, start_ns=cue.start_ns + offset_ns, end_ns=cue.end_ns + offset_ns)


def record_feed(
    item: Item, want: Records, run: int, shelf: Shelf, read_records: ReadRecords
) -> Iterator[RecordBatch]:
    """Yield the records of an upstream run in time order, with pictures of the title at hand."""
    asset = item.media()
    source = open_source(shelf, asset) if asset and asset.kind == "video" and want.stills_width else None
    spool = spool_of(shelf, asset) if asset else None

    def pictures(spans: Sequence[Span]) -> Iterator[Still | None]:
        if source is None or want.stills_width is None:
            return iter([None] * len(spans))
        return stills(source, spans, want.stills_width, spool)

    read = list(read_records(want.schema, run))
    rows = pa.Table.from_batches(read).sort_by("start_ns") if read else pa.table({})
    for batch in rows.to_batches(max_chunksize=want.batch):
        records = batch.to_pylist()
        spans = [Span(start_ns=row["start_ns"], end_ns=row["end_ns"]) for row in records]
        yield RecordBatch(records, spans, pictures)
