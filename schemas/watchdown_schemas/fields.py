"""The fields of a schema type with their roles, as everything that is derived reads them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from watchdown_schemas.record import Record
from watchdown_schemas.roles import Role, Stamped, Vector

R = TypeVar("R", bound=Role)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its plain Python type, whether it may be None, and its roles."""

    name: str
    type: Any
    optional: bool
    roles: tuple[Role, ...]

    def role(self, kind: type[R]) -> R | None:
        """Return the field's role of that kind, if it has it."""
        return next((role for role in self.roles if isinstance(role, kind)), None)

    @property
    def stamped(self) -> bool:
        """Whether the runtime fills this field in."""
        return self.role(Stamped) is not None


def _plain(annotation: Any) -> tuple[Any, bool]:
    """Return the type without None and literals, and whether None was allowed."""
    optional = False
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        optional = len(kinds) < len(get_args(annotation))
        annotation = kinds[0] if len(kinds) == 1 else annotation
    if get_origin(annotation) is Literal:
        annotation = type(get_args(annotation)[0])
    return annotation, optional


@cache
def fields(schema: type[Record]) -> tuple[Field, ...]:
    """Return the fields of a schema type in the order of declaration, inherited ones first."""
    found = []
    for name, info in schema.model_fields.items():
        kind, optional = _plain(info.annotation)
        roles = tuple(item for item in info.metadata if isinstance(item, Role))
        found.append(Field(name, kind, optional, roles))
    return tuple(found)


def has_vector(schema: type[Record]) -> bool:
    """Whether records of the type hold a vector, and so belong to a model."""
    return any(field.role(Vector) for field in fields(schema))
