"""Parameters that somebody gives for one run, checked against those that the manifest declares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

from watchdown_algos.manifest import Manifest
from watchdown_schemas.errors import QueryError

Parameter = bool | int | float | str
_KINDS: Final[Mapping[type, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
}
_TRUTHS: Final = {"true": True, "false": False}


def read_parameters(manifest: Manifest, given: Iterable[str]) -> dict[str, Parameter]:
    """Return parameters written as NAME=VALUE, each of the type of the manifest's own.

    Raises QueryError for what is not written so, names no parameter, names one twice or has another type.
    """
    found: dict[str, Parameter] = {}
    for one in given:
        name, equals, value = one.partition("=")
        name = name.strip()
        if not (equals and name):
            raise QueryError(one, "is no parameter with a value", "Write it as --param name=value")
        if name not in manifest.parameters:
            known = ", ".join(sorted(manifest.parameters)) or "none"
            raise QueryError(name, f"is no parameter of {manifest.name}", f"Known: {known}")
        if name in found:
            raise QueryError(name, "is given twice", "Give it once")
        found[name] = _value(name, value.strip(), manifest.parameters[name])
    return found


def _value(name: str, written: str, declared: Parameter) -> Parameter:
    kind = type(declared)
    try:
        if kind is bool:
            return _TRUTHS[written.lower()]
        value = kind(written)
    except (KeyError, ValueError):
        value = math.nan
    if isinstance(value, float) and not math.isfinite(value):
        remedy = f"Write {_KINDS[kind]}, such as {str(declared).lower() if kind is bool else declared}"
        raise QueryError(f"{name}={written}", f"is not {_KINDS[kind]}", remedy)
    return value
