"""Airflow's REST interface as tests and tools use it: a log-in, and calls."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from functools import cached_property
from typing import Any

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random_exponential

from services.airflow_home import PASSWORD, USER

ANSWER_S, DAG_S, LOOK_S = 30.0, 120.0, 0.25
NOT_FOUND, WITHIN = 404, 500
JSON = "application/json"


class Refused(Exception):
    """Airflow answered with an error; `code` is its HTTP status, the message what it said."""

    def __init__(self, code: int, said: str) -> None:
        super().__init__(f"{code}: {said}")
        self.code = code


class AirflowApi:
    """What one Airflow may be asked, as its user."""

    def __init__(self, url: str) -> None:
        self.url = url

    @cached_property
    def token(self) -> str:
        """A token for `Authorization: Bearer ...`; it outlives restarts."""
        said = self._send("POST", "/auth/token", {"username": USER, "password": PASSWORD}, {})
        return str(json.loads(said)["access_token"])

    @retry(
        retry=retry_if_exception(lambda error: isinstance(error, Refused) and error.code >= WITHIN),
        wait=wait_random_exponential(multiplier=0.25, max=2),
        stop=stop_after_attempt(4),
        reraise=True,
    )
    def call(self, method: str, path: str, body: object = None, **query: object) -> Any:
        """Call a path below `/api/v2` and return what JSON it answers with, or None; raises Refused.

        What fails within Airflow, whose scheduler may hold the same rows, is asked a few times.
        """
        asked = f"?{urllib.parse.urlencode(query, doseq=True)}" if query else ""
        said = self._send(method, f"/api/v2{path}{asked}", body, {"Authorization": f"Bearer {self.token}"})
        return json.loads(said) if said else None

    def connect(self, name: str, kind: str, extra: dict[str, Any]) -> None:
        """Make a connection, or change it to these settings."""
        body = {"connection_id": name, "conn_type": kind, "extra": json.dumps(extra)}
        try:
            self.call("PATCH", f"/connections/{name}", body)
        except Refused as refused:
            if refused.code != NOT_FOUND:
                raise
            self.call("POST", "/connections", body)

    def await_dag(self, dag: str) -> None:
        """Wait until a DAG can be triggered; TimeoutError names the errors of the imports."""
        deadline = time.monotonic() + DAG_S
        while time.monotonic() < deadline:
            try:
                self.call("GET", f"/dags/{dag}/details")
            except Refused as refused:
                if refused.code != NOT_FOUND:
                    raise
                time.sleep(LOOK_S)
            else:
                return
        raise TimeoutError(f"Airflow has no DAG {dag}: {self.call('GET', '/importErrors')}")

    def trigger(self, dag: str, conf: dict[str, Any] | None = None, run: str | None = None) -> str:
        """Trigger a DAG and return the id of its run; Refused with 409 where there is a run of that id."""
        body = {"logical_date": None, "conf": conf or {}} | ({"dag_run_id": run} if run else {})
        return str(self.call("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"])

    def state(self, dag: str, run: str) -> str:
        """Return the state of a run: queued, running, success or failed."""
        return str(self.call("GET", f"/dags/{dag}/dagRuns/{run}")["state"])

    def tasks(self, dag: str, run: str) -> list[dict[str, Any]]:
        """Return the task instances of a run."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances"
        return list(self.call("GET", path, limit=100)["task_instances"])

    def log(self, dag: str, run: str, task: str, index: int = -1, attempt: int = 1) -> str:
        """Return what an attempt at a task has logged, a line for each event."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/logs/{attempt}"
        said = self.call("GET", path, map_index=index, full_content="true")
        return "\n".join(line if isinstance(line, str) else json.dumps(line) for line in said["content"])

    def xcom(self, dag: str, run: str, task: str, index: int = -1, key: str = "return_value") -> Any:
        """Return what a task has handed on."""
        path = f"/dags/{dag}/dagRuns/{run}/taskInstances/{task}/xcomEntries/{key}"
        return self.call("GET", path, map_index=index, deserialize="true")["value"]

    def _send(self, method: str, path: str, body: object, headers: dict[str, str]) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(
            self.url + path, data, {"Content-Type": JSON, "Accept": JSON, **headers}, method=method
        )
        try:
            with urllib.request.urlopen(asked, timeout=ANSWER_S) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise Refused(error.code, error.read().decode(errors="replace")) from error
