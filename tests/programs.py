"""What a program of the tests is given that runs in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path


def surroundings() -> dict[str, str]:
    """Return this process's environment, in which the tests' own modules are found too."""
    there = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, there))}
