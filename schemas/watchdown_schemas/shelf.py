"""The shelf: declarations that are kept with a library, read again as soon as anybody adds one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

from watchdown_schemas.declaration import Declaration
from watchdown_schemas.declaring import read_declaration

FRESH_SECONDS: Final = 0.5


class Stored(Protocol):
    """Where declarations are kept with a library."""

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        """Return all declarations in their JSON form, by name and version."""
        ...

    def add(self, name: str, version: int, declaration: Mapping[str, Any]) -> None:
        """Keep a declaration."""
        ...

    def changes(self) -> int:
        """Return how many have been added, by whomever."""
        ...


class KeptInMemory:
    """Declarations that live as long as the object."""

    def __init__(self, declarations: Iterable[Mapping[str, Any]] = ()) -> None:
        self._kept: dict[tuple[str, int], Mapping[str, Any]] = {
            (str(one["name"]), int(one["version"])): one for one in declarations
        }

    def declarations(self) -> Sequence[Mapping[str, Any]]:
        """Return all declarations, by name and version."""
        return [self._kept[key] for key in sorted(self._kept)]

    def add(self, name: str, version: int, declaration: Mapping[str, Any]) -> None:
        """Keep a declaration."""
        self._kept[name, version] = declaration

    def changes(self) -> int:
        """Return how many are kept."""
        return len(self._kept)


class Shelf:
    """Kept declarations by name and version. Each is read when it is asked for, so one bad one harms none."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        self._raw: dict[str, dict[int, Mapping[str, Any]]] = {}
        self._read: dict[tuple[str, int], Declaration] = {}
        self._seen = -1
        self._checked = 0.0

    def refresh(self, *, now: bool = False) -> None:
        """Look for what was added, at most twice a second unless `now`; what was read once stays."""
        if not now and time.monotonic() - self._checked < FRESH_SECONDS:
            return
        self._checked = time.monotonic()
        changes = self._stored.changes()
        if changes == self._seen:
            return
        self._raw = {}
        for data in self._stored.declarations():
            self._raw.setdefault(str(data["name"]), {})[int(data["version"])] = data
        self._seen = changes

    def names(self) -> list[str]:
        """Return the names of the types of which some version is kept."""
        return list(self._raw)

    def versions(self, name: str) -> list[int]:
        """Return the versions of a type that are kept, oldest first."""
        return sorted(self._raw.get(name, ()))

    def get(self, name: str, version: int) -> Declaration | None:
        """Return a declaration, None where it is not kept; SchemaInvalid where it cannot be read."""
        raw = self._raw.get(name, {}).get(version)
        if raw is None:
            return None
        if (name, version) not in self._read:
            self._read[name, version] = read_declaration(raw, f"{name}.{version}")
        return self._read[name, version]

    def newest(self, name: str) -> Declaration | None:
        """Return the newest version of a type, None where none is kept."""
        versions = self.versions(name)
        return self.get(name, versions[-1]) if versions else None

    def add(self, declaration: Declaration) -> None:
        """Keep a declaration."""
        data = declaration.model_dump(mode="json")
        self._stored.add(declaration.name, declaration.version, data)
        if self._stored.changes() == self._seen + 1:  # nobody else's: thousands in a row stay quick
            self._raw.setdefault(declaration.name, {})[declaration.version] = data
            self._seen += 1
        else:
            self.refresh(now=True)
