"""Where servers, their tools and their data lie on this machine, and the locks that keep makers apart."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

# What tests are kept from, such as proxies, may be needed to bring a server: tests/conftest.py puts it aside.
SET_ASIDE = "TESTS_SET_ASIDE"
SURROUNDINGS: dict[str, str] = {
    **os.environ,
    **json.loads(os.environ.get(SET_ASIDE, "{}")),
    "ORT_DISABLE_TELEMETRY": "1",  # in the server of models, too
}
CACHE = Path(SURROUNDINGS.get("WATCHDOWN_CACHE") or Path.home() / ".cache" / "watchdown")
RUN = CACHE / "run"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder against the other processes of this machine; they wait."""
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        yield


@contextmanager
def made_once(folder: Path) -> Iterator[Path | None]:
    """Hand out an empty folder that becomes `folder` if nothing is raised, or None where that is there."""
    with locked(folder.parent / f".{folder.name}"):
        if folder.is_dir():
            yield None
            return
        half = folder.with_name(f".{folder.name}") / "half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir()
        yield half
        half.rename(folder)
