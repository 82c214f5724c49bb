"""The servers of one test run: shared by its workers, gone when it ends or is found dead."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from services.cache import RUN
from services.kinds import KINDS
from services.process import Process

TESTS = Path(__file__).parents[1]
PATIENCE_S = 2.0


@dataclass(frozen=True, slots=True)
class Run:
    """A test run: the name of its servers, and the process that outlives its workers."""

    name: str
    owner: int

    def adopt(self, name: str) -> str:
        """Make servers of this name end with the run, even where its process is killed; return the name."""
        folder = RUN / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "owner").write_text(f"{self.owner} {psutil.Process(self.owner).create_time()}")
        return name

    def begin(self, kinds: Iterable[str]) -> None:
        """Start servers of these kinds in the background, so that other tests go on meanwhile."""
        sweep()
        self.adopt(self.name)
        self._background.start(
            [
                sys.executable,
                "-m",
                "services",
                "up",
                *sorted(kinds, key=list(KINDS).index),
                "--name",
                self.name,
            ],
            {"PYTHONPATH": str(TESTS)},
        )

    def end(self) -> None:
        """End all servers of the run and remove their data."""
        self._background.kill()
        for folder in [RUN / self.name, *RUN.glob(f"{self.name}.*")]:
            discard(folder)

    @property
    def _background(self) -> Process:
        return Process(RUN / self.name / "background", RUN / self.name / "background.log")


def sweep() -> None:
    """End what killed test runs have left behind."""
    for owner in RUN.glob("*/owner"):
        if Process(owner, owner).find() is None:
            Process(owner.with_name("background"), owner).kill()
            discard(owner.parent)


def discard(folder: Path) -> None:
    """End all servers of a name without much patience, and remove what they have left."""
    records = {
        record: kind.stop_by for kind in KINDS.values() for record in folder.glob(f"{kind.kind}/**/pid")
    }
    if records:
        with ThreadPoolExecutor(len(records)) as together:
            list(
                together.map(
                    lambda record: Process(record, record).stop(records[record], PATIENCE_S), records
                )
            )
    shutil.rmtree(folder, ignore_errors=True)
