"""The status of titles: what is ready, why the rest is not, and the commands that help; no file is opened."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from watchdown.client.choosing import chosen
from watchdown.client.results_status import LibraryStatus, SlotStatus, TitleStatus
from watchdown.client.services import Services
from watchdown.runs.slots import Slots
from watchdown.runs.standing import Command, Stand, Surroundings, stands
from watchdown.runs.standings import WELL, Standing
from watchdown.storage import keys

TITLES: Final = 5_000  # asked of the database at once
Totals = dict[str, dict[str, int]]


def titles(
    services: Services, wanted: Sequence[str] = (), *, library: str | None = None
) -> Iterator[TitleStatus]:
    """Yield how titles stand, by name; all of them where nothing is wanted.

    `library` is how the commands name it. Raises NotFound for what chooses no title.
    """
    found = chosen(services, wanted)
    slots = Slots(services.database)
    around = Surroundings(
        algorithms=services.algorithms,
        types=services.registry,
        work=slots.work(),
        refused=_types_by_run(services, keys.QUARANTINE),
        dead=_types_by_run(services, keys.DEAD_LETTERS),
    )
    place = library or services.place
    for start in range(0, len(found), TITLES):
        part = found[start : start + TITLES]
        facts = slots.of([title.id for title in part])
        for title in part:
            seen = stands(title.id, facts[title.id], around)
            yield TitleStatus.model_construct(
                title=title.id,
                title_name=title.name,
                ready=all(one.standing in WELL for one in seen),
                slots=tuple(_told(one, place) for one in seen),
            )


def status(services: Services, wanted: Sequence[str] = (), *, library: str | None = None) -> LibraryStatus:
    """Return how titles stand, and the totals."""
    found = tuple(titles(services, wanted, library=library))
    counted: Totals = {}
    for one in found:
        count(counted, one)
    return LibraryStatus(ready=all(one.ready for one in found), titles=found, totals=counted)


def count(totals: Totals, title: TitleStatus) -> None:
    """Count a title by algorithm and by how it stands."""
    for slot in title.slots:
        of = totals.setdefault(slot.algorithm, {})
        of[slot.standing] = of.get(slot.standing, 0) + 1


def line(title: TitleStatus) -> str:
    """Return how a title stands as one line: the words with their numbers, those that are well first."""
    counts: dict[Standing, int] = defaultdict(int)
    for slot in title.slots:
        counts[slot.standing] += 1
    told = [f"{counts[one]} {one}" for one in Standing if counts[one] and one is not Standing.NOT_FOR_IT]
    return ", ".join(told) or "nothing can be made of it"


def _told(stand: Stand, library: str) -> SlotStatus:
    return SlotStatus.model_construct(
        algorithm=stand.algorithm,
        standing=stand.standing,
        version=stand.version,
        seen=stand.seen,
        run=stand.run,
        since=stand.since,
        why=stand.why,
        fix=tuple(_commands(stand.fix, library)),
        batch=stand.batch,
        backfill=stand.backfill,
    )


def _commands(fix: Iterable[Command], library: str) -> Iterator[str]:
    for words in fix:
        yield shlex.join(["watchdown", *words, "--library", library])


def _types_by_run(services: Services, prefix: str) -> Mapping[int, Sequence[str]]:
    """Return by run the schema types of which rows lie under a prefix."""
    found: dict[int, list[str]] = {}
    for stored in services.storage.list(prefix):
        if (rows := keys.rows_of(stored.key)) and rows[1] not in found.setdefault(rows[0], []):
            found[rows[0]].append(rows[1])
    return found
