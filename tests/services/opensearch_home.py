"""Lays OpenSearch out as its distribution would, from artefacts that Maven brings."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from pathlib import Path

from services.cache import CACHE, made_once
from services.java import OLDEST
from services.maven import bring

VERSION = "3.6.0"  # the newest for which Maven has the k-NN plugin
LAYOUT = 1  # raised when what is laid out changes
HOME = CACHE / "opensearch" / f"{VERSION}-{LAYOUT}"

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


def lay_out() -> None:
    """Bring the server, its modules and plugins to `HOME`, once."""
    if HOME.is_dir():
        return
    with made_once(HOME) as half, tempfile.TemporaryDirectory() as scratch:
        if half is None:
            return
        work = Path(scratch)
        units = {"server": SERVER}
        units |= {name: [f"org.opensearch.plugin:{part}:{VERSION}"] for name, (part, _, _) in MODULES.items()}
        units["zips"] = [f"org.opensearch.plugin:{plugin}:{VERSION}.0:zip" for plugin in PLUGINS]
        bring(units, work)
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


def _lay_module(module: str, work: Path, home: Path, server: set[str]) -> None:
    _, classname, extends = MODULES[module]
    home.mkdir(parents=True)
    for jar in (work / module / "lib").iterdir():
        # No class may be there twice; netty's QUIC natives are for other systems and not loaded.
        if jar.name not in server and "native-quic" not in jar.name:
            shutil.move(jar, home / jar.name)
    (home / "plugin-descriptor.properties").write_text(
        f"name={module}\ndescription={module}\nversion={VERSION}\nopensearch.version={VERSION}\n"
        f"java.version={OLDEST}\nclassname=org.opensearch.{classname}\nextended.plugins={extends}\n"
        "custom.foldername=\nhas.native.controller=false\n"
    )
