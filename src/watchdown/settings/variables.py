"""Settings as the variables of the environment that give them."""

from __future__ import annotations

from typing import Any, Final

from pydantic import SecretStr

from watchdown.settings.model import Settings
from watchdown.settings.origins import known_variables

# A worker reads and writes storage and asks models: it is given no way into database or store.
OF_WORKERS: Final = ("storage", "model", "s3", "triton", "telemetry")
MASK: Final = "********"
NOWHERE: Final = "unknown.invalid"  # a name that leads nowhere, by RFC 2606


def shown(settings: Settings) -> dict[str, str]:
    """Return all settings that have a value, for people: secrets and passwords are masked."""
    return {
        name: MASK if isinstance(value, SecretStr) else str(value)
        for name, key in known_variables().items()
        if (value := _value(settings, key)) is not None
    }


def worker_variables(settings: Settings) -> dict[str, str]:
    """Return what a worker needs to know, secrets in clear; of the store no more than of what kind it is."""
    found = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        for name, key in known_variables().items()
        if key[0] in OF_WORKERS and (value := _value(settings, key)) is not None
    }
    kind = settings.store.kind  # a folder's records are read where they lie
    return {**found, "WATCHDOWN_STORE": str(settings.store) if kind == "lance" else f"{kind}://{NOWHERE}"}


def _value(settings: Settings, key: tuple[str, ...]) -> Any:
    value: Any = settings
    for part in key:
        value = getattr(value, part)
    return value
