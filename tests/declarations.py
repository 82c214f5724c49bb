"""Schema types drawn at random, with rows of them, for tests that hold for any type."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.record import BASE_TYPES, Record
from watchdown_schemas.registry import Registry
from watchdown_schemas.soundness import COLUMNS, DERIVED
from watchdown_schemas.sources import standard

INHERITED = {name for base in BASE_TYPES.values() for name in base.model_fields}
TAKEN = INHERITED | COLUMNS
PARENTS = [("Record",), ("TemporalSpatial",), ("AlgorithmOutput",), ("TemporalSpatial", "AlgorithmOutput")]
ROLES: dict[str, list[dict[str, Any]]] = {
    "string": [
        {},
        {"keyword": {}},
        {"text": {}},
        {"geometry": {}},
        {"entity": {"kind": "person"}},
        {"blob": {}},
    ],
    "integer": [{}, {"time": {}}, {"keyword": {}}],
    "number": [{}, {"confidence": {}}],
    "boolean": [{}, {"keyword": {}}],
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.sampled_from(["", "one", "two", "Größe 3"]),
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(0, 1),
    "boolean": st.booleans(),
    "vector": st.sampled_from([[1.0, 0.0], [0.6, -0.8]]),
    "attributes": st.dictionaries(
        st.sampled_from(["a", "b"]), st.one_of(st.text(max_size=3), st.floats(0, 1))
    ),
}
names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: (
        not (hasattr(Record, name) or name in TAKEN or name.endswith(DERIVED) or name.startswith("model_"))
    )
)


@st.composite
def own_fields(draw: st.DrawFn, name: str, *, mandatory: bool | None = None) -> FieldDeclaration:
    """Draw a field of any form but a vector."""
    kind = draw(st.sampled_from([*ROLES]))
    roles = draw(st.sampled_from(ROLES[kind]))
    many = not roles and draw(st.booleans())
    optional = draw(st.booleans())
    among = draw(st.sampled_from([None, ("one", "two"), ("two",)])) if kind == "string" and not many else None
    asked = draw(st.booleans()) if mandatory is None else mandatory
    given = draw(
        st.lists(VALUES[kind], max_size=2) if many else st.sampled_from(among) if among else VALUES[kind]
    )
    default = None if asked or (optional and draw(st.booleans())) else given
    return FieldDeclaration(
        name=name,
        kind=kind,
        many=many,
        optional=optional,
        mandatory=asked,
        default=default,
        among=among,
        roles=roles,
        doc=draw(st.sampled_from(["", 'Says "this" and */ that | so.'])),
    )


@st.composite
def declarations(draw: st.DrawFn, name: str = "Thing", version: int = 1) -> Declaration:
    """Draw a type with up to five fields of its own, complete with those that it inherits."""
    bases = draw(st.sampled_from(PARENTS))
    fields = [draw(own_fields(field)) for field in draw(st.lists(names, max_size=5, unique=True))]
    if draw(st.booleans()):
        said = {"metric": "cosine", **draw(st.sampled_from([{}, {"dimension": 2}]))}
        fields.append(FieldDeclaration(name="vec", kind="vector", roles={"vector": said}))
    single = [field.name for field in fields if not field.many and field.kind != "vector"]
    key = draw(st.lists(st.sampled_from([*single, "asset"]), min_size=1, max_size=2, unique=True))
    doc = "A thing. Tests write it."
    return Registry(standard()).complete(
        Declaration(name=name, version=version, bases=bases, key=tuple(key), fields=tuple(fields), doc=doc)
    )


@st.composite
def successors(draw: st.DrawFn, old: Declaration) -> Declaration:
    """Draw a next version of a type: some of its fields changed or gone, some new."""
    kept = []
    for field in old.fields:
        fate = (
            "kept"
            if field.name in INHERITED
            else draw(st.sampled_from(["kept", "kept", "kept", "gone", "other"]))
        )
        if fate == "kept":
            kept.append(field)
        elif fate == "other" and field.kind != "vector":
            kept.append(draw(own_fields(field.name)))
    there = {field.name for field in old.fields}
    new = draw(st.lists(names.filter(lambda name: name not in there), max_size=3, unique=True))
    fields = [*kept, *(draw(own_fields(name)) for name in new)]
    return old.model_copy(update={"version": old.version + 1, "fields": tuple(fields)})


@st.composite
def rows(draw: st.DrawFn, declaration: Declaration) -> dict[str, Any]:
    """Draw a row of a type, as it was once stored."""
    row: dict[str, Any] = {}
    for field in declaration.fields:
        if field.optional and draw(st.booleans()):
            row[field.name] = None
        elif field.mandatory or draw(st.booleans()):
            one = st.sampled_from(field.among) if field.among else VALUES[field.kind]
            row[field.name] = draw(st.lists(one, max_size=2) if field.many else one)
    return {**row, "type": declaration.label}
