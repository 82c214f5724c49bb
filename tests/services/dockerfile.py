"""Reads a Dockerfile as far as the layout of its image and the rules for ours need it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

CONTINUED = re.compile(r"\\\n")
COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One instruction, such as `RUN`, and what it is told."""

    name: str
    told: str

    @property
    def words(self) -> list[str]:
        """What it is told, split as a shell does."""
        return shlex.split(self.told)


@dataclass(frozen=True, slots=True)
class Stage:
    """What a `FROM` begins: its base, its name, and the instructions up to the next."""

    base: str
    name: str
    steps: list[Step] = field(default_factory=list)

    def told(self, name: str) -> list[str]:
        """Return what each instruction of a name is told."""
        return [step.told for step in self.steps if step.name == name]

    def pairs(self, name: str) -> dict[str, str]:
        """Return the `KEY=VALUE` words of the instructions of a name, as of `ENV` and `LABEL`."""
        words = [word for step in self.steps if step.name == name for word in step.words]
        return dict(word.partition("=")[::2] for word in words)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The arguments before the first stage, with their defaults, and the stages; the last is the image."""

    arguments: dict[str, str]
    stages: list[Stage]

    @property
    def image(self) -> Stage:
        return self.stages[-1]

    @property
    def steps(self) -> list[Step]:
        """The instructions of all stages."""
        return [step for stage in self.stages for step in stage.steps]

    def copied(self) -> list[str]:
        """Return the sources that are copied from the build's context, in order."""
        copies = [step.words for step in self.steps if step.name == "COPY"]
        return [word for words in copies if not words[0].startswith("--from=") for word in words[:-1]]


def read(path: Path) -> Dockerfile:
    """Read a Dockerfile."""
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for step in _steps(path.read_text("utf-8")):
        if step.name == "FROM":
            base, *named = step.words
            stages.append(Stage(base, named[-1] if named else ""))
        elif stages:
            stages[-1].steps.append(step)
        else:
            name, _, default = step.told.partition("=")
            arguments[name] = default
    return Dockerfile(arguments, stages)


def _steps(text: str) -> Iterator[Step]:
    for line in CONTINUED.sub(" ", COMMENT.sub("", text)).splitlines():
        if line.strip():
            name, _, told = line.strip().partition(" ")
            yield Step(name.upper(), told.strip())
