"""The registry: every schema type that is known here. Listing it imports none of them.

Types come from three places: the standard ones, installed packages (entry point group
`watchdown.schema_types`, each named as its class), and those kept with a library at run time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from watchdown_schemas.building import build
from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import declare
from watchdown_schemas.errors import SchemaConflict, SchemaInvalid, SchemaNotFound
from watchdown_schemas.evolution import Difference, diff, in_order
from watchdown_schemas.fields import fields
from watchdown_schemas.record import BASE_TYPES, Record
from watchdown_schemas.shelf import KeptInMemory, Shelf, Stored
from watchdown_schemas.sources import STANDARD, Entry, installed, standard

KEPT: Final = "this library"


class Registry(Mapping[str, type[Record]]):
    """Schema types by name, in their newest version. What another process keeps is seen within a second."""

    def __init__(self, entries: Iterable[Entry], stored: Stored | None = None) -> None:
        self._entries: dict[str, Entry] = {}
        self._folded = {name.casefold(): (name, STANDARD) for name in BASE_TYPES}
        for entry in entries:
            if (folded := entry.name.casefold()) in self._folded:
                name, origin = self._folded[folded]
                alike = "is" if name == entry.name else f"is, but for its case, {name}, which is"
                cause = f"{alike} declared by {origin} and by {entry.origin}"
                raise SchemaConflict(entry.name, cause, "Rename one, or uninstall one of the packages")
            self._folded[folded] = entry.name, entry.origin
            self._entries[entry.name] = entry
        self._shelf = Shelf(stored or KeptInMemory())
        self._loaded: dict[str, type[Record]] = {}
        self._lock = threading.RLock()

    def __getitem__(self, name: str) -> type[Record]:
        with self._lock:
            known = name in self._entries or bool(self._shelf.versions(name))
            self._shelf.refresh(now=not known)
            newest = max(self._shelf.versions(name), default=0)
            if entry := self._entries.get(name):
                schema = self._load(entry)
                if schema.schema_version >= newest:
                    return schema
            if not newest and (bare := name.partition(".")[0]) != name and bare in self:
                cause = "names a version; records are read in the newest one"
                raise SchemaNotFound(name, cause, f"Name the type: {bare}")
            if not newest:
                remedy = f"Known: {', '.join(self)}. Register another with: watchdown schema register FILE"
                raise SchemaNotFound(name, "is no known schema type", remedy)
            return self._built(name, newest)

    def __iter__(self) -> Iterator[str]:
        with self._lock:
            self._shelf.refresh()
            return iter(sorted({*self._entries, *self._shelf.names()}))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def __contains__(self, name: object) -> bool:
        with self._lock:
            self._shelf.refresh()
            return name in self._entries or name in self._shelf.names()

    def get(self, name: str, default: Any = None, /) -> Any:
        """Return a type, or the default where it is not known."""
        return self[name] if name in self else default  # noqa: SIM401 - that is this very method

    def origin(self, name: str) -> str:
        """Return where a type comes from: Watchdown itself, a package with its version, or this library."""
        entry = self._entries.get(name)
        return entry.origin if entry else KEPT

    def declaration(self, label: str) -> Declaration:
        """Return the declaration of a type's newest version (`Shot`), or of an older one (`Shot.1`).

        Raises SchemaNotFound where that type or that version is not known here.
        """
        name, _, version = label.partition(".")
        found = self.versions(name)
        for declaration in found:
            if declaration.label == label or (not version and declaration is found[-1]):
                return declaration
        known = ", ".join(declaration.label for declaration in found)
        raise SchemaNotFound(label, "is no known version", f"Known here: {known}")

    def versions(self, name: str) -> tuple[Declaration, ...]:
        """Return the declarations of all versions that are known here, oldest first."""
        with self._lock:
            self._shelf.refresh(now=True)
            schema, entry = self[name], self._entries.get(name)
            newest = declare(schema)
            earlier = (
                self._shelf.get(name, number) or (entry.earlier(number) if entry else None)
                for number in range(1, newest.version)
            )
            return (*(declaration for declaration in earlier if declaration), newest)

    def glance(self, name: str) -> Declaration | None:
        """Return a type's newest declaration as far as it is known without importing its package."""
        with self._lock:
            self._shelf.refresh()
            entry = self._entries.get(name)
            if entry and (entry.loaded or name in self._loaded):
                return declare(self[name])
            return self._shelf.newest(name)

    def subtypes(self, base: str) -> list[str]:
        """Return the types that are, or inherit from, a type or base type, by name."""
        if base not in BASE_TYPES and base not in self:
            return [self[base].__name__]  # raises, naming the types that are known
        with self._lock:
            return [name for name in self if base in self._ancestors(name)]

    def _ancestors(self, name: str) -> set[str]:
        """Return the names that a type goes by, without building the classes of kept ones."""
        if name in BASE_TYPES or name in self._entries:
            return set(lineage(self._base(name)))
        newest = self._shelf.newest(name)
        bases = newest.bases if newest else ()
        return {name, *(above for base in bases for above in self._ancestors(base))}

    def register(self, given: type[Record] | Declaration) -> Difference | None:
        """Keep a type, or its next version, with the library; return what changed, None if nothing did.

        A declaration may leave out fields that it inherits. Bases of a class are kept before it.

        Raises:
            SchemaConflict: where it shadows a standard type or a package's.
            SchemaIncompatible: where it would break readers of a version before; both are named.
            SchemaInvalid: where it makes no class, or its version is not higher than the one before.
            SchemaNotFound: where it inherits from a type that is not known.
        """
        with self._lock:
            self._shelf.refresh(now=True)
            declaration = given if isinstance(given, Declaration) else declare(given)
            self._is_free(declaration)
            if not isinstance(given, Declaration):
                for base in _types_above(given):
                    if base.__name__ not in self._entries:
                        self.register(base)
            self._no_circle(declaration)
            schema = self._class(declaration)
            difference = self._keep(declare(schema))
            self._loaded.setdefault(declaration.label, schema)
            return difference

    def complete(self, declaration: Declaration) -> Declaration:
        """Return a declaration with the fields that it leaves out because it inherits them.

        Raises SchemaNotFound where it inherits from a type that is not known, SchemaInvalid where it makes
        no class.
        """
        with self._lock:
            return declare(self._class(declaration))

    def remember(self, schema: type[Record]) -> None:
        """Keep the declaration of a type that records are about to be written in; raises as `register`."""
        with self._lock:
            for base in _types_above(schema):
                self.remember(base)
            declaration = declare(schema)
            if self._shelf.get(declaration.name, declaration.version) != declaration:
                self._shelf.refresh(now=True)
                self._keep(declaration)

    def kept(self, names: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return the declarations, as JSON, that the library keeps of types and what they inherit."""
        with self._lock:
            self._shelf.refresh(now=True)
            ahead, reached, found = list(names), set(BASE_TYPES), []
            while ahead:
                if (name := ahead.pop()) in reached:
                    continue
                reached.add(name)
                for version in self._shelf.versions(name):
                    if declaration := self._shelf.get(name, version):
                        found.append(declaration.model_dump(mode="json"))
                        ahead += declaration.bases
            return sorted(found, key=lambda one: (one["name"], one["version"]))

    def _is_free(self, declaration: Declaration) -> None:
        """Check that no other source has the type's name, nor one that differs in case alone."""
        own = declaration.name
        others = (
            (name, KEPT) for name in self._shelf.names() if name != own and name.casefold() == own.casefold()
        )
        name, origin = self._folded.get(own.casefold()) or next(others, (own, KEPT))
        if name != own:
            cause = f"differs in case alone from {name}, which {origin} declares"
            raise SchemaConflict(declaration.label, cause, "Choose another name")
        if origin != KEPT:
            cause = f"is the name of a type that {origin} declares"
            raise SchemaConflict(declaration.label, cause, "Choose another name")

    def _no_circle(self, declaration: Declaration) -> None:
        """Check that the type would not inherit from itself by way of others."""
        reached = {declaration.name: declaration}
        ahead = list(declaration.bases)
        while ahead:
            kept = self._shelf.newest(ahead.pop())
            if kept and kept.name not in reached:
                reached[kept.name] = kept
                ahead += kept.bases
        in_order(reached.values())

    def _keep(self, declaration: Declaration) -> Difference | None:
        same = self._shelf.get(declaration.name, declaration.version)
        if same is not None and _is_same(same, declaration):
            return None
        difference = Difference("", declaration.label, ())
        for version in self._shelf.versions(declaration.name):
            if older := self._shelf.get(declaration.name, version):
                difference = diff(older, declaration)
                difference.require_compatible()
        newest = self._shelf.newest(declaration.name)
        if newest is not None and declaration.version <= newest.version:
            raise SchemaInvalid(
                declaration.label,
                f"differs from {newest.label}, which is known already",
                f"Give it the version {newest.version + 1}",
            )
        self._shelf.add(declaration)
        return difference

    def _load(self, entry: Entry) -> type[Record]:
        if entry.name not in self._loaded:
            self._loaded[entry.name] = entry.load()
        return self._loaded[entry.name]

    def _built(self, name: str, version: int) -> type[Record]:
        """Return the class of a kept or published version, the same at every call."""
        label = f"{name}.{version}"
        if label not in self._loaded:
            entry = self._entries.get(name)
            declaration = self._shelf.get(name, version) or (entry.earlier(version) if entry else None)
            if declaration is None:
                raise SchemaNotFound(label, "is no known version", "See: watchdown schema list")
            self._loaded[label] = self._class(declaration)
        return self._loaded[label]

    def _class(self, declaration: Declaration) -> type[Record]:
        return build(declaration, {name: self._base(name, declaration) for name in declaration.bases})

    def _base(self, name: str, below: Declaration | None = None) -> type[Record]:
        """Return a base of a declaration, in the newest version of which it has all fields."""
        newest = BASE_TYPES.get(name) or self[name]
        if name in BASE_TYPES or below is None:
            return newest
        has = {field.name for field in below.fields}
        for version in range(newest.schema_version, 0, -1):
            try:
                schema = newest if version == newest.schema_version else self._built(name, version)
            except SchemaNotFound:
                continue
            if {field.name for field in fields(schema)} <= has:
                return schema
        return newest


def _types_above(schema: type[Record]) -> list[type[Record]]:
    """Return the types that a class inherits from directly, base types aside."""
    return [base for base in schema.__bases__ if issubclass(base, Record) and base.__name__ not in BASE_TYPES]


def _is_same(kept: Declaration, given: Declaration) -> bool:
    """Whether two declarations say the same, but for what the platform has since added to all records."""
    platform = {name for base in BASE_TYPES.values() for name in base.model_fields}
    return all(
        change.compatible and change.field in platform and kept.field(change.field) is None
        for change in diff(kept, given).changes
    )


def lineage(schema: type[Record]) -> tuple[str, ...]:
    """Return the names that a type goes by: its own and those of all it inherits."""
    return tuple(cls.__name__ for cls in schema.__mro__ if issubclass(cls, Record))


def discover(stored: Stored | None = None) -> Registry:
    """Return the registry of the standard types, those of installed packages, and those stored."""
    return Registry([*standard(), *installed()], stored)
