"""A real Airflow: API server, scheduler, triggerer and DAG processor, each a process that can be killed."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import ClassVar

from services.airflow_api import AirflowApi
from services.airflow_home import (
    PASSWORD,
    ROOT,
    USER,
    Sections,
    lay_out,
    our_wheel,
    secret,
    state,
    surroundings,
)
from services.postgresql import PostgreSQL, own_database
from services.process import Process
from services.service import ANSWER_S, HOST, Service
from services.tools import LOCKS, build, environment

# Logs are read from their files: the servers of logs would listen on all addresses, on ports of their own.
COMPONENTS = {
    "api-server": (),
    "scheduler": ("--skip-serve-logs",),
    "triggerer": ("--skip-serve-logs",),
    "dag-processor": (),
}
API_SERVER, SCHEDULER, TRIGGERER, DAG_PROCESSOR = range(len(COMPONENTS))
PATIENCE_S = 5.0  # API server and triggerer linger much longer


class Airflow(Service):
    """One installation with a database of its own, whose environment holds the operators and no more of ours.

    Its user is an administrator. Connections made through `api` stay; those given here last as long as
    the processes that were started with them.
    """

    kind = "airflow"
    deadline_s: ClassVar[float] = 180.0
    user, password = USER, PASSWORD

    def __init__(
        self,
        name: str = "dev",
        *,
        database_url: str | None = None,
        dags: Path = ROOT / "dags",
        connections: Mapping[str, str] | None = None,
        settings: Sections | None = None,
    ) -> None:
        """Describe an instance.

        Args:
            name: Two names are two installations.
            database_url: Its database; if not given, one on the PostgreSQL of that name.
            dags: The folder of DAG files.
            connections: Connections by id, each as JSON or a URI.
            settings: More settings, by section of Airflow's configuration.
        """
        super().__init__(name)
        self._database_url, self._dags = database_url, dags
        self._connections, self._settings = connections or {}, settings or {}

    @classmethod
    def build(cls) -> None:
        environment("operators")
        PostgreSQL.build()

    @classmethod
    def version(cls) -> str:
        [found] = environment("operators", bring=False).glob("lib/*/site-packages/apache_airflow-*.dist-info")
        return PathDistribution(found).version

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port()}"

    @cached_property
    def api(self) -> AirflowApi:
        """Its REST interface, logged in."""
        return AirflowApi(self.url)

    @property
    def processes(self) -> list[Process]:
        return [Process(self.folder / part / "pid", self.folder / part / "log") for part in COMPONENTS]

    def healthy(self) -> bool:
        """Say whether the API server answers, and the others have shown a sign of life since their start."""
        try:
            with urllib.request.urlopen(f"{self.url}/api/v2/monitor/health", timeout=ANSWER_S) as answer:
                said = json.load(answer)
        except OSError:
            return False
        signs = {
            SCHEDULER: said["scheduler"]["latest_scheduler_heartbeat"],
            TRIGGERER: said["triggerer"]["latest_triggerer_heartbeat"],
            DAG_PROCESSOR: said["dag_processor"]["latest_dag_processor_heartbeat"],
        }
        return all(part["status"] == "healthy" for part in said.values()) and all(
            self._began(number) < datetime.fromisoformat(sign).timestamp() for number, sign in signs.items()
        )

    def running(self) -> bool:
        """Say whether all processes are there, with our operators as they are now."""
        return super().running() and self._site.exists() and self._site.read_text() == state()

    def start(self) -> None:
        if not self._site.exists() or self._site.read_text() != state():
            self._stop()
        home = self.folder / "home"
        lay_out(home)
        variables = self.environment
        self._site.write_text(state())
        migrated, lock = self.folder / "migrated", (LOCKS / "operators.txt").read_text()
        if not migrated.exists() or migrated.read_text() != lock:
            build("airflow db migrate", self.command("db", "migrate"), variables)
            migrated.write_text(lock)
        for (part, options), process in zip(COMPONENTS.items(), self.processes, strict=True):
            if process.find() is None:
                process.record.parent.mkdir(exist_ok=True)
                process.start(self.command(part, *options), variables)

    def down(self, *, wipe: bool = False) -> None:
        self._stop()
        super().down(wipe=wipe)

    @property
    def environment(self) -> dict[str, str]:
        """The variables that make `command` this installation's."""
        return {
            **surroundings(
                self.folder / "home",
                port=self.port(),
                database=self._database(),
                dags=self._dags,
                site=our_wheel(self.folder),
                more=self._settings,
            ),
            **{f"AIRFLOW_CONN_{name.upper()}": value for name, value in self._connections.items()},
        }

    @staticmethod
    def command(*arguments: str) -> list[str]:
        """Return a command of Airflow."""
        return [str(environment("operators") / "bin" / "python"), "-m", "airflow", *arguments]

    @property
    def _site(self) -> Path:
        """The record of which of our files the processes were started with."""
        return self.folder / "site-used"

    def _stop(self) -> None:
        with ThreadPoolExecutor(len(COMPONENTS)) as together:
            list(together.map(lambda process: process.stop(self.stop_by, PATIENCE_S), self.processes))

    def _database(self) -> str:
        if self._database_url:
            return self._database_url
        # Airflow hides its database's password wherever it occurs, so it must be no word.
        return own_database(PostgreSQL(self.name).up(), "airflow", secret(self.folder / "home" / "database"))

    def _began(self, number: int) -> float:
        process = self.processes[number].find()
        return process.create_time() if process else float("inf")
