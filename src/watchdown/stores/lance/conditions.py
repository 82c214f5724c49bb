"""What Lance can look up of a filter over a table: SQL for the whole tree, two-valued in every leaf."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from watchdown import where as w
from watchdown.stores.bounds import LEAST, MOST, Leaf
from watchdown.stores.lance.sql import (
    EVERY,
    NONE,
    UNKNOWN,
    Condition,
    at_least,
    at_most,
    combined,
    on_column,
    on_tokens,
    opposite,
    quoted,
)
from watchdown.stores.shared import BASE, in_base
from watchdown.stores.tokens import TOKENS
from watchdown_schemas.fields import fields
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Entity, Geometry, Text

DEEPEST: Final = 12  # levels that the SQL parser takes with ease; what lies below is left to the exact filter


@dataclass(frozen=True, slots=True)
class Table:
    """What a condition must know of a table: the types asked of it, its columns, whether types share it."""

    schemas: tuple[type[Record], ...]
    columns: frozenset[str]
    shared: bool

    def has_column(self, schema: type[Record], name: str) -> bool:
        """Whether a field of a type has a column of its own here, be it only in later versions."""
        return in_base(schema, name) if self.shared else w.own_field(schema, name) is not None


def condition(where: w.Where | None, table: Table, *, wanted: bool = True, level: int = 0) -> Condition:
    """Return the condition that a filter holds, or does not; `not` moves down to the leaves."""
    if where is None:
        return EVERY
    if isinstance(where, w.Not):
        return condition(where.of, table, wanted=not wanted, level=level)
    if isinstance(where, w.All | w.Any):
        if level >= DEEPEST:
            return UNKNOWN
        parts = [condition(part, table, wanted=wanted, level=level + 1) for part in where.of]
        return combined(parts, every=isinstance(where, w.All) == wanted)
    leaf = _leaf(where, table)
    return leaf if wanted else opposite(leaf)


def _leaf(where: w.Where, table: Table) -> Condition:
    match where:
        case w.Entity():
            return _belongs(where, table)
        case w.Intersects() | w.Inside():
            return _lies(table)
        case w.Overlaps() | w.During() | w.StartsIn():
            return _happens(where, table)
        case w.Is() | w.In() | w.Range() | w.Exists():
            return _compares(where, table)
    raise AssertionError(where)


def _compares(leaf: Leaf | w.Exists, table: Table) -> Condition:
    """Return the condition of a name, which is a column in some types, and a token in others."""
    own = {schema: w.own_field(schema, leaf.field) for schema in table.schemas}
    in_column = [field for schema, field in own.items() if field and table.has_column(schema, leaf.field)]
    elsewhere = [field for schema, field in own.items() if not table.has_column(schema, leaf.field)]
    parts = []
    if in_column and leaf.field in table.columns:
        parts.append(on_column(leaf, in_column[0]))
    if elsewhere and TOKENS in table.columns:
        has_text = any(field is not None and field.role(Text) is not None for field in elsewhere)
        parts.append(on_tokens(leaf, has_text=has_text))
    return combined(parts, every=False)


def _happens(where: w.Overlaps | w.During | w.StartsIn, table: Table) -> Condition:
    needed = {"start_ns"} if isinstance(where, w.StartsIn) else {"start_ns", "end_ns"}
    if not needed <= table.columns:
        return NONE
    begins = at_least("start_ns", where.start_ns)
    before = at_most("start_ns", where.end - 1)
    if isinstance(where, w.StartsIn):
        return Condition(f"{begins} AND {before}")
    if isinstance(where, w.Overlaps):
        # Either it ends later, or it is a moment that starts no earlier.
        later = f"(end_ns > {where.start_ns} OR {begins})" if where.start_ns > LEAST else "end_ns IS NOT NULL"
        return Condition(f"{before} AND end_ns IS NOT NULL AND {later}")
    return Condition(f"{begins} AND {before} AND {at_most('end_ns', min(where.end, MOST))}")


def _belongs(where: w.Entity, table: Table) -> Condition:
    kind, known_as = where.named
    parts = [Condition(f"{kind} = {quoted(known_as)}")] if kind in ("title", "asset") else []
    looked_up: dict[tuple[str, str], Condition] = {}
    for schema in table.schemas:
        for field in fields(schema):
            role = field.role(Entity)
            if role is not None and role.kind in (None, kind):
                leaf = w.Is(field=field.name, value=where.entity if role.kind is None else known_as)
                looked_up[leaf.field, str(leaf.value)] = _compares_in(leaf, schema, table)
    parts += looked_up.values()
    return combined(parts, every=False)


def _compares_in(leaf: w.Is, schema: type[Record], table: Table) -> Condition:
    """Return the condition of an entity field, which other types of the table may hold something else in."""
    found = _compares(leaf, Table((schema,), table.columns, table.shared))
    alone = len(table.schemas) == 1 or leaf.field in BASE
    return Condition(found.sql, found.exact and alone)


def _lies(table: Table) -> Condition:
    """Return the condition that there is a geometry; where it lies, the exact filter finds out."""
    holding = {field.name for schema in table.schemas for field in fields(schema) if field.role(Geometry)}
    if holding != {"geometry"}:
        return UNKNOWN if holding else NONE
    return Condition("geometry IS NOT NULL", exact=False) if "geometry" in table.columns else NONE
