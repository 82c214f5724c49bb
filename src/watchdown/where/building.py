"""Ways to write a filter: `field("confidence") >= 0.5`, `{"label": "car"}`, and JSON."""

from __future__ import annotations

import typing
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from watchdown.where.tree import All, Exists, In, Is, Node, Not, Range, Where
from watchdown_schemas.errors import QueryError
from watchdown_schemas.faults import shown

Plain: TypeAlias = str | float | datetime
N = TypeVar("N", bound=Node)

_BOUNDS: Final = ("at_least", "above", "at_most", "below")
_TREE: Final[TypeAdapter[Where]] = TypeAdapter(Where)


@dataclass(frozen=True, eq=False, slots=True)
class FieldRef:
    """A field or attribute by its name; comparing it makes a filter."""

    name: str

    def __eq__(self, value: object) -> Where:  # type: ignore[override] # comparing makes a filter, as in SQLAlchemy
        return _made(Is, field=self.name, value=value)

    def __ne__(self, value: object) -> Where:  # type: ignore[override] # comparing makes a filter, as in SQLAlchemy
        return Not(of=_made(Is, field=self.name, value=value))

    __hash__ = None  # type: ignore[assignment] # what does not compare by value has no place in a set

    def __ge__(self, value: Plain) -> Where:
        return _made(Range, field=self.name, at_least=value)

    def __gt__(self, value: Plain) -> Where:
        return _made(Range, field=self.name, above=value)

    def __le__(self, value: Plain) -> Where:
        return _made(Range, field=self.name, at_most=value)

    def __lt__(self, value: Plain) -> Where:
        return _made(Range, field=self.name, below=value)

    def is_in(self, values: Iterable[Plain]) -> Where:
        """Ask for any of these values."""
        if isinstance(values, str):
            raise QueryError(shown(values), "is one value, not several", "Give a list")
        return _made(In, field=self.name, values=tuple(values))

    def between(self, at_least: Plain, below: Plain) -> Where:
        """Ask for values from one bound up to another, itself left out."""
        return _made(Range, field=self.name, at_least=at_least, below=below)

    def exists(self) -> Where:
        """Ask for records that have a value here."""
        return _made(Exists, field=self.name)


def field(name: str) -> FieldRef:
    """Name a field or attribute, to compare it: `(field("label") == "car") & (field("confidence") > 0.5)`."""
    return FieldRef(name)


def where_from(where: Where | Mapping[str, typing.Any] | None = None, **fields: typing.Any) -> Where | None:
    """Return a filter from what people write; None when nothing is asked.

    A mapping has names of fields or attributes with the value to have, a list of values of which one is
    enough, None for no value, or bounds: `{"label": ["car", "bus"], "confidence": {"at_least": 0.5}}`.
    The JSON form of a filter is one, too. Keywords add to it. All of it must hold.
    """
    parts: list[Where] = []
    if isinstance(where, Mapping) and (tree := _as_tree(where)) is not None:
        parts = [tree]
    elif isinstance(where, Mapping):
        fields = {**where, **fields}
    elif isinstance(where, Node):
        parts = [where]
    elif where is not None:
        remedy = 'Give a mapping such as {"label": "car"}, or field("label") == "car"'
        raise QueryError(shown(where), "is no filter", remedy)
    parts += [_asked(name, wish) for name, wish in fields.items()]
    if len(parts) < 2:  # noqa: PLR2004 - one part stands for itself
        return parts[0] if parts else None
    return _made(All, of=tuple(parts))


def _as_tree(where: Mapping[str, typing.Any]) -> Where | None:
    """Return the filter whose JSON form a mapping is, None where it names fields."""
    try:
        return _TREE.validate_python(dict(where)) if len(where) > 1 and "kind" in where else None
    except ValidationError:
        return None


def _asked(name: str, wish: typing.Any) -> Where:
    """Return the filter that one entry of a mapping stands for."""
    if wish is None:
        return Not(of=_made(Exists, field=name))
    if isinstance(wish, Mapping):
        if not wish or not wish.keys() <= {*_BOUNDS}:
            cause = f"is compared by {', '.join(map(str, wish))}" if wish else "is compared with nothing"
            raise QueryError(name, cause, f"Known: {', '.join(_BOUNDS)}")
        return _made(Range, field=name, **wish)
    if isinstance(wish, list | tuple | set | frozenset):
        return _made(In, field=name, values=tuple(wish))
    return _made(Is, field=name, value=wish)


def read_where(data: str | bytes | Mapping[str, typing.Any]) -> Where:
    """Return a filter from its JSON form, text or already parsed; QueryError says what in it is wrong."""
    try:
        return _TREE.validate_json(data) if isinstance(data, str | bytes) else _TREE.validate_python(data)
    except ValidationError as error:
        raise _told(error) from None


def _made(node: type[N], **parts: typing.Any) -> N:
    """Make a node; QueryError says what in it is wrong."""
    try:
        return node(**parts)
    except ValidationError as error:
        raise _told(error) from None


def _told(error: ValidationError) -> QueryError:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"][-3:])) or "the filter"
    remedy = 'Write {"kind": "is", "field": "label", "value": "car"}, or see docs/filter-records.md'
    return QueryError(place, shown(first["msg"]).strip("'"), remedy)
