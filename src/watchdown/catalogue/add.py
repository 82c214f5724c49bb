"""Add files to the catalogue: fingerprint, probe, find subtitles, and enter the title whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from watchdown.catalogue.assets import Subtitles, embedded, kept_path, media_asset, side_car, side_cars, where
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.media.facts import MediaFacts
from watchdown.media.fingerprint import BLOCK, fingerprint
from watchdown.media.opening import open_file
from watchdown.media.place import Place
from watchdown.media.probe import probe
from watchdown.media.shelf import Shelf
from watchdown.storage.keys import source
from watchdown_schemas.errors import MediaError, MediaUnsupported, StorageKeyInvalid
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
    place: Place,
    *,
    catalogue: Catalogue,
    shelf: Shelf,
    name: str | None = None,
    subtitles: Sequence[Subtitles] = (),
    copy: Callable[[Place], bool] = lambda _: False,
    alive: Callable[[], None] = lambda: None,
) -> Entered:
    """Enter a media file and its subtitles into the catalogue; the same content twice is one title.

    A subtitle file that cannot be read is a fault of its own: the title is entered without it. One that
    was added before keeps its language unless another is said, and is replaced where its content changed.
    Files of which `copy` says so are taken into the library.
    `alive` is called again and again while files are read; what it raises ends the reading.
    Raises MediaError when the media file itself cannot be used.
    """
    content = fingerprint(place, lambda _: alive())
    found = catalogue.find_asset(content)
    if found is None:
        facts = probe(place)
        title = Title(id=short_hash("title", content)[:12], name=name or place.stem, added_at="")
        timeline = _timeline(title.id, facts)
        media = media_asset(title.id, timeline.id, place, content, facts)
    else:
        facts = MediaFacts.from_json(dict(found.facts))
        title, timeline = catalogue.title_by_id(found.title), catalogue.timeline(found.title)
        media = found if shelf.exists(found.path) else replace(found, path=kept_path(place))
    notes, faults = list(_notes(found, title, place, facts, name)), []
    assets = [media, *embedded(media, facts)]
    before = {asset.id: asset for asset in catalogue.assets(title.id)}
    for subtitle in subtitles or side_cars(place):
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
        elif copy(shelf.place(asset.path)):
            assets[index] = _copied(asset, shelf, alive)
    catalogue.add(title, timeline, assets)
    return Entered(catalogue.title_by_id(title.id), found is not None, tuple(notes), tuple(faults))


def _notes(found: Asset | None, title: Title, place: Place, facts: MediaFacts, name: str | None) -> list[str]:
    notes = []
    if found is not None and not found.copied and found.path != where(place):
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


def _copied(asset: Asset, shelf: Shelf, alive: Callable[[], None]) -> Asset:
    """Take the file of an asset into the library, under its own name, which tells language and kind."""
    original = shelf.place(asset.path)
    key = source(asset.fingerprint.partition("#")[0], original.name)
    try:
        is_there = shelf.storage.exists(key)
    except StorageKeyInvalid as error:
        raise MediaUnsupported(str(original), f"its name {error.cause}", "Rename it") from error
    if not is_there:
        with open_file(original) as file, shelf.storage.create(key) as copy:
            while block := file.read(BLOCK):
                copy.write(block)
                alive()
    return replace(asset, path=key, copied=True)
