"""Forget a title: hidden first, then gone from store, files and database, and looked for everywhere.

Whatever ends it, the same call goes on: the title's own row is the last thing that goes.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from watchdown.catalogue import forgetting
from watchdown.catalogue.database import Database
from watchdown.catalogue.model import Title
from watchdown.catalogue.titles import Catalogue
from watchdown.runs.collect import Report, Step
from watchdown.runs.hiding import Hidden, hide, looked_up
from watchdown.runs.sweeping import run_of
from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown.stores.protocol import Sink, Told

PLACES: Final = ("database", "store", "directory", "files", "scratch")


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """All by which a title is found: its id, its runs and batches, and what only it has of files."""

    title: Title
    hidden: Hidden
    fingerprints: frozenset[str]
    sources: frozenset[str]
    elsewhere: tuple[str, ...]

    @property
    def words(self) -> set[str]:
        """What no other title has: its id and its fingerprints."""
        return {self.title.id, *self.fingerprints}


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgetting:
    """Forgets titles of one library; whoever calls it holds the writer's lock and the collector's.

    `announce` tells the store what changed in the database.
    """

    storage: Storage
    database: Database
    catalogue: Catalogue
    sink: Sink
    told: Told | None
    work: Path
    announce: Callable[[], object] = field(default=lambda: None)

    def look(self, title: Title) -> Known:
        """Return what is known of a title, and change nothing."""
        assets = self.catalogue.assets(title.id)
        own = [asset for asset in assets if not self.catalogue.shared(asset)]
        return Known(
            title=title,
            hidden=looked_up(self.database, title.id),
            fingerprints=frozenset(asset.fingerprint.partition("#")[0] for asset in own),
            sources=frozenset(asset.path for asset in own if asset.copied),
            elsewhere=tuple(sorted({asset.path for asset in assets if not asset.copied})),
        )

    def forget(
        self, title: Title, *, keep_media: bool = False, report: Report = lambda _step: None
    ) -> dict[str, int]:
        """Remove a title; return what is left of it by place, counted afterwards.

        Raises RunError where it is being worked on in a batch.
        """
        known = self.look(title)
        report(Step(doing=f"hiding {title.name}"))
        hide(self.database, title.id)
        self.announce()
        report(Step(doing="writing the store anew"))
        self.sink.expunge([title.id], known.hidden.runs)
        report(Step(doing="removing files"))
        self._remove(list(self._files(known, keep_media=keep_media)))
        for path in self._scratch(known):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        if self.told is not None:
            self.told.forget([title.id])
        forgetting.forget(self.database, title.id, title.name)
        report(Step(doing="looking for what is left"))
        return self.left(known, keep_media=keep_media)

    def left(self, known: Known, *, keep_media: bool = False) -> dict[str, int]:
        """Return how much of a title there is in each place."""
        counts = (
            forgetting.traces(self.database, known.words),
            self.sink.traces([known.title.id], known.hidden.runs),
            0 if self.told is None else self.told.traces([known.title.id]),
            sum(1 for _ in self._files(known, keep_media=keep_media)),
            sum(1 for _ in self._scratch(known)),
        )
        return dict(zip(PLACES, counts, strict=True))

    def _files(self, known: Known, *, keep_media: bool) -> Iterator[str]:
        """Yield the keys of all objects that are of a title, or name it."""
        numbers = set(known.hidden.runs)
        for prefix in (keys.STAGED, keys.QUARANTINE, keys.DEAD_LETTERS, keys.MEDIA):
            for stored in self.storage.list(prefix):
                source = stored.key in known.sources and not keep_media
                if source or run_of(stored.key) in numbers:
                    yield stored.key
        for prefix in (keys.BATCHES, keys.REPORTS):
            yield from (one.key for one in self.storage.list(prefix) if self._names(one.key, known.title.id))
        for stored in self.storage.list(keys.BUNDLES):
            if self._packs(stored.key, known.title.id):
                yield stored.key

    def _names(self, key: str, word: str) -> bool:
        return word.encode() in self.storage.read(key)

    def _packs(self, key: str, word: str) -> bool:
        with self.storage.open(key) as file:
            try:
                with zipfile.ZipFile(file) as packed:
                    named = any(word in name for name in packed.namelist())
                    return named or any(
                        word.encode() in packed.read(name)
                        for name in packed.namelist()
                        if "/" not in name and name.endswith(".json")
                    )
            except zipfile.BadZipFile:
                return True  # nobody can use it, and nobody can say what is in it

    def _scratch(self, known: Known) -> Iterator[Path]:
        """Yield what this machine has made of a title in passing, and its copies of stored pictures."""
        if self.work.is_dir():
            yield from (
                path
                for path in self.work.iterdir()
                if path.name.startswith(tuple(known.fingerprints)) or path.name == "pictures"
            )

    def _remove(self, found: Collection[str]) -> None:
        # A report or its pages may name a title in one file only: it goes whole.
        whole = {"/".join(key.split("/")[:2]) for key in found if key.startswith(keys.REPORTS)}
        for report in sorted(whole):
            self.storage.delete_all(f"{report}/")
        self.storage.delete(found)
