"""What all loaders of a library go by beside limits, in the database: people's choices, and the governor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from sqlalchemy import Connection, insert, select, update

from watchdown.catalogue.tables import load_state
from watchdown.load.governor import Governed
from watchdown.load.sharing import RESERVE

CHOICES: Final = "choices"
GOVERNOR: Final = "governor"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choices:
    """What people chose: whether all loads pause, whether the store slows them down, the urgent's reserve."""

    paused: bool = False
    auto: bool = True
    reserve: float = RESERVE


def choices(connection: Connection) -> Choices:
    """Return what people chose."""
    return Choices(**_known(Choices, _read(connection, CHOICES)))


def choose(connection: Connection, chosen: Choices) -> None:
    """Keep what people chose."""
    _write(connection, CHOICES, asdict(chosen))


def governor(connection: Connection) -> Governed:
    """Return the governor's state."""
    found = _known(Governed, _read(connection, GOVERNOR))
    for name in ("recent", "idle"):
        found[name] = tuple(found.get(name, ()))
    return Governed(**found)


def keep_governor(connection: Connection, state: Governed) -> None:
    """Keep the governor's state."""
    _write(connection, GOVERNOR, asdict(state))


def _known(kind: type[Choices | Governed], given: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in given.items() if name in names}


def _read(connection: Connection, what: str) -> Mapping[str, Any]:
    found = connection.execute(select(load_state.c.value).where(load_state.c.what == what)).scalar()
    return found or {}


def _write(connection: Connection, what: str, value: Mapping[str, Any]) -> None:
    changed = update(load_state).where(load_state.c.what == what).values(value=value)
    if connection.execute(changed).rowcount == 0:
        connection.execute(insert(load_state).values(what=what, value=value))
