"""Declarations: one version of a schema type as data, from which the class can be made again.

Golden files and the types stored with a library are declarations; comparing two of them needs no code.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from watchdown_schemas.errors import printable

TypeName = Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
FieldName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Kind = Literal["string", "integer", "number", "boolean", "vector", "attributes"]


def _paragraph(text: str) -> str:
    """Return text as one paragraph, however its source breaks the lines, that any terminal can show."""
    return printable(" ".join(text.split()))


Doc = Annotated[str, AfterValidator(_paragraph)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldDeclaration(_Frozen):
    """One field. `roles` has each role by name with what it says; `default` counts if not `mandatory`."""

    name: FieldName
    kind: Kind
    many: bool = False
    optional: bool = False
    mandatory: bool = True
    default: JsonValue = None
    among: tuple[str, ...] | None = None
    roles: dict[str, dict[str, JsonValue]] = {}
    doc: Doc = ""

    @property
    def stored(self) -> tuple[Any, ...]:
        """What decides how the field is stored and indexed; equal where two store alike."""
        said = {
            name: {} if name == "time" else said for name, said in self.roles.items() if name != "stamped"
        }
        return self.kind, self.many, said

    @property
    def told(self) -> str:
        """The form in words, such as `string keyword`."""
        said = {
            name: name
            + (f"({', '.join(f'{key}={value}' for key, value in values.items())})" if values else "")
            for name, values in self.roles.items()
        }
        kind = said.pop(self.kind, self.kind)
        return " ".join([f"{kind}[]" if self.many else kind, *said.values()])


class Declaration(_Frozen):
    """One version of a schema type: all its fields, inherited ones first."""

    name: TypeName
    version: int = Field(ge=1)
    doc: Doc = ""
    bases: tuple[str, ...] = ("Record",)
    key: tuple[str, ...] = ("start_ns",)
    fields: tuple[FieldDeclaration, ...] = ()
    example: dict[str, JsonValue] = {}

    @property
    def label(self) -> str:
        """The versioned name, such as `Shot.1`."""
        return f"{self.name}.{self.version}"

    @property
    def bare(self) -> Declaration:
        """The same without words for people, which may be mended without a new version."""
        fields = tuple(field.model_copy(update={"doc": ""}) for field in self.fields)
        return self.model_copy(update={"doc": "", "example": {}, "fields": fields})

    def field(self, name: str) -> FieldDeclaration | None:
        """Return a field by name, if there is one."""
        return next((field for field in self.fields if field.name == name), None)
