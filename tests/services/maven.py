"""Lets Maven bring artefacts with all that they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from services.tools import build, program

COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"


def bring(units: Mapping[str, Sequence[str]], work: Path) -> None:
    """Bring the artefacts of each unit to `work/<unit>/lib`; a unit does not see another's versions.

    Args:
        units: Coordinates by unit: `group:artefact:version`, or with `:zip` for one that comes alone.
        work: An empty folder.

    Raises:
        Missing: there is no Maven, or it failed.
    """
    maven = program("mvn", "On Debian: apt install maven")
    for unit, coordinates in units.items():
        wanted = "".join(map(_dependency, coordinates))
        (work / unit).mkdir()
        (work / unit / "pom.xml").write_text(_pom(unit, f"<dependencies>{wanted}</dependencies>"))
    modules = "".join(f"<module>{unit}</module>" for unit in units)
    (work / "pom.xml").write_text(_pom("all", f"<modules>{modules}</modules>"))
    quiet = ["-B", "-ntp", "-q"]
    places = ["-DincludeScope=runtime", "-DoutputDirectory=${project.basedir}/lib"]
    # On a Java of its own choice, that of the machine, which trusts whom the machine trusts.
    build(f"bringing {', '.join(units)} with Maven", [maven, *quiet, "-f", work / "pom.xml", COPY, *places])


def _pom(name: str, body: str) -> str:
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        f"<groupId>local</groupId><artifactId>{name}</artifactId><version>1</version>"
        f"<packaging>pom</packaging>{body}</project>"
    )


def _dependency(coordinates: str) -> str:
    group, artefact, version, *kind = coordinates.split(":")
    named = f"<groupId>{group}</groupId><artifactId>{artefact}</artifactId><version>{version}</version>"
    if not kind:
        return f"<dependency>{named}</dependency>"
    alone = "<exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
    return f"<dependency>{named}<type>{kind[0]}</type><exclusions>{alone}</exclusions></dependency>"
