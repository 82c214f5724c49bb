"""Runs one operator of a batch's stages at a time; says what it handed on, raised, logged and linked."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from airflow.sdk import DAG
from structlog.testing import capture_logs

from watchdown_operators import stages


class Task:
    """As much of a task instance as a stage asks for."""

    def __init__(self) -> None:
        self.pushed: dict[str, Any] = {}

    def xcom_push(self, key: str, value: Any) -> None:
        self.pushed[key] = value


class Run:
    """As much of a DAG run as a stage asks for."""

    def __init__(self, conf: dict[str, Any]) -> None:
        self.conf = conf


def run(
    operator: str,
    options: dict[str, Any],
    form: dict[str, Any],
    conf: dict[str, Any],
    connection: dict[str, Any],
) -> dict[str, Any]:
    os.environ["AIRFLOW_CONN_WATCHDOWN_DEFAULT"] = json.dumps(connection)
    with DAG("dag", schedule=None, params=dict.fromkeys(form)):
        task = getattr(stages, operator)(task_id="task", **options)
    instance = Task()
    said: dict[str, Any] = {"handed_on": None, "error": None}
    with capture_logs() as logged:
        try:
            said["handed_on"] = task.execute({"params": form, "ti": instance, "dag_run": Run(conf)})
        except Exception as error:  # noqa: BLE001 # whatever it is, it is told
            said["error"] = [type(error).__name__, str(error)]
    lines = [one["event"] % tuple(one.get("positional_args", ())) for one in logged]
    links = {link.name: link.get_link(task, ti_key=None) for link in task.operator_extra_links}
    return said | {"log": lines, "pushed": instance.pushed, "links": links}


for line in sys.stdin:
    sys.stdout.write(f"answer: {json.dumps(run(**json.loads(line)))}\n")
    sys.stdout.flush()
