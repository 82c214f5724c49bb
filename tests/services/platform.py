"""The whole platform on this machine, 20 drawn titles in its library: `python -m services.platform DIR`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import watchdown
from services.airflow import Airflow
from services.images import lay_out
from services.kubernetes.cluster import Kubernetes
from services.library import holds, serve_models, settings_of
from services.opensearch import OpenSearch
from services.postgresql import PostgreSQL, new_database
from services.s3 import S3
from services.service import BY_HAND, Service
from services.triton import Triton
from watchdown.settings import Settings
from watchdown.settings.variables import worker_variables
from watchdown_algos.drawn.film import DrawnLine, film_of
from watchdown_algos.drawn.library import draw_library
from watchdown_algos.drawn.write import write_film, write_srt

RIGHTS = Path(__file__).parents[2] / "operators" / "rights.yaml"
NAMESPACE, SECRET = "watchdown", "watchdown-worker"
TITLES = 20
ACTIVE = ("shots", "keyframes", "dialogue")
AIRFLOW = """
[airflow]
url = "{url}"
username = "{user}"
password = "{password}"
"""
SECOND = 1_000_000_000


@dataclass(frozen=True)
class Servers:
    """One of each server that a library and its pods need; the pods are in a namespace of that name."""

    postgresql_url: str
    s3: S3
    opensearch: OpenSearch
    triton: Triton
    kubernetes: Kubernetes
    namespace: str = field(default=NAMESPACE, kw_only=True)

    def settings(self) -> str:
        """Return the settings of a new, empty library on these servers."""
        model = serve_models(self.triton)
        return settings_of(new_database(self.postgresql_url), self.s3, self.opensearch.url, model)

    def connections(self, library: Path, command: Path) -> dict[str, dict[str, Any]]:
        """Return what connects an Airflow to a library: extra fields by the type of connection.

        Pods run this tree's image, all other steps are `command`. What the pods need is made here.
        """
        settings = Settings.read(library)
        layout = lay_out("worker")
        self.kubernetes.add_image(layout.reference, layout.root, layout.env)
        self.kubernetes.namespace(self.namespace)
        self._apply(secret(self.namespace, worker_variables(settings)))
        storage = settings.storage
        assert storage is not None
        bucket = storage.host
        self.s3.client().put_bucket_policy(Bucket=bucket, Policy=json.dumps(readable(bucket, storage.path)))
        return {
            "kubernetes": {"kube_config_path": str(self._rights_of_airflow())},
            "watchdown": {
                "command": str(command),
                "library": str(library),
                "namespace": self.namespace,
                "images": {"worker": layout.reference},
                "env_from": SECRET,
                **({"model": str(settings.model)} if settings.model.kind == "triton" else {}),
                "node_selector": {"type": "process"},
                "reports_url": f"{self.s3.url}/{bucket}/{storage.path}".rstrip("/"),
            },
        }

    def _rights_of_airflow(self) -> Path:
        """Give Airflow an account of its own in the pods' namespace; return its kubeconfig."""
        kubectl = self.kubernetes.kubectl
        kubectl("apply", "-n", self.namespace, "-f", RIGHTS)
        token = kubectl("create", "token", "airflow", "-n", self.namespace, "--duration", "720h").strip()
        config = json.loads(kubectl("config", "view", "--raw", "-o", "json"))
        config["users"] = [{"name": "airflow", "user": {"token": token}}]
        config["contexts"] = [
            {"name": "airflow", "context": {"cluster": config["clusters"][0]["name"], "user": "airflow"}}
        ]
        file = self.kubernetes.folder / f"airflow-{self.namespace}.kubeconfig"
        file.touch(0o600)
        file.write_text(json.dumps({**config, "current-context": "airflow"}))
        return file

    def _apply(self, thing: dict[str, Any]) -> None:
        self.kubernetes.kubectl(
            "apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(thing)
        )


