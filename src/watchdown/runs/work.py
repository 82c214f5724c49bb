"""Work: one item of a batch, from media to staged records. It touches storage, never the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable

from watchdown.media.shelf import Shelf
from watchdown.runs.batch import Item
from watchdown.runs.cost import SHARES, Cost, costs, metered
from watchdown.runs.feeds import ReadRecords, media_feed, record_feed, text_feed
from watchdown.runs.measured import worked
from watchdown.runs.memo import Types
from watchdown.runs.staging import Manifest
from watchdown.runs.station import Station
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_algos.contract import TitleFacts
from watchdown_algos.wants import Audio, Frames, Records, TimedText
from watchdown_schemas.errors import MediaError


def title_facts(item: Item) -> TitleFacts:
    """Return what algorithms may know of a title."""
    media = item.media()
    video = (media.facts.get("video") or {}) if media else {}
    return TitleFacts(
        title=item.title,
        timeline=item.timeline.id,
        asset=media.id if media else "",
        duration_ns=item.timeline.duration_ns,
        rate=item.timeline.rate,
        width=video.get("width", 0),
        height=video.get("height", 0),
    )


@worked
def work(
    item: Item,
    *,
    shelf: Shelf,
    algorithms: AlgorithmCatalogue,
    read_records: ReadRecords,
    types: Types,
    progress: Callable[[int], None] = lambda _: None,
    retried: bool = False,
    staging: Storage | None = None,
) -> list[Manifest]:
    """Work all tasks of an item, its media being decoded once; return each task's manifest.

    A fault of a file fails the tasks that need it, a fault of an algorithm only its own. A task whose model
    no server has answered for, or whose files may not be read, fails as well; where the work is `retried`,
    that is raised and the task left undone.
    Anything else (a full disk, an interruption) is raised, and nothing is committed. What is made is staged
    in the library's storage, or in that given as `staging`.
    """
    home = staging or shelf.storage
    stations = [Station(task, algorithms[task.algorithm], item, home, types) for task in item.tasks]
    begin = time.perf_counter()
    try:
        with SHARES.taking() as used:
            facts = title_facts(item)
            for station in stations:
                station.start(facts)
            fed = _media(item, stations, shelf, progress)
            for station in stations:
                _text(item, station, shelf)
                _records(item, station, shelf, read_records)
            for station in stations:
                station.finish()
            took = Cost(cpu_s=used(), clock_s=time.perf_counter() - begin, media_ns=item.timeline.duration_ns)
        away = {station: station.away for station in stations if station.away and retried}
        parts = costs(took, [station.meter for station in stations], fed)
        manifests = [
            station.commit(part) for station, part in zip(stations, parts, strict=True) if station not in away
        ]
    except BaseException:
        for station in stations:
            station.discard()
        raise
    for station in away:
        station.discard()
    for error in away.values():
        raise error
    return manifests


def _media(item: Item, stations: list[Station], shelf: Shelf, progress: Callable[[int], None]) -> list[int]:
    """Decode once and hand each batch to the station that wants it; return the indexes of those that do."""
    chosen, wants, fed = [], [], []
    for place, station in enumerate(stations):
        want = station.wants
        if isinstance(want, Frames | Audio):
            chosen.append(station)
            wants.append(want)
            fed.append(place)
    if not chosen:
        return fed
    try:
        for index, batch in media_feed(item, wants, shelf, progress):
            chosen[index].predict(batch)
    except MediaError as error:
        for station in chosen:
            station.fail(error)
    return fed


def _text(item: Item, station: Station, shelf: Shelf) -> None:
    want = station.wants
    if isinstance(want, TimedText):
        try:
            for batch in metered(station.meter, text_feed(item, want, shelf, station.warn)):
                station.predict(batch)
        except MediaError as error:
            station.fail(error)


def _records(item: Item, station: Station, shelf: Shelf, read_records: ReadRecords) -> None:
    want = station.wants
    if isinstance(want, Records):
        run = station.task.upstream[want.schema]
        try:
            for batch in metered(station.meter, record_feed(item, want, run, shelf, read_records)):
                station.predict(batch)
        except MediaError as error:
            station.fail(error)
