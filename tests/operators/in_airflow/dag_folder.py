"""Says of our DAGs and our provider what Airflow finds."""

from __future__ import annotations

import copy
import json
import os
import sys
from typing import Any

from airflow._shared.module_loading import import_string
from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag
from airflow.providers_manager import ProvidersManager
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from watchdown_operators.dags import watchdown_dags
from watchdown_operators.trigger import JobTrigger

HEAVY = {"numpy", "torch", "kubernetes", "kubernetes_asyncio", "watchdown", "pyarrow"}


def folder() -> dict[str, Any]:
    """Import each DAG of the folder as Airflow does, write it, read it again, and describe it."""
    before = set(sys.modules)
    bag = DagBag(conf.get("core", "dags_folder"))
    dags = {}
    for name, dag in bag.dags.items():
        read = DagSerialization.from_dict(json.loads(json.dumps(DagSerialization.to_dict(dag))))
        dags[name] = {
            "tasks": {one.task_id: task(one) for one in dag.tasks},
            "read": sorted(read.task_dict),
            "doc": dag.doc_md,
            "params": list(dag.params),
            "links": {one.task_id: list(one.extra_links) for one in read.tasks if one.extra_links},
            "paused": dag.is_paused_upon_creation,
            "schedule": dag.schedule,
        }
    imported = [
        name for name in sys.modules if name in HEAVY - before or name.startswith("watchdown_algos.shots")
    ]
    return {"errors": bag.import_errors, "dags": dags, "imported": imported}


def trigger(**options: Any) -> Any:
    """Make a trigger again from what it says of itself, as another triggerer does."""
    place, said = JobTrigger(**options).serialize()
    return import_string(place)(**said).serialize()


def task(one: Any) -> dict[str, Any]:
    return {
        "operator": one.task_type,
        "after": sorted(one.upstream_task_ids),
        "rule": getattr(one.trigger_rule, "value", one.trigger_rule),
        "retries": one.retries,
        "mapped": one.is_mapped or one.get_closest_mapped_task_group() is not None,
    }


def only(dag: str) -> list[str]:
    """Build the DAGs as a task does, for which Airflow asks for one."""
    os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"] = dag
    try:
        return list(watchdown_dags())
    finally:
        del os.environ["_AIRFLOW_PARSING_CONTEXT_DAG_ID"]


def forms(dag: str, forms: list[dict[str, Any]]) -> list[str | None]:
    """Say of each way to fill in a DAG's form whether Airflow takes it: null, or what it says."""
    asked = watchdown_dags()[dag].params
    said: list[str | None] = []
    for form in forms:
        params = copy.deepcopy(asked)
        try:
            params.update(form)
            params.validate()
            said.append(None)
        except ParamValidationError as error:
            said.append(str(error).splitlines()[0])
    return said


def provider() -> dict[str, Any]:
    """Say what Airflow has found of our provider."""
    found = ProvidersManager()
    [ours] = [one for one in found.providers.values() if one.data.get("name") == "Watchdown"]
    hook = found.hooks["watchdown"]
    assert hook
    prefix = "extra__watchdown__"
    return {
        "version": ours.version,
        "hook": hook.hook_class_name,
        "name": hook.hook_name,
        "fields": sorted(
            name.removeprefix(prefix) for name in found.connection_form_widgets if name.startswith(prefix)
        ),
        "hidden": found.field_behaviours["watchdown"]["hidden_fields"],
        "triggers": sorted(
            one.trigger_class_name for one in found.trigger if "watchdown" in one.trigger_class_name
        ),
    }


for line in sys.stdin:
    question = json.loads(line)
    answer = globals()[question.pop("what")](**question)
    sys.stdout.write(f"answer: {json.dumps(answer)}\n")
    sys.stdout.flush()
