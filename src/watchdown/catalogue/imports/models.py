"""What a file says, checked by Pydantic: titles with their metadata, casts and rights, and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    PrivateAttr,
    ValidationError,
)

from watchdown.catalogue.imports.faults import ImportFault, fault
from watchdown.catalogue.imports.rules import (
    ColumnName,
    Line,
    PersonId,
    PersonName,
    column_name,
    identifier,
    line,
    value,
)
from watchdown.catalogue.model import Value

M = TypeVar("M", bound="Said")
Place: TypeAlias = tuple[int | str, ...]

_RULES: Final = {
    "missing": "is missing",
    "list_type": "is no list",
    "dict_type": "is no object",
    "model_type": "is no object",
}


def _or_nothing(raw: Any) -> Any:
    """Read null and empty text as an empty list, which removes what is there."""
    return [] if raw is None or raw == "" else raw


def _line_or_none(raw: Any) -> str | None:
    return None if raw is None or raw == "" else line(raw)


def _id_or_none(raw: Any) -> str | None:
    return None if raw is None or raw == "" else identifier(raw)


def _each_once(raw: Any) -> Any:
    """Refuse names that are one and the same once they are stored."""
    if not isinstance(raw, dict):
        return {} if raw is None else raw
    stored: set[str] = set()
    for name in raw:
        try:
            known = column_name(name)
        except ValueError:
            continue  # told by the check of the name itself
        if known in stored:
            raise ValueError(f"says {known} twice")
        stored.add(known)
    return raw


def _once(names: list[str]) -> list[str]:
    return list(dict.fromkeys(names))


Lines = Annotated[list[Line], BeforeValidator(_or_nothing), AfterValidator(_once)]


class Said(BaseModel):
    """Something that a file says, and the row where it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    _row: int = PrivateAttr(default=0)

    def model_post_init(self, context: Any) -> None:
        """Take the row from the context of the validation."""
        self._row = context

    @property
    def row(self) -> int:
        """The row of the file."""
        return self._row


class Role(Said):
    """One line of a cast list; `aliases` are other names of the character, kept where the line has none.

    With `person_id` the line also says what the person is called.
    """

    person: PersonName
    person_id: Annotated[str | None, BeforeValidator(_id_or_none)] = None
    person_aliases: Lines | None = None
    character: Annotated[str | None, BeforeValidator(_line_or_none)] = None
    aliases: Lines | None = None


class Group(Said):
    """One line of a list of rights."""

    group: Line


class Somebody(Said):
    """One person, by id; without `aliases` those known are kept."""

    id: PersonId
    name: PersonName
    aliases: Lines | None = None


class Entry(Said):
    """What a file says of one title; what it does not say (None) is kept."""

    title: Line
    metadata: Annotated[
        dict[ColumnName, Annotated[Value | None, PlainValidator(value)]], BeforeValidator(_each_once)
    ] = {}
    cast: Annotated[list[Role] | None, BeforeValidator(_or_nothing)] = None
    rights: Lines | None = None


def check(
    model: type[M],
    raw: Any,
    row: int,
    report: Callable[[ImportFault], None],
    column: Callable[[Place], str] | None = None,
) -> M | None:
    """Return what the row says but for its faults, which are reported; None when too little is left.

    `column` names the place of a fault as the reader of the file knows it.
    """
    try:
        return model.model_validate(raw, context=row)
    except ValidationError as error:
        wrong = error.errors(include_url=False)
    asked: type[Said] = model
    for one in wrong:
        place, told = one["loc"], one["input"]
        cause = one.get("ctx", {}).get("error")
        rule = str(cause) if cause else _RULES.get(one["type"], one["msg"])
        if one["type"] == "extra_forbidden":
            known = Role if asked is Entry and place[0] == "cast" else asked
            rule, told = f"is no key here: known are {', '.join(known.model_fields)}", None
        elif one["type"] == "missing":
            told = None
        report(fault(rule, row=row, column=(column or place_name)(place) or None, value=told))
    try:
        return model.model_validate(_without(raw, [one["loc"] for one in wrong]), context=row)
    except ValidationError:
        return None


def _without(raw: Any, places: list[Place]) -> dict[Any, Any]:
    """Return what a row says without its parts at these places."""
    rest = dict(raw) if isinstance(raw, dict) else {}
    for place in places:
        key = place[0] if place else None
        part = rest.get(key)
        if isinstance(part, dict) and len(place) > 1:
            rest[key] = {name: value for name, value in part.items() if name != place[1]}
        else:
            rest.pop(key, None)
    return rest


def place_name(place: Place) -> str:
    """Return the place of a value in JSON: `cast[2].person`, counted from 1."""
    parts = (part for part in place if part != "[key]")
    return "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".")
