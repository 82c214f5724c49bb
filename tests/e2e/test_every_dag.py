"""Each DAG from its plan to its report in one process, its Jobs on the cluster: Airflow without its servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.stack import PROGRAM, jobs_of, spoil, tiny
from services.airflow_script import Script
from services.kubernetes.cluster import Kubernetes
from services.kubernetes.jobs import new_namespace
from services.opensearch import OpenSearch
from services.platform import Servers
from services.s3 import S3
from services.tools import Missing
from services.triton import Triton

TITLES = 2
STAGES = ("work", "record", "validate", "load", "publish")
MEDIA = {"dialogue", "shots", "visual-embedding"}
RECORDS = {"DialogueLine": "dialogue", "Keyframe": "keyframes", "Shot": "shots", "Embedding": "visual-embedding"}


@dataclass(frozen=True)
class Dags:
    """The DAGs, the servers that they work on, and a folder for libraries."""

    script: Script
    servers: Servers
    home: Path

    def library(self, name: str) -> Path:
        """Return a library of tiny titles with subtitles, of which nothing is known."""
        return tiny(self.servers, self.home / name, TITLES, spoken=True)

    def run(self, dag: str, library: Path, **form: Any) -> tuple[str, list[str]]:
        """Run a DAG over a library; return its state, and its tasks that were not skipped, with states."""
        connections = self.servers.connections(library, PROGRAM)
        ended = self.script.ask(dag=dag, form=form, connections=connections)
        tasks = [f"{name} {state}" for name, _, state in ended["tasks"]]
        return ended["state"], tasks


@pytest.fixture(scope="module")
def dags(  # noqa: PLR0917 - fixtures
    kubernetes: Kubernetes,
    triton: Triton,
    postgresql_url: str,
    s3_server: S3,
    opensearch_server: OpenSearch,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Dags]:
    """Start what runs DAGs; where this machine cannot have Airflow the tests are skipped, in CI they fail."""
    home = tmp_path_factory.mktemp("every-dag")
    (home / "airflow").mkdir()
    try:
        script = Script(Path(__file__).with_name("in_airflow") / "every_dag.py", home / "airflow")
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(f"airflow: {missing}", pytrace=False)
        pytest.skip(f"airflow: {missing}")
    namespace = new_namespace(kubernetes)
    servers = Servers(postgresql_url, s3_server, opensearch_server, triton, kubernetes, namespace=namespace)
    yield Dags(script, servers, home)
    script.end()


def test_probe(dags: Dags) -> None:
    import time
    library = dags.library("algorithms")
    for name in ["shots", "keyframes", "dialogue", "visual-embedding"]:
        t = time.time()
        print(name, dags.run(f"algo.{name}", library), time.time() - t)
        print({b: (j["status"], j["metadata"]["annotations"]) for b, j in jobs_of(dags.servers, library).items()})
    with watchdown.open(library) as o:
        print([(r.title, r.algorithm, r.state, r.counts) for r in o.runs()])
