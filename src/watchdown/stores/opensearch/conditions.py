"""What OpenSearch can look up of a filter over one schema type: a clause for the whole tree.

Every leaf is two-valued, so that a negation is the plain opposite.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from watchdown import where as w
from watchdown.stores.bounds import MOST, Leaf, OneOf, floats, integers, moments, texts, truths
from watchdown.stores.opensearch.clauses import (
    EVERY,
    NONE,
    UNKNOWN,
    Clause,
    combined,
    exists,
    loose,
    nested,
    on_values,
    opposite,
    term,
    terms,
)
from watchdown.stores.opensearch.documents import ATTRIBUTES, LONGEST, MARKS
from watchdown.stores.shared import in_base, is_shared
from watchdown_schemas.arrow import WORDS
from watchdown_schemas.fields import Field, fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Blob, Entity, Geometry, Text, Vector

DEEPEST: Final = 8  # levels that the server takes with ease; what lies below is left to the exact filter
NAME: Final = f"{ATTRIBUTES}.name"


@dataclass(frozen=True, slots=True)
class Asked:
    """The type that is asked for, and the marks that its index has at all."""

    schema: type[Record]
    marks: Collection[str] = ()

    def in_field(self, name: str) -> bool:
        """Whether a field of the type is a field of its documents, rather than an entry."""
        return in_base(self.schema, name) if is_shared(self.schema) else True


def condition(where: w.Where | None, asked: Asked, *, wanted: bool = True, level: int = 0) -> Clause:
    """Return the clause that a filter holds, or does not; `not` moves down to the leaves."""
    if where is None:
        return EVERY
    if isinstance(where, w.Not):
        return condition(where.of, asked, wanted=not wanted, level=level)
    if isinstance(where, w.All | w.Any):
        if level >= DEEPEST:
            return UNKNOWN
        parts = [condition(part, asked, wanted=wanted, level=level + 1) for part in where.of]
        return combined(parts, every=isinstance(where, w.All) == wanted)
    leaf = _leaf(where, asked)
    return leaf if wanted else opposite(leaf)


def _leaf(where: w.Where, asked: Asked) -> Clause:
    match where:
        case w.Entity():
            return _belongs(where, asked)
        case w.Intersects() | w.Inside():
            return _lies(asked)
        case w.Overlaps() | w.During() | w.StartsIn():
            return _happens(where, asked)
        case w.Exists():
            return _exists(where.field, asked)
        case w.Is() | w.In() | w.Range():
            return _compares(where, asked)
    raise AssertionError(where)


def _marked(clause: Clause, mark: str, asked: Asked) -> Clause:
    """Return a clause that takes in rows with a mark as well, where there are such."""
    return combined([clause, term(MARKS, mark)], every=False) if mark in asked.marks else clause


def _compares(leaf: Leaf, asked: Asked) -> Clause:
    own = w.own_field(asked.schema, leaf.field)
    if own is None:
        found = _among_attributes(leaf)
    elif own.role(Vector) or own.role(Attributes):
        return NONE
    elif own.role(Text) and not own.many:
        return loose(_exists(leaf.field, asked))  # the text itself is kept, but not indexed
    elif own.role(Geometry) or own.role(Blob):
        return UNKNOWN
    elif asked.in_field(leaf.field):
        found = _on_field(leaf, own, leaf.field)
    else:
        member = {str: "keyword", float: "number"}.get(own.kind, "integer")
        found = nested(ATTRIBUTES, term(NAME, leaf.field), _on_field(leaf, own, f"{ATTRIBUTES}.{member}"))
    mark = f"!{leaf.field}"
    return loose(_marked(found, mark, asked)) if mark in asked.marks else found


def _on_field(leaf: Leaf, own: Field, name: str) -> Clause:
    if own.kind is bool:
        taken = sorted(truths(leaf))
        return terms(name, taken if name == own.name else [int(one) for one in taken])
    if own.kind is int:
        return on_values(integers(leaf), name)
    return _on_texts(leaf, name) if own.kind is str else on_values(floats(leaf), name)


def _on_texts(leaf: Leaf, name: str) -> Clause:
    test = texts(leaf)
    if isinstance(test, OneOf):  # longer ones are not indexed
        return on_values(OneOf(frozenset(one for one in test.values if len(one) <= LONGEST)), name)
    if any(len(bound) > LONGEST for _, bound in test.bounds):
        return loose(exists(name))
    return on_values(test, name)


def _among_attributes(leaf: Leaf) -> Clause:
    kinds = [
        _on_texts(leaf, f"{ATTRIBUTES}.keyword"),
        on_values(floats(leaf), f"{ATTRIBUTES}.number"),
        on_values(moments(leaf), f"{ATTRIBUTES}.time"),
    ]
    return nested(ATTRIBUTES, term(NAME, leaf.field), combined(kinds, every=False))


def _exists(name: str, asked: Asked) -> Clause:
    own = w.own_field(asked.schema, name)
    mark = f"?{name}"
    if own is not None:
        said = own.role(Text) is not None and not own.many
        if own.role(Vector):
            return EVERY
        if own.role(Attributes) or (said and is_shared(asked.schema)):
            return term(MARKS, mark)
        if asked.in_field(name):
            blind = own.role(Blob) is not None  # kept, but not indexed
            return UNKNOWN if blind else _marked(exists(name + WORDS if said else name), mark, asked)
    return nested(ATTRIBUTES, term(NAME, name))


def _happens(where: w.Overlaps | w.During | w.StartsIn, asked: Asked) -> Clause:
    needed = ("start_ns",) if isinstance(where, w.StartsIn) else ("start_ns", "end_ns")
    if any(w.own_field(asked.schema, name) is None for name in needed):
        return NONE
    if not all(asked.in_field(name) for name in needed):
        return UNKNOWN
    begins = Clause({"range": {"start_ns": {"gte": where.start_ns}}})
    before = Clause({"range": {"start_ns": {"lte": where.end - 1}}})
    if isinstance(where, w.StartsIn):
        return combined([begins, before], every=True)
    if isinstance(where, w.Overlaps):
        # Either it ends later, or it is a moment that starts no earlier.
        later = combined([Clause({"range": {"end_ns": {"gt": where.start_ns}}}), begins], every=False)
        return combined([before, exists("end_ns"), later], every=True)
    within = Clause({"range": {"end_ns": {"lte": min(where.end, MOST)}}})
    return combined([begins, before, within], every=True)


def _belongs(where: w.Entity, asked: Asked) -> Clause:
    kind, known_as = where.named
    parts = [term(kind, known_as)] if kind in ("title", "asset") else []
    for field in fields(asked.schema):
        role = field.role(Entity)
        if role is not None and role.kind in (None, kind):
            value = where.entity if role.kind is None else known_as
            parts.append(_compares(w.Is(field=field.name, value=value), asked))
    return combined(parts, every=False)


def _lies(asked: Asked) -> Clause:
    """Return the clause that there is a geometry; where it lies, the exact filter finds out."""
    holding = [field.name for field in fields(asked.schema) if field.role(Geometry)]
    return combined([loose(_exists(name, asked)) for name in holding], every=False)
