"""Filters over records: one immutable tree, the same in Python and JSON, read alike by every store.

Logic is two-valued: a comparison with a missing value is false, and its negation true. Where a record has
several values under a name, one that fits is enough. A name stands for the field of the record's type, and
where the type has none for the attribute of that name.
"""

from watchdown.where.building import FieldRef, field, read_where, where_from
from watchdown.where.fitting import Kind, check, check_countable, field_kind, own_field, region
from watchdown.where.tree import (
    All,
    Any,
    During,
    Entity,
    Exists,
    In,
    Inside,
    Intersects,
    Is,
    Not,
    Overlaps,
    Range,
    StartsIn,
    Where,
)
from watchdown.where.values import Value, moment_ns

__all__ = [
    "All",
    "Any",
    "During",
    "Entity",
    "Exists",
    "FieldRef",
    "In",
    "Inside",
    "Intersects",
    "Is",
    "Kind",
    "Not",
    "Overlaps",
    "Range",
    "StartsIn",
    "Value",
    "Where",
    "check",
    "check_countable",
    "field",
    "field_kind",
    "moment_ns",
    "own_field",
    "read_where",
    "region",
    "where_from",
]
