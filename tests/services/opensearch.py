"""A real OpenSearch with k-NN: one node or several, whose settings a test may choose."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.java import Java, java
from services.opensearch_home import HOME, VERSION, lay_out
from services.process import Process, unprivileged
from services.service import HOST, Service, answers
from services.tools import Missing

COMPACT_HEADERS_JAVA, NO_SECURITY_MANAGER_JAVA = 25, 24
# Halves the processor time of a start and suits tests; measure with the whole compiler: `java_options=()`.
QUICK = ("-XX:TieredStopAtLevel=1",)
LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] [%node_name]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


class OpenSearch(Service):
    """A cluster on this machine, with the Lucene engine only: a mapping that names another kills a node."""

    kind = "opensearch"

    def __init__(
        self,
        name: str = "dev",
        *,
        settings: Mapping[str, str] | None = None,
        nodes: int = 1,
        heap: str = "1g",
        java_options: Sequence[str] = QUICK,
    ) -> None:
        """Describe an instance.

        Args:
            name: Two names are two clusters.
            settings: More lines of opensearch.yml, such as `indexing_pressure.memory.limit`.
            nodes: How many; three, where a manager may die.
            heap: Memory of each node, as Java writes it.
            java_options: More options of each node's Java.
        """
        super().__init__(name)
        self._settings, self._nodes, self._heap, self._java_options = (
            settings or {},
            nodes,
            heap,
            java_options,
        )

    @classmethod
    def build(cls) -> None:
        lay_out()
        java()

    @classmethod
    def version(cls) -> str:
        if not HOME.is_dir():
            raise Missing(f"OpenSearch {VERSION} is not laid out yet")
        return f"{VERSION} on Java {java(bring=False).major}"

    @property
    def url(self) -> str:
        return self.urls[0]

    @property
    def urls(self) -> list[str]:
        """Where clients reach each node."""
        return [f"http://{HOST}:{self.port(f'http{number}')}" for number in range(self._nodes)]

    def healthy(self) -> bool:
        wanted = f"wait_for_nodes={self._nodes}&wait_for_status=yellow&timeout=1s"
        return all(answers(f"{url}/_cluster/health?{wanted}") for url in self.urls)

    @property
    def processes(self) -> list[Process]:
        nodes = [self.folder / f"node{number}" for number in range(self._nodes)]
        return [Process(node / "pid", node / "log") for node in nodes]

    def start(self) -> None:
        runtime = java()
        for number, process in enumerate(self.processes):
            if process.find() is None:
                node = process.record.parent
                for part in ("config", "data", "logs", "tmp"):
                    (node / part).mkdir(parents=True, exist_ok=True)
                lines = (f"{key}: {value}\n" for key, value in self._settings_of(number, node).items())
                (node / "config" / "opensearch.yml").write_text("".join(lines))
                (node / "config" / "log4j2.properties").write_text(LOG4J)
                process.start([*unprivileged(self.folder), *self._command(runtime, node)])

    def _settings_of(self, number: int, node: Path) -> dict[str, str]:
        transports = [f"{HOST}:{self.port(f'transport{each}')}" for each in range(self._nodes)]
        snapshots = self.folder / "snapshots"
        snapshots.mkdir(exist_ok=True)
        settings = {
            "cluster.name": self.name,
            "node.name": node.name,
            "path.data": str(node / "data"),
            "path.logs": str(node / "logs"),
            "path.repo": str(snapshots),
            "network.host": HOST,
            "http.port": str(self.port(f"http{number}")),
            "transport.port": str(self.port(f"transport{number}")),
            "cluster.routing.allocation.disk.threshold_enabled": "false",  # a laptop's disk is often full
            "action.auto_create_index": "false",  # a wrong index name is an error, as in a kept cluster
            "search.max_open_pit_context": "3000",  # the libraries of all tests share a node
        }
        if self._nodes == 1:
            settings["discovery.type"] = "single-node"
        else:
            settings["discovery.seed_hosts"] = json.dumps(transports)
            managers = [process.record.parent.name for process in self.processes]
            settings["cluster.initial_cluster_manager_nodes"] = json.dumps(managers)
        return settings | dict(self._settings)

    def _command(self, runtime: Java, node: Path) -> list[str]:
        by_version = {
            "--add-modules=jdk.incubator.vector": runtime.has_vectors,  # faster vectors
            "-XX:+UseCompactObjectHeaders": runtime.major >= COMPACT_HEADERS_JAVA,
            "-Djava.security.manager=allow": runtime.major < NO_SECURITY_MANAGER_JAVA,
            "-Djava.locale.providers=CLDR,SPI": runtime.languages is not None,
        }
        jars = [f"{folder}/*" for folder in (HOME / "lib", runtime.languages) if folder]
        return [
            str(runtime.program),
            *(f"-Xms{self._heap}", f"-Xmx{self._heap}", "-XX:+UseG1GC", "-XX:-HeapDumpOnOutOfMemoryError"),
            *(option for option, wanted in by_version.items() if wanted),
            "--enable-native-access=ALL-UNNAMED",
            "-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1",
            *(f"-Djava.io.tmpdir={node / 'tmp'}", f"-Djna.tmpdir={node / 'tmp'}"),
            *("-Dlog4j2.disable.jmx=true", "-Dlog4j.shutdownHookEnabled=false", "-Dfile.encoding=UTF-8"),
            *("-Dio.netty.noUnsafe=true", "-Dio.netty.noKeySetOptimization=true"),
            "-Dio.netty.recycler.maxCapacityPerThread=0",
            *self._java_options,
            *(f"-Dopensearch.path.home={HOME}", f"-Dopensearch.path.conf={node / 'config'}"),
            *("-Dopensearch.distribution.type=tar", "-Dopensearch.bundled_jdk=false"),
            *("-cp", ":".join(jars), "org.opensearch.bootstrap.OpenSearch"),
        ]