@dataclass(frozen=True)
class Platform(Servers):
    """One of each server, and an Airflow."""

    airflow: Airflow

    @classmethod
    def up(cls, name: str = BY_HAND) -> Platform:
        """Start what does not run of the servers of a name, and return them."""
        postgresql, s3, opensearch = PostgreSQL(name), S3(name), OpenSearch(name)
        triton, kubernetes, airflow = Triton(name), Kubernetes(name), Airflow(name)
        servers: list[Service] = [kubernetes, postgresql, s3, opensearch, triton, airflow]
        with ThreadPoolExecutor(len(servers)) as together:
            list(together.map(lambda server: server.up(), servers))
        return cls(postgresql.url, s3, opensearch, triton, kubernetes, airflow)

    def settings(self) -> str:
        """Return the settings of a new, empty library on these servers, and how Airflow is reached."""
        airflow = AIRFLOW.format(url=self.airflow.url, user=self.airflow.user, password=self.airflow.password)
        return super().settings() + airflow

    def connect(self, library: Path, command: Path) -> None:
        """Let Airflow work a library."""
        for kind, extra in self.connections(library, command).items():
            self.airflow.api.connect(f"{kind}_default", kind, extra)


def secret(namespace: str, variables: dict[str, str]) -> dict[str, Any]:
    """Return the Secret that gives pods their settings."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace},
        "stringData": variables,
    }


def readable(bucket: str, prefix: str) -> dict[str, Any]:
    """Return the policy that lets whoever reaches the server read reports and bundles, and nothing else."""
    below = f"arn:aws:s3:::{bucket}/{f'{prefix}/' if prefix else ''}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": [f"{below}reports/*", f"{below}bundles/*"],
            }
        ],
    }


def draw(folder: Path, titles: int = TITLES, told: Callable[[str], object] = lambda _: None) -> list[Path]:
    """Draw the six films of the demo and some more, those that are not there yet; return their files."""
    drawn = draw_library(folder, told)
    names = list(dict.fromkeys(shot["title"] for shot in drawn["shots"]))
    for number in range(len(names) + 1, titles + 1):
        film = film_of(1000 + number, name=f"Reel {number:02}", shots=6, seconds=(1.0, 2.0))
        names.append(film.name)
        if not (folder / f"{film.name}.mp4").exists():
            line = DrawnLine(
                start_ns=SECOND // 2, end_ns=SECOND, language="en", text=f"This is reel number {number}."
            )
            write_srt([line], folder / f"{film.name}.en.srt")
            write_film(film, folder / f"{film.name}.mp4")
            told(film.name)
    return [folder / f"{name}.mp4" for name in names[:titles]]


def fill(library: Path, films: Iterable[Path], only: Iterable[str] | None = ACTIVE) -> None:
    """Put films into a library's storage and catalogue, with some algorithms' results."""
    with watchdown.open(library, create=True) as opened:
        added = opened.add(*films, only=None if only is None else list(only))
    if errors := [error for one in added for error in one.errors]:
        raise RuntimeError(errors[0])


def main(home: Path) -> None:
    """Start all there is, make the library unless it is there, and say where everything is."""

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    say(
        "Starting Kubernetes, PostgreSQL, S3, OpenSearch, Triton and Airflow (built when first asked for) ..."
    )
    platform, library = Platform.up(), home.absolute() / "watchdown.toml"
    if not (library.exists() and holds(library, platform.postgresql_url, platform.s3)):
        home.mkdir(parents=True, exist_ok=True)
        library.write_text(platform.settings(), "utf-8")
        library.chmod(0o600)
    say(f"Drawing {TITLES} titles and adding them, with {', '.join(ACTIVE)} (once) ...")
    fill(library, draw(home / "films"))
    platform.connect(library, Path(sys.executable).with_name("watchdown"))
    platform.airflow.api.await_dag("algo.visual-embedding")
    airflow, storage = platform.airflow, Settings.read(library).storage
    say(
        f"""
The library     {home / "watchdown.toml"}: {TITLES} titles, visual-embedding to be run
Airflow         {airflow.url}, user {airflow.user}, password {airflow.password}
Kubernetes      export KUBECONFIG={platform.kubernetes.kubeconfig}; namespace {NAMESPACE}
OpenSearch      {platform.opensearch.url}
Triton          {platform.triton.url}; its page of metrics is {platform.triton.metrics}
S3              {platform.s3.url}, {storage}; keys are in the library's settings
PostgreSQL      {Settings.read(library).database}

Try next:
  .venv/bin/watchdown backfill visual-embedding --via airflow --library {home}/watchdown.toml
  .venv/bin/watchdown search 'red race car' --library {home}/watchdown.toml

Stop it all with: make cluster-down"""
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
