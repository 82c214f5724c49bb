"""The nodes of a filter: immutable, compared by value, told apart by `kind` in JSON."""

from __future__ import annotations

import typing
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from watchdown.where.values import Value, value_kind
from watchdown_schemas.errors import QueryError

MAX_DEPTH: Final = 32  # levels; a deeper tree comes from no person
MAX_SIZE: Final = 65_536  # nodes and values together
LONGEST_NAME: Final = 1_000

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Nanoseconds = Annotated[int, Field(ge=-(2**63), lt=2**63)]


class Node(BaseModel):
    """What all nodes have. `a & b`, `a | b` and `~a` make new trees."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def parts(self) -> tuple[Where, ...]:
        """The nodes below this one."""
        return ()

    @cached_property
    def depth(self) -> int:
        """Levels of the tree, 1 for a leaf."""
        return 1 + max((part.depth for part in self.parts), default=0)

    @cached_property
    def size(self) -> int:
        """Nodes and values in the tree."""
        return 1 + sum(part.size for part in self.parts)

    @model_validator(mode="after")
    def _within_limits(self) -> Self:
        if self.depth > MAX_DEPTH:
            raise QueryError("the filter", f"has more than {MAX_DEPTH} levels", "Ask in several steps")
        if self.size > MAX_SIZE:
            raise QueryError("the filter", f"has more than {MAX_SIZE:,} values", "Ask in several steps")
        return self

    def __and__(self, other: Where) -> All:
        return All(of=(*_flat(self, All), *_flat(other, All)))

    def __or__(self, other: Where) -> Any:
        return Any(of=(*_flat(self, Any), *_flat(other, Any)))

    def __invert__(self) -> Where:
        return Not(of=typing.cast("Where", self))


def _flat(node: typing.Any, kind: type[All | Any]) -> tuple[Where, ...]:
    """Return the parts of a node of that kind, so that chains stay shallow, else the node itself."""
    if not isinstance(node, Node):
        raise QueryError(repr(node), "is no filter", 'Write field("label") == "car"')
    return node.of if isinstance(node, kind) else (typing.cast("Where", node),)


class Is(Node):
    """The field has this value. Numbers compare as numbers: 1, 1.0 and True are one value."""

    kind: Literal["is"] = "is"
    field: Name
    value: Value


class In(Node):
    """The field has one of these values; none of no values."""

    kind: Literal["in"] = "in"
    field: Name
    values: tuple[Value, ...]

    @cached_property
    def size(self) -> int:
        """Nodes and values in the tree."""
        return 1 + len(self.values)


class Range(Node):
    """The field has a value within bounds, each optional, at least one given, all of one kind.

    Text is ordered by code point.
    """

    kind: Literal["range"] = "range"
    field: Name
    at_least: Value | None = None
    above: Value | None = None
    at_most: Value | None = None
    below: Value | None = None

    @property
    def bounds(self) -> tuple[tuple[str, typing.Any], ...]:
        """The bounds that are given, each with what a value must be to it: >=, >, <= or <."""
        names = (("at_least", ">="), ("above", ">"), ("at_most", "<="), ("below", "<"))
        found = ((sign, getattr(self, name)) for name, sign in names)
        return tuple((sign, value) for sign, value in found if value is not None)

    @model_validator(mode="after")
    def _has_bounds(self) -> Self:
        kinds = {value_kind(value) for _, value in self.bounds}
        if len(kinds) != 1:
            cause = f"is compared with both {' and '.join(sorted(kinds))}" if kinds else "has no bound"
            raise QueryError(f"the range of {self.field}", cause, "Give at_least, above, at_most or below")
        return self


class Exists(Node):
    """The field has a value; an empty list has none."""

    kind: Literal["exists"] = "exists"
    field: Name


class _Span(Node):
    """A half-open range of the timeline in nanoseconds; of no length, it is the moment `start_ns`.

    A record without both its times is in none.
    """

    start_ns: Nanoseconds
    end_ns: Nanoseconds

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end_ns < self.start_ns:
            span = f"the range [{self.start_ns}, {self.end_ns})"
            raise QueryError(span, "ends before it starts", "Give the earlier time first")
        return self

    @property
    def end(self) -> int:
        """The first nanosecond after the range; a moment is one nanosecond long."""
        return max(self.end_ns, self.start_ns + 1)


class Overlaps(_Span):
    """The record's range shares a nanosecond with this one."""

    kind: Literal["overlaps"] = "overlaps"


class During(_Span):
    """The record's range lies within this one."""

    kind: Literal["during"] = "during"


class StartsIn(_Span):
    """The record starts within this range; it need not have an end."""

    kind: Literal["starts_in"] = "starts_in"


class Intersects(Node):
    """The record's geometry touches this one: WKT in fractions of the frame, origin top left."""

    kind: Literal["intersects"] = "intersects"
    wkt: str


class Inside(Node):
    """The record's geometry lies within this one, its edge included."""

    kind: Literal["inside"] = "inside"
    wkt: str


class Entity(Node):
    """The record belongs to this entity, `kind:id`: by its entities, or by a field that names one.

    Of the kinds `title` and `asset`, the record's own title and asset count too.
    """

    kind: Literal["entity"] = "entity"
    entity: Annotated[str, Field(pattern=r"(?s)^[^:]+:.+$", max_length=LONGEST_NAME)]

    @property
    def named(self) -> tuple[str, str]:
        """The entity's kind and its id."""
        kind, _, known_as = self.entity.partition(":")
        return kind, known_as


class All(Node):
    """Every part holds; without parts, always."""

    kind: Literal["all"] = "all"
    of: tuple[Where, ...]

    @property
    def parts(self) -> tuple[Where, ...]:
        """The nodes below this one."""
        return self.of


class Any(Node):
    """Some part holds; without parts, never."""

    kind: Literal["any"] = "any"
    of: tuple[Where, ...]

    @property
    def parts(self) -> tuple[Where, ...]:
        """The nodes below this one."""
        return self.of


class Not(Node):
    """The part does not hold."""

    kind: Literal["not"] = "not"
    of: Where

    @property
    def parts(self) -> tuple[Where, ...]:
        """The nodes below this one."""
        return (self.of,)

    def __invert__(self) -> Where:
        return self.of


Where: TypeAlias = Annotated[
    Is | In | Range | Exists | Overlaps | During | StartsIn | Intersects | Inside | Entity | All | Any | Not,
    Field(discriminator="kind"),
]

for _node in (All, Any, Not):
    _node.model_rebuild()
