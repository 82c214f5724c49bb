"""What makes a declaration sound: names that are free, roles that fit, bases that are kept."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter, ValidationError

from watchdown_schemas import roles
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.record import BASE_TYPES, Record

if TYPE_CHECKING:
    from watchdown_schemas.declaration import Declaration, FieldDeclaration

ROLES: Final[Mapping[str, type[roles.Role]]] = {
    cls.__name__.lower(): cls for cls in roles.Role.__subclasses__()
}
TAKEN: Final = frozenset(
    # Tables and types that derived forms have beside the schema types.
    {"Attribute", "AttributeValue", "BaseRecord", "Custom", "Nanoseconds", "SchemaLabel", "StandardRecord"}
    | {"Boolean", "DateTime", "Float", "ID", "Int", "Int64", "Mutation", "Query", "String", "Subscription"}
)
# Columns that tables and refused rows have beside the fields.
COLUMNS: Final = frozenset({"attribute_tokens", "faults", "lineage", "payload", "reasons", "row"})
DERIVED: Final = ("_words", "_stems")
_TEXT: Final = frozenset({"string"})
# On what kinds of fields a role may stand.
_KINDS: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("language", "text", "geometry", "entity", "blob"), _TEXT),
    "keyword": frozenset({"string", "integer", "boolean"}),
    "vector": frozenset({"vector"}),
    "time": frozenset({"integer"}),
    "confidence": frozenset({"number"}),
    "attributes": frozenset({"attributes"}),
}
_MANY: Final = frozenset({"keyword", "entity", "blob", "stamped"})
_VALUES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "vector": (),
    "attributes": (dict,),
}


def check(declaration: Declaration, bases: Iterable[Declaration] = (), *, complete: bool = True) -> None:
    """Check that a declaration makes sense in itself and keeps what its bases say.

    One that is not `complete` may leave out fields that it inherits. Raises SchemaInvalid, which says
    everything that is wrong.
    """
    faults = [*_of_the_type(declaration, complete=complete)]
    broken: dict[str, str] = {}  # by field, as the nearest base has it
    for field in declaration.fields:
        faults += _of_a_field(field)
    for base in reversed([*bases]):
        broken |= dict(_against(declaration, base))
    if faults := [*dict.fromkeys([*faults, *broken.values()])]:
        raise SchemaInvalid(declaration.label, "; ".join(faults), "Mend the declaration.")


def _of_the_type(declaration: Declaration, *, complete: bool) -> Iterator[str]:
    names = [field.name for field in declaration.fields]
    if declaration.name in BASE_TYPES:
        yield f"{declaration.name} is the name of a base type"
    if declaration.name in TAKEN:
        yield f"{declaration.name} is a name that exports use for themselves"
    if declaration.name in declaration.bases:
        yield "it inherits from itself"
    yield from (
        f"field {name} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})
    )
    if sum(field.kind == "vector" for field in declaration.fields) > 1:
        yield "it has more than one vector"
    if not declaration.key:
        yield "it has no key to tell its records apart by"
    if complete:
        yield from _references(declaration)


def _references(declaration: Declaration) -> Iterator[str]:
    for name in declaration.key:
        field = declaration.field(name)
        if field is None:
            yield f"key {name} is no field: name one as key = (...), or inherit TemporalSpatial"
        elif field.many or field.kind in {"vector", "attributes"}:
            yield f"key {name} is no single value"
    for field in declaration.fields:
        for role, key, needed in (("text", "language", "language"), ("time", "start", "time")):
            named = field.roles.get(role, {}).get(key)
            if named is None:
                continue
            other = declaration.field(str(named))
            if other is None or needed not in other.roles:
                yield f"the {key} of field {field.name} is {named}, which is no such field"


def _of_a_field(field: FieldDeclaration) -> Iterator[str]:
    name = field.name
    # Class attributes of a record, such as `key`, and what every Pydantic model has.
    taken = hasattr(Record, name) or name in COLUMNS
    if taken or name.endswith(DERIVED) or name.startswith("model_"):
        yield f"field {name} has a name that is taken; choose another"
    yield from _roles(field)
    if field.kind == "vector" and ("vector" not in field.roles or field.many or not field.mandatory):
        yield f"field {name} is a vector, which must be one, mandatory and of the role vector"
    elif field.kind == "attributes" and "attributes" not in field.roles:
        yield f"field {name} holds attributes and needs the role attributes"
    if field.among is not None and (field.kind != "string" or field.many or not field.among):
        yield f"field {name} may only take some values, which only a single text may"
    if not field.mandatory:
        yield from _default(field)


def _roles(field: FieldDeclaration) -> Iterator[str]:
    for role, said in field.roles.items():
        if role not in ROLES:
            yield f"field {field.name} has the unknown role {role} (known: {', '.join(ROLES)})"
            continue
        if unknown := sorted(said.keys() - {one.name for one in dataclasses.fields(ROLES[role])}):
            yield f"role {role} of field {field.name} has no {', '.join(unknown)}"
        elif not _is_role(role, said):
            yield f"role {role} of field {field.name} cannot be {said}"
        if field.kind not in _KINDS.get(role, {field.kind}):
            yield f"field {field.name} is {field.kind}, which the role {role} does not fit"
        if field.many and role not in _MANY:
            yield f"field {field.name} has several values, which the role {role} does not fit"


@cache
def _adapter(role: str) -> TypeAdapter[roles.Role]:
    return TypeAdapter(ROLES[role])


def _is_role(name: str, said: Mapping[str, Any]) -> bool:
    """Whether a role can say what is given."""
    try:
        made = _adapter(name).validate_json(json.dumps(said), strict=True)
    except ValidationError:
        return False
    return not isinstance(made, roles.Vector) or made.dimension is None or made.dimension > 0


def _default(field: FieldDeclaration) -> Iterator[str]:
    default: Any = field.default
    if default is None:
        if not field.optional:
            yield f"field {field.name} has no default, yet is neither mandatory nor optional"
        return
    values = default if field.many and isinstance(default, list) else [default]
    fits = all(
        isinstance(value, _VALUES[field.kind])
        and (isinstance(value, bool) == (field.kind == "boolean"))
        and (field.among is None or value in field.among)
        for value in values
    )
    if not fits or isinstance(default, list) != field.many:
        yield f"the default of field {field.name} is {default!r}, which it cannot hold"


def _against(declaration: Declaration, base: Declaration) -> Iterator[tuple[str, str]]:
    """Yield each field to which a type gives another form than its base, so that queries on the base fail."""
    for field in base.fields:
        own = declaration.field(field.name)
        if own is None:
            yield field.name, f"it lacks field {field.name} of {base.name}"
        elif own.stored != field.stored:
            yield field.name, f"field {field.name} is {own.told}, but {field.told} in {base.name}"
        elif own.optional and not field.optional:
            yield field.name, f"field {field.name} may be empty, but not in {base.name}"
