"""Virtual environments as our images have them: a lock's, shared file by file, and our wheel upon it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from pathlib import Path

from services.cache import CACHE, made_once
from services.tools import LOCKS, PYTHON, build, uv

PLACE = CACHE / "images"


def digest(*parts: object) -> str:
    """Return 64 hexadecimal digits that stand for the parts; of a file, what it holds counts."""
    said = [part.read_bytes() if isinstance(part, Path) else json.dumps(part).encode() for part in parts]
    return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in said)).hexdigest()


def place(name: str, *parts: object) -> Path:
    """Return the folder for what is made of these parts in this Python."""
    return PLACE / f"{name}-{PYTHON}-{digest(sys.base_prefix, *parts)[:16]}"


def locks(lock: str) -> list[Path]:
    """Return the files that bind what is installed for a lock: those who build, and the lock."""
    return [LOCKS / "build.txt", LOCKS / f"{lock}.txt"]


def wheel_of(tree: Path, folder: Path) -> Path:
    """Build our wheel with what the set-up has installed; the same tree makes the same bytes.

    Raises:
        Missing: it cannot be built.
    """
    chosen = ["--python", sys.executable, "--no-build-isolation", "--offline", "--quiet"]
    build("building the wheel", [uv(), "build", "--wheel", *chosen, "--out-dir", folder, tree])
    [wheel] = folder.glob("*.whl")
    return wheel


def make(home: Path, lock: str, wheel: Path) -> None:
    """Make a virtual environment with a lock and our wheel at a path where nothing is; it can be moved.

    Raises:
        Missing: what is locked cannot be had.
    """
    shutil.copytree(_locked(lock), home, symlinks=True, copy_function=os.link)
    _install(home, "installing the wheel", "--offline", "--no-index", wheel)
    # Ours alone: the other files are shared.
    ours = [module.parent for module in home.glob("lib/*/site-packages/watchdown*/__init__.py")]
    build("compiling our modules", [home / "bin" / "python", "-m", "compileall", "-q", *ours])


def _locked(lock: str) -> Path:
    builders, wanted = locks(lock)
    shared = place(f"locked-{lock}", builders, wanted)
    with made_once(shared) as half:
        if half is not None:
            home = half / "env"
            build(f"making {shared}", [uv(), "venv", "--relocatable", "--python", sys.executable, home])
            bound = ("--require-hashes", "--build-constraints", builders, "-r", wanted)
            _install(home, f"installing requirements/{wanted.name}", "--compile-bytecode", *bound)
    return shared / "env"


def _install(home: Path, what: str, *chosen: str | Path) -> None:
    build(what, [uv(), "pip", "install", "--python", home / "bin" / "python", "--no-deps", *chosen])
