"""Evolution: what changed between two versions of a schema type, and whether old readers live on.

Additive only: a field may come if it is not mandatory, and go if it never was; nothing changes its type.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from watchdown_schemas.declaration import Declaration, FieldDeclaration
from watchdown_schemas.errors import SchemaIncompatible, SchemaInvalid


@dataclass(frozen=True, slots=True)
class Change:
    """One change: of a field, or of the type itself where `field` is empty."""

    field: str
    what: str
    compatible: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """All changes from one version to another."""

    old: str
    new: str
    changes: tuple[Change, ...]

    @property
    def compatible(self) -> bool:
        """Whether readers and records of the old version live on."""
        return all(change.compatible for change in self.changes)

    def require_compatible(self) -> None:
        """Raise SchemaIncompatible, which names both versions and every change at fault."""
        wrong = [change.what for change in self.changes if not change.compatible]
        if wrong:
            raise SchemaIncompatible(
                f"{self.new}",
                f"cannot follow {self.old}: {'; '.join(wrong)}",
                "Keep the field as it was and add a new optional one, or declare a type of another name",
            )


def diff(old: Declaration, new: Declaration) -> Difference:
    """Return what changed from one declaration to another, each change with its judgement."""
    return Difference(old.label, new.label, tuple(_changes(old, new)))


def _changes(old: Declaration, new: Declaration) -> Iterator[Change]:
    yield from _of_the_type(old, new)
    for field in old.fields:
        other = new.field(field.name)
        if other is not None:
            yield from _field(field, other)
        elif field.mandatory:
            yield Change(field.name, f"field {field.name}, which is mandatory, was removed", compatible=False)
        else:
            yield Change(field.name, f"field {field.name} was removed; stored values stay", compatible=True)
    for field in new.fields:
        if old.field(field.name) is None:
            what = f"field {field.name} ({field.told}) was added"
            if field.mandatory:
                what += " as mandatory, which stored records do not have"
            yield Change(field.name, what, compatible=not field.mandatory)


def _of_the_type(old: Declaration, new: Declaration) -> Iterator[Change]:
    """Yield what changed beside the fields."""
    if old.name != new.name:
        yield Change("", f"the name changed from {old.name} to {new.name}", compatible=False)
    if old.key != new.key:
        told = f"the key changed from {', '.join(old.key)} to {', '.join(new.key)}"
        yield Change("", f"{told}, so that the same record would get another id", compatible=False)
    for base in old.bases:
        if base not in new.bases:
            yield Change("", f"it no longer is a {base}", compatible=False)
    for base in new.bases:
        if base not in old.bases:
            yield Change("", f"it is a {base} as well", compatible=True)


def _field(old: FieldDeclaration, new: FieldDeclaration) -> Iterator[Change]:
    name = old.name
    if old.stored != new.stored:
        yield Change(name, f"field {name} was retyped from {old.told} to {new.told}", compatible=False)
    if new.mandatory and not old.mandatory:
        yield Change(name, f"field {name} became mandatory", compatible=False)
    elif old.optional and not new.optional:
        yield Change(name, f"field {name} may no longer be empty", compatible=False)
    elif new.optional and not old.optional:
        yield Change(name, f"field {name} may be empty now", compatible=True)
    elif old.mandatory and not new.mandatory:
        yield Change(name, f"field {name} is no longer mandatory", compatible=True)
    elif not new.mandatory and old.default != new.default:
        yield Change(name, f"the default of {name} is {new.default!r}, was {old.default!r}", compatible=True)
    if old.among != new.among and (new.among or old.among):
        lost = sorted(set(old.among or ()) - set(new.among or ())) if new.among else []
        if new.among and (lost or old.among is None):
            told = f"may no longer be {', '.join(lost)}" if lost else f"may only be {', '.join(new.among)}"
            yield Change(name, f"field {name} {told}", compatible=False)
        else:
            yield Change(name, f"field {name} may take more values", compatible=True)


def in_order(declarations: Iterable[Declaration]) -> list[Declaration]:
    """Return declarations with each after those that it inherits from, versions of one type in their order.

    Raises SchemaInvalid, which names the circle, where types inherit from each other.
    """
    given: dict[str, list[Declaration]] = {}
    for declaration in declarations:
        given.setdefault(declaration.name, []).append(declaration)
    bases = {name: {base for one in found for base in one.bases} for name, found in given.items()}
    try:
        names = [name for name in TopologicalSorter(bases).static_order() if name in given]
    except CycleError as error:
        circle = " -> ".join(reversed(error.args[1]))
        raise SchemaInvalid(circle, "inherit from each other", "Break the circle") from error
    return [one for name in names for one in sorted(given[name], key=lambda one: one.version)]
