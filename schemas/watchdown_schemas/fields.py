"""The fields of a schema type with their roles, as everything that is derived reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.record import Record
from watchdown_schemas.roles import Attributes, Role, Stamped, Vector

R = TypeVar("R", bound=Role)
PLAIN = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its plain `kind`, whether it may be None, has several values or a default, and its roles.

    `among` has the only values that it may take, where it has such; `default` counts if not `mandatory`.
    """

    name: str
    kind: type
    optional: bool
    many: bool
    mandatory: bool
    default: Any
    among: tuple[str, ...] | None
    roles: tuple[Role, ...]
    doc: str

    def role(self, kind: type[R]) -> R | None:
        """Return the field's role of that kind, if it has it."""
        return next((role for role in self.roles if isinstance(role, kind)), None)

    @property
    def stamped(self) -> bool:
        """Whether the runtime fills this field in."""
        return self.role(Stamped) is not None


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation, False
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return (kinds[0] if len(kinds) == 1 else annotation), len(kinds) < len(get_args(annotation))


def _field(schema: type[Record], name: str) -> Field:
    info = schema.model_fields[name]
    roles = tuple(item for item in info.metadata if isinstance(item, Role))
    kind, optional = _without_none(info.annotation)
    among, many = None, False
    if get_origin(kind) is Literal:
        values = [value for value in get_args(kind) if value is not None]
        optional |= len(values) < len(get_args(kind))
        among, kind = tuple(map(str, values)), type(values[0])
    elif any(isinstance(role, Attributes) for role in roles):
        kind = dict
    elif any(isinstance(role, Vector) for role in roles):
        kind = float
    elif get_origin(kind) is tuple and get_args(kind)[1:] == (...,):
        many, kind = True, get_args(kind)[0]
    if kind not in (*PLAIN, dict):
        raise SchemaInvalid(
            f"{schema.__name__}.{name}",
            f"has the type {info.annotation}, which no store can hold",
            "Use str, int, float, bool, a tuple of one of them (tuple[str, ...]), or a vector.",
        )
    mandatory = info.is_required()
    default = None if mandatory else info.get_default(call_default_factory=True)
    return Field(name, kind, optional, many, mandatory, default, among, roles, info.description or "")


@cache
def fields(schema: type[Record]) -> tuple[Field, ...]:
    """Return the fields of a schema type in the order of declaration, inherited ones first.

    Raises SchemaInvalid for a field of a type that no store can hold.
    """
    return tuple(_field(schema, name) for name in schema.model_fields)


def vector_field(schema: type[Record]) -> Field | None:
    """Return the field that holds the type's vector, if it has one."""
    return next((field for field in fields(schema) if field.role(Vector)), None)


def has_vector(schema: type[Record]) -> bool:
    """Whether records of the type hold a vector, and so belong to a model."""
    return vector_field(schema) is not None


def plain_row(row: Mapping[str, Any] | Record) -> Mapping[str, Any]:
    """Return a record as a mapping of its fields, without copying what they hold."""
    return row.__dict__ if isinstance(row, Record) else row
