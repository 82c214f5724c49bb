"""The JSON Schema of a schema type, as Pydantic makes it, with the roles that it does not know."""

from __future__ import annotations

from typing import Any, Final

from watchdown_schemas.declaration import FieldDeclaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.record import Record

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(schema: type[Record]) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type's records.

    Roles are told as `x-roles`; what the runtime fills in is `readOnly`.
    """
    declaration = declare(schema)
    made = schema.model_json_schema()
    properties = made.pop("properties")
    return {
        "$schema": DIALECT,
        "$id": f"urn:watchdown:schema-type:{declaration.label}",
        **made,
        "title": declaration.label,
        "description": declaration.doc,
        "properties": {field.name: _property(properties[field.name], field) for field in declaration.fields},
        **({"examples": [declaration.example]} if declaration.example else {}),
        "x-key": list(declaration.key),
    }


def _property(made: dict[str, Any], field: FieldDeclaration) -> dict[str, Any]:
    found = {key: value for key, value in made.items() if key != "title"}
    if field.doc:
        found["description"] = field.doc
    if "confidence" in field.roles:
        for one in found.get("anyOf", [found]):
            if one.get("type") == "number":
                one |= {"minimum": 0, "maximum": 1}
    dimension = field.roles.get("vector", {}).get("dimension")
    if dimension:
        found |= {"minItems": dimension, "maxItems": dimension}
    if "stamped" in field.roles:
        found["readOnly"] = True
    if said := {name: values for name, values in field.roles.items() if name != "stamped"}:
        found["x-roles"] = said
    return found
