"""Add files to the catalogue: fingerprint, probe, find subtitles, and enter the title whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from watchdown.catalogue.assets import Subtitles, embedded, media_asset, place, side_car, side_cars
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.folder import Folder
from watchdown.media.facts import MediaFacts
from watchdown.media.fingerprint import BLOCK, fingerprint
from watchdown.media.probe import probe
from watchdown_schemas.errors import MediaError
from watchdown_schemas.ids import short_hash
from watchdown_schemas.time import frame_number

SOUND_RATE = Fraction(25)  # the frame rate by which time code counts a title without pictures


@dataclass(frozen=True, slots=True)
class Entered:
    """What became of one file: its title, whether its content was there before, and what to know of it."""

    title: Title
    known: bool
    notes: tuple[str, ...]
    faults: tuple[MediaError, ...]


def enter(
    path: Path,
    *,
    catalogue: Catalogue,
    folder: Folder,
    name: str | None = None,
    subtitles: Sequence[Subtitles] = (),
    copy: bool = False,
    alive: Callable[[], None] = lambda: None,
) -> Entered:
    """Enter a media file and its subtitles into the catalogue; the same content twice is one title.

    A subtitle file that cannot be read is a fault of its own: the title is entered without it. One that
    was added before keeps its language unless another is said, and is replaced where its content changed.
    `alive` is called again and again while files are read; what it raises ends the reading.
    Raises MediaError when the media file itself cannot be used.
    """
    content = fingerprint(path, lambda _: alive())
    found = catalogue.find_asset(content)
    if found is None:
        facts = probe(path)
        title = Title(id=short_hash("title", content)[:12], name=name or path.stem, added_at="")
        timeline = _timeline(title.id, facts)
        media = media_asset(title.id, timeline.id, path, content, facts)
    else:
        facts = MediaFacts.from_json(dict(found.facts))
        title, timeline = catalogue.title_by_id(found.title), catalogue.timeline(found.title)
        media = found if folder.file(found.path).exists() else replace(found, path=place(path))
    notes, faults = list(_notes(found, title, path, facts, name)), []
    assets = [media, *embedded(media, facts)]
    before = {asset.id: asset for asset in catalogue.assets(title.id)}
    for subtitle in subtitles or side_cars(path):
        try:
            made = side_car(media, subtitle)
        except MediaError as fault:
            faults.append(fault)
        else:
            known = before.get(made.id)
            said_before = known.language if known and subtitle.language is None else None
            assets.append(replace(made, language=said_before or made.language))
    for index, asset in enumerate(assets):
        if asset.id in before and before[asset.id].copied:
            assets[index] = replace(asset, path=before[asset.id].path, copied=True)
        elif copy:
            assets[index] = _copied(asset, folder, alive)
    catalogue.add(title, timeline, assets)
    return Entered(catalogue.title_by_id(title.id), found is not None, tuple(notes), tuple(faults))


def _notes(found: Asset | None, title: Title, path: Path, facts: MediaFacts, name: str | None) -> list[str]:
    notes = []
    if found is not None and not found.copied and found.path != str(path.resolve()):
        notes.append(f"has the same content as {title.name}, which was added from {found.path}")
    if found is not None and (name or title.name) != title.name:
        notes.append(f"keeps its name, {title.name}")
    if facts.video is None:
        notes.append("has no video: only its dialogue can be searched")
    return notes


def _timeline(title: str, facts: MediaFacts) -> Timeline:
    rate = facts.video.rate if facts.video else SOUND_RATE
    start, drop = 0, None
    if facts.start_timecode:
        try:
            start, drop = frame_number(facts.start_timecode, rate), ";" in facts.start_timecode
        except ValueError:
            start, drop = 0, None
    return Timeline(
        id=f"{title}.1",
        title=title,
        duration_ns=facts.duration_ns,
        rate=rate,
        start_frame=start,
        drop_frame=drop,
    )


def _copied(asset: Asset, folder: Folder, alive: Callable[[], None]) -> Asset:
    """Take the file of an asset into the library, under its own name, which tells language and kind."""
    source = folder.file(asset.path)
    target = folder.media(asset.fingerprint.partition("#")[0]) / "source" / source.name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(".partial")
        try:
            with source.open("rb") as file, partial.open("wb") as copy:
                while block := file.read(BLOCK):
                    copy.write(block)
                    alive()
                copy.flush()
                os.fsync(copy.fileno())
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    return replace(asset, path=str(target.relative_to(folder.root)), copied=True)
