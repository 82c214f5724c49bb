"""What changed from one run to another of the same slot: counted in full, shown by a few examples.

Memory is some hundred bytes a record of one schema type, however large the records are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pyarrow as pa

from watchdown.runs.comparing import Facts, Ints, compared, facts_of, key_of, rows_of
from watchdown.runs.pairing import paired
from watchdown.runs.vector_shift import VectorShift, vector_shift
from watchdown_schemas.fields import has_vector
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Keyword, Text

Read = Callable[[], Iterable[pa.RecordBatch]]
TIMES: Final = ("start_ns", "end_ns")


class What(StrEnum):
    """What became of a record."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    MOVED = "moved"
    CHANGED = "changed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One record that differs: where it is and was (ns), what it says, and which fields changed from what."""

    what: What
    before: tuple[int | None, int | None] | None
    after: tuple[int | None, int | None] | None
    says: str
    fields: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """How the records of one schema type differ. `fields` counts the records in which each has changed.

    A record that `moved` is the same one at another time; one that `changed` may have moved, too.
    """

    before: int
    after: int
    counts: Mapping[What, int]
    fields: Mapping[str, int]
    vectors: VectorShift | None
    examples: Mapping[What, tuple[Example, ...]]

    @property
    def same(self) -> int:
        """How many records are as they were."""
        return self.before - sum(count for what, count in self.counts.items() if what is not What.APPEARED)


def difference(
    before: Read, after: Read, schema: type[Record], *, examples: int, same_model: bool = True
) -> Difference:
    """Compare the records of a type of two runs, which can each be read more than once.

    With `same_model`, also by how far the vectors of the same records have turned.
    """
    old, new = facts_of(before(), schema), facts_of(after(), schema)
    one, other = paired(old, new)
    shifted = (old.start[one] != new.start[other]) | (old.end[one] != new.end[other])
    changed = old.content[one] != new.content[other]
    nothing = np.empty(0, np.int64)
    chosen: dict[What, tuple[Ints, Ints]] = {
        What.APPEARED: (nothing, _apart(new, other)),
        What.VANISHED: (_apart(old, one), nothing),
        What.MOVED: _ordered(new, one[shifted & ~changed], other[shifted & ~changed]),
        What.CHANGED: _ordered(new, one[changed], other[changed]),
    }
    counts = {what: max(len(places), len(others)) for what, (places, others) in chosen.items()}
    shown = {what: (sides[0][:examples], sides[1][:examples]) for what, sides in chosen.items()}
    rows = (
        _rows(before(), schema, old.key[_places(side[0] for side in shown.values())]),
        _rows(after(), schema, new.key[_places(side[1] for side in shown.values())]),
    )
    turned = has_vector(schema) and same_model and len(one) > 0
    return Difference(
        before=old.count,
        after=new.count,
        counts=counts,
        fields=_fields(old, new, one[changed], other[changed], schema),
        vectors=vector_shift(before(), after(), schema, old.key[one], new.key[other]) if turned else None,
        examples={
            what: tuple(_examples(what, sides, (old, new), rows, schema)) for what, sides in shown.items()
        },
    )


def _apart(facts: Facts, paired_ones: Ints) -> Ints:
    """Return the places of what is in no pair, by time."""
    left = np.ones(facts.count, np.bool_)
    left[paired_ones] = False
    places = np.flatnonzero(left)
    return places[np.argsort(facts.start[places], kind="stable")]


def _ordered(facts: Facts, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    order = np.argsort(facts.start[other], kind="stable")
    return one[order], other[order]


def _places(sides: Iterable[Iterable[int]]) -> Ints:
    return np.asarray([place for side in sides for place in side], np.int64)


def _fields(old: Facts, new: Facts, one: Ints, other: Ints, schema: type[Record]) -> dict[str, int]:
    """Count the changed records by the fields that have changed in them."""
    found = {
        compared_field.name: int(np.count_nonzero(old.fields[n, one] != new.fields[n, other]))
        for n, compared_field in enumerate(compared(schema))
    }
    for name, before, after in zip(TIMES, (old.start, old.end), (new.start, new.end), strict=True):
        found[name] = int(np.count_nonzero(before[one] != after[other]))
    return {name: count for name, count in found.items() if count}


def _rows(batches: Iterable[pa.RecordBatch], schema: type[Record], keys: Ints) -> dict[int, dict[str, Any]]:
    """Return rows by their key, of those keys."""
    wanted = set(keys.tolist())
    if not wanted:
        return {}
    every = ((key_of(row, schema), row) for row in rows_of(batches, schema))
    return {key: row for key, row in every if key in wanted}


def _examples(
    what: What,
    sides: tuple[Iterable[int], Iterable[int]],
    facts: tuple[Facts, Facts],
    rows: tuple[Mapping[int, dict[str, Any]], Mapping[int, dict[str, Any]]],
    schema: type[Record],
) -> Iterator[Example]:
    found = [
        [held[int(of.key[place])] for place in side]
        for side, of, held in zip(sides, facts, rows, strict=True)
    ]
    for place in range(max(map(len, found))):
        old = found[0][place] if found[0] else None
        new = found[1][place] if found[1] else None
        changed = {}
        if what is What.CHANGED and old is not None and new is not None:
            names = [one.name for one in compared(schema)]
            changed = {name: (old[name], new[name]) for name in names if old[name] != new[name]}
        yield Example(
            what=what,
            before=_time(old),
            after=_time(new),
            says=_says(new if new is not None else old or {}, schema),
            fields=changed,
        )


def _time(row: Mapping[str, Any] | None) -> tuple[int | None, int | None] | None:
    return None if row is None else (row.get("start_ns"), row.get("end_ns"))


def _says(row: Mapping[str, Any], schema: type[Record]) -> str:
    """Return what a record is, in its own words: its text, else its label and the like."""
    own = compared(schema)
    for role in (Text, Keyword):
        words = [row[one.name] for one in own if one.role(role) and isinstance(row[one.name], str)]
        if words:
            return ", ".join(words)
    return ""
