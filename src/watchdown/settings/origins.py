"""Where the value of a setting came from: a line of the file, or a variable of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from watchdown.settings.model import (
    NESTED,
    PREFIX,
    AirflowSettings,
    CollectSettings,
    OpenSearchSettings,
    PricesSettings,
    S3Settings,
    SearchSettings,
    Section,
    Settings,
    TelemetrySettings,
    TritonSettings,
)

Key = tuple[str, ...]
SECTIONS: Final[dict[str, type[Section]]] = {
    "s3": S3Settings,
    "opensearch": OpenSearchSettings,
    "triton": TritonSettings,
    "airflow": AirflowSettings,
    "collect": CollectSettings,
    "prices": PricesSettings,
    "search": SearchSettings,
    "telemetry": TelemetrySettings,
}
OTHERS: Final = {f"{PREFIX}LIBRARY"}  # read by the command line
# What Kubernetes puts into every pod that runs beside a service called watchdown-something.
OF_KUBERNETES: Final = re.compile(r".*_(SERVICE_(HOST|PORT.*)|PORT(_\d+_.*)?)")


def known_variables() -> dict[str, Key]:
    """Return the key of every single setting, by the name of its variable."""
    keys: list[Key] = [(name,) for name in Settings.model_fields if name not in SECTIONS]
    keys += [(section, name) for section, kind in SECTIONS.items() for name in kind.model_fields]
    return {variable(key): key for key in keys}


def variable(key: Key) -> str:
    """Return the variable of the environment that gives a setting: `WATCHDOWN_S3__ENDPOINT`."""
    return PREFIX + NESTED.join(key).upper()


def misspelt() -> Iterator[tuple[str, str]]:
    """Yield variables that are no setting but almost are one, each with the one that may be meant."""
    known = known_variables()
    names = {name.replace("_", ""): name for name in known}
    for given in sorted(os.environ):
        name = given.upper()
        if not name.startswith(PREFIX) or name in known or name in OTHERS:
            continue
        if name.removeprefix(PREFIX).lower() in SECTIONS or OF_KUBERNETES.fullmatch(name):
            continue
        close = [names[one] for one in get_close_matches(name.replace("_", ""), names, n=1, cutoff=0.85)]
        if close:
            yield given, close[0]


class Origins:
    """The origins of settings that a file, if there is one, and the environment give."""

    def __init__(self, file: Path | None) -> None:
        self.file = file

    @property
    def place(self) -> str:
        """Where settings are looked for at last."""
        return str(self.file or "environment")

    def of(self, key: Key) -> str:
        """Return a key with its origin: `s3.endpoint (watchdown.toml, line 7)`."""
        for depth in range(len(key), 0, -1):
            for given in sorted(os.environ):
                if given.upper() == variable(key[:depth]):
                    return f"{'.'.join(key)} (environment variable {given})"
        line = self._line(key)
        return f"{'.'.join(key)} ({self.place}{f', line {line}' if line else ''})"

    def _line(self, key: Key) -> int | None:
        """Return the line on which a key, or else its section, is written."""
        section, found = "", None
        if self.file is None:
            return None
        for number, line in enumerate(self.file.read_text("utf-8").splitlines(), start=1):
            if header := re.match(r"\s*\[+\s*([^\]]+?)\s*\]", line):
                section = header[1].replace('"', "").replace(" ", "")
                if section == key[0] and len(key) > 1:
                    found = number
                if section == ".".join(key):
                    return number
            elif given := re.match(r"""\s*["']?([\w.-]+)["']?\s*=""", line):
                path = f"{section}.{given[1]}" if section else given[1]
                if path == ".".join(key):
                    return number
                if path == key[0]:
                    found = number
        return found
