"""Make the class of a schema type from its declaration."""

from __future__ import annotations

import types
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field, SkipValidation

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.declaring import describe
from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.record import AttributeValue, Record
from watchdown_schemas.soundness import ROLES, check

_TYPES: Final[Mapping[str, Any]] = {
    "string": str,
    "integer": int,
    "number": float,
    "boolean": bool,
    "vector": SkipValidation[Sequence[float]],
    "attributes": dict[str, AttributeValue],
}


def build(declaration: Declaration, bases: Mapping[str, type[Record]]) -> type[Record]:
    """Return the class of a declared type; `bases` has its base types by name.

    Fields that the bases have alike are inherited, and so are those that the declaration leaves out.
    Raises SchemaInvalid where the declaration makes no class.
    """
    check(declaration, complete=False)
    parents = tuple(bases[name] for name in declaration.bases) or (Record,)
    annotations: dict[str, Any] = {
        "schema_version": ClassVar[int],
        "key": ClassVar[tuple[str, ...]],
        "example": ClassVar[Mapping[str, Any]],
    }
    body: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": declaration.name,
        "__doc__": declaration.doc or None,
        "__annotations__": annotations,
        "model_config": ConfigDict(defer_build=True),  # many are known, few are written
        "schema_version": declaration.version,
        "key": declaration.key,
        "example": declaration.example,
    }
    inherited = {field.name: field for parent in reversed(parents) for field in describe(parent).fields}
    for field in declaration.fields:
        if inherited.get(field.name) != field:
            annotations[field.name] = _annotation(field)
            if not field.mandatory:
                body[field.name] = tuple(field.default) if isinstance(field.default, list) else field.default
    try:
        return types.new_class(declaration.name, parents, exec_body=lambda space: space.update(body))
    except (TypeError, ValueError, NameError) as error:
        cause = f"makes no class ({error})"
        raise SchemaInvalid(declaration.label, cause, "Mend the declaration.") from error


def _annotation(field: FieldDeclaration) -> Any:
    kind: Any = Literal[field.among] if field.among else _TYPES[field.kind]
    if field.many:
        kind = tuple[kind, ...]
    if field.optional:
        kind = kind | None
    said = [ROLES[name](**values) for name, values in field.roles.items()]
    return Annotated[(kind, *said, Field(description=field.doc or None))]
