"""Sweeping: what lies in a library's storage and nobody needs, judged by what the ledger says.

Objects are listed first and the ledger is asked then: a run is in it before anything of it is written.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby, islice
from typing import Final, TypeVar

from watchdown.models.kept import CARD
from watchdown.runs.collectable import LEFT, Collectable, Policy, Standing
from watchdown.runs.staging import finished, read_manifest, staged_files
from watchdown.runs.states import PUBLISHED, State
from watchdown.storage import keys
from watchdown.storage.protocol import Storage, Stored

T = TypeVar("T")
AT_ONCE: Final = 500
STAGED, PICTURES, QUARANTINE, LETTERS = "staged files", "pictures", "quarantined rows", "dead letters"
BATCHES, BUNDLES, MODELS, HALF_MADE = "batches", "bundles", "kept models", "unfinished files"
References = Callable[[str], Collection[str]]


@dataclass(frozen=True, slots=True)
class Left:
    """An object that nobody needs, and what it is."""

    kind: str
    object: Stored


class Sweeping:
    """Finds what may go. `doomed` are runs that are taken for given up, whatever the ledger says yet."""

    def __init__(
        self, storage: Storage, collectable: Collectable, *, keeps_staged: bool, references: References
    ) -> None:
        """Make it; `references` gives the folders of pictures that a title's records lead to."""
        self._storage = storage
        self._collectable = collectable
        self._keeps_staged = keeps_staged
        self._references = references

    def of_runs(self, policy: Policy, doomed: Collection[int] = ()) -> Iterator[Left]:
        """Yield what runs left: staged files, pictures, quarantined rows and dead letters."""
        before = self._collectable.now() - policy.grace.total_seconds()
        yield from self._staged(before, doomed)
        yield from self._pictures(before, doomed)
        for kind, prefix in ((QUARANTINE, keys.QUARANTINE), (LETTERS, keys.DEAD_LETTERS)):
            for number, standing, objects in self._by_run(prefix):
                if _gone(number, standing, objects, before, doomed):
                    yield from (Left(kind, one) for one in objects)

    def _staged(self, before: float, doomed: Collection[int]) -> Iterator[Left]:
        for number, standing, objects in self._by_run(keys.STAGED):
            if _gone(number, standing, objects, before, doomed):
                yield from (Left(STAGED, one) for one in objects)
            elif standing is not None and _newest(objects) <= before:
                yield from (Left(STAGED, one) for one in self._unneeded(number, standing, objects))

    def _pictures(self, before: float, doomed: Collection[int]) -> Iterator[Left]:
        led_to = cache(lambda title: frozenset(self._references(title)))
        for number, standing, objects in self._by_run(keys.MEDIA):
            if not _gone(number, standing, objects, before, doomed):
                continue
            folder = objects[0].key.removeprefix(keys.MEDIA).rpartition("/")[0]
            if standing is None or f"{folder}/" not in led_to(standing.title):
                yield from (Left(PICTURES, one) for one in objects)

    def batches(self, policy: Policy) -> Iterator[Left]:
        """Yield batches that have ended; nobody may plan meanwhile."""
        before = self._collectable.now() - policy.grace.total_seconds()
        found = [one for one in self._storage.list(keys.BATCHES) if one.written <= before]
        in_use = {keys.batch(name) for name in self._collectable.batches_in_use(policy)}
        yield from (Left(BATCHES, one) for one in found if one.key not in in_use)

    def models(self, policy: Policy, doomed: Collection[int] = ()) -> Iterator[Left]:
        """Yield kept models of which no vectors can be seen any more; nobody may plan meanwhile."""
        before = self._collectable.now() - policy.grace.total_seconds()
        listed = [(fingerprint, list(some)) for fingerprint, some in groupby(self._kept(), _fingerprint)]
        in_use = self._collectable.models_in_use(doomed)
        for fingerprint, objects in listed:
            if fingerprint not in in_use and _newest(objects) <= before:
                card = keys.model(fingerprint, CARD)  # first: a model without it is not taken for whole
                yield from (Left(MODELS, one) for one in sorted(objects, key=lambda one: one.key != card))

    def _kept(self) -> Iterator[Stored]:
        return (one for one in self._storage.list(keys.MODELS) if _fingerprint(one))

    def bundles(self, policy: Policy) -> Iterator[Left]:
        """Yield bundles that are older than the grace."""
        before = self._collectable.now() - policy.grace.total_seconds()
        yield from (Left(BUNDLES, one) for one in self._storage.list(keys.BUNDLES) if one.written <= before)

    def _unneeded(self, number: int, standing: Standing, objects: Sequence[Stored]) -> Iterable[Stored]:
        """Return what of a known run's staged files nobody needs."""
        if standing.state in (*LEFT, State.QUARANTINED):
            return objects  # what a late worker wrote; the good rows of a held run lie in quarantine
        if standing.state not in PUBLISHED:
            return ()
        if not self._keeps_staged:
            return objects
        if len(objects) <= 1 + standing.types or not finished(self._storage, number):
            return ()
        manifest = read_manifest(self._storage, number)
        kept = {keys.manifest(number), *staged_files(manifest).values()}
        return [one for one in objects if one.key not in kept]

    def _by_run(self, prefix: str) -> Iterator[tuple[int, Standing | None, list[Stored]]]:
        """Yield the objects of each run that lie together, with where the run stands."""
        listed = groupby(self._storage.list(prefix), lambda stored: run_of(stored.key))
        groups = ((number, list(some)) for number, some in listed if number is not None)
        for several in _chunks(groups):
            standing = self._collectable.standing({number for number, _ in several})
            for number, some in several:
                yield number, standing.get(number), some


def run_of(key: str) -> int | None:
    """Return the run that an object was left by; None where it is of none."""
    for prefix, named in _RUN_OF.items():
        if key.startswith(prefix):
            return named(key)
    return None


def _fingerprint(stored: Stored) -> str:
    return stored.key.removeprefix(keys.MODELS).rpartition("/")[0].partition("/")[0]


def _newest(objects: Sequence[Stored]) -> float:
    return max(one.written for one in objects)


def _gone(
    number: int,
    standing: Standing | None,
    objects: Sequence[Stored],
    before: float,
    doomed: Collection[int],
) -> bool:
    """Whether a run was given up, or is none that the ledger knows, and left alone for long enough."""
    if standing is None:
        return _newest(objects) <= before
    return standing.given_up or number in doomed


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _staged_run(key: str) -> int | None:
    return _number(key.removeprefix(keys.STAGED).partition("/")[0])


def _picture_run(key: str) -> int | None:
    parts = key.removeprefix(keys.MEDIA).split("/")
    return _number(parts[1]) if len(parts) > 2 else None  # noqa: PLR2004 - fingerprint, run, name


def _rows_run(key: str) -> int | None:
    return _number(key.partition("/")[2].partition("-")[0])


_RUN_OF: Final[Mapping[str, Callable[[str], int | None]]] = {
    keys.STAGED: _staged_run,
    keys.MEDIA: _picture_run,
    keys.QUARANTINE: _rows_run,
    keys.DEAD_LETTERS: _rows_run,
}


def _chunks(some: Iterator[T]) -> Iterator[list[T]]:
    while chunk := list(islice(some, AT_ONCE)):
        yield chunk
