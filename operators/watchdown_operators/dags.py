"""The DAGs: one for each registered algorithm, one for new assets, one for a title at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, Final

from airflow.sdk import DAG, TaskGroup, get_parsing_context, task_group

from watchdown_algos.manifest import Manifest
from watchdown_operators.batch_operator import AlgorithmBatchOperator
from watchdown_operators.dag_docs import algorithm_page, new_assets_page, on_demand_page
from watchdown_operators.form import form
from watchdown_operators.job import Batch
from watchdown_operators.manifests import manifests
from watchdown_operators.stages import (
    BundleOperator,
    LoadOperator,
    PlanOperator,
    RecordOperator,
    ReportOperator,
    StageOperator,
    ValidateOperator,
)

NEW_ASSETS: Final = "new_assets"
ON_DEMAND: Final = "on_demand"
ALL_DONE: Final = "all_done"
DEFAULTS: Final[dict[str, Any]] = {
    "owner": "watchdown",
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=2),
}


def dag_id(algorithm: str) -> str:
    """Return the id of an algorithm's DAG."""
    return f"algo.{algorithm}"


def watchdown_dags(
    known: Iterable[Manifest] | None = None, schedules: Mapping[str, str | None] | None = None
) -> dict[str, DAG]:
    """Return the DAGs by id; of those that Airflow asks one of, only that.

    Args:
        known: The algorithms; all that are installed here, if not given.
        schedules: When a DAG runs by itself, as cron, by its id.
    """
    found = list(manifests().values() if known is None else known)
    when, asked = schedules or {}, get_parsing_context().dag_id
    makers = {dag_id(manifest.name): manifest for manifest in found}
    dags: dict[str, DAG] = {}
    for name in [NEW_ASSETS, ON_DEMAND, *makers]:
        if asked in {None, name}:
            if name == NEW_ASSETS:
                dags[name] = new_assets(when.get(name))
            elif name == ON_DEMAND:
                dags[name] = on_demand(found)
            else:
                dags[name] = of_algorithm(makers[name], when.get(name))
    return dags


def of_algorithm(manifest: Manifest, schedule: str | None = None) -> DAG:
    """Return the DAG that runs one algorithm over all titles that lack it, or over some."""
    with _dag(
        dag_id(manifest.name),
        description=manifest.summary,
        doc_md=algorithm_page(manifest),
        schedule=schedule,
        params=form(),
        tags=["watchdown", "algorithm", f"image {manifest.image}"],
    ) as dag:
        plan = PlanOperator(task_id="plan", algorithms=[manifest.name], retries=0)
        worked = _batches("batch", plan)
        _report([plan], worked)
    return dag


def new_assets(schedule: str | None = None) -> DAG:
    """Return the DAG that runs all that is missing: over media first, then what consumes its records."""
    with _dag(
        NEW_ASSETS,
        description="All algorithms over whatever lacks them, then those that consume their records",
        doc_md=new_assets_page(),
        schedule=schedule,
        params=form(),
        tags=["watchdown"],
    ) as dag:
        plan = PlanOperator(task_id="plan", over="media", retries=0)
        worked = _batches("batch", plan)
        dependants = PlanOperator(task_id="plan_dependants", over="records", retries=0, trigger_rule=ALL_DONE)
        worked >> dependants
        _report([plan, dependants], _batches("dependants", dependants))
    return dag


def on_demand(known: Iterable[Manifest]) -> DAG:
    """Return the DAG that runs one title now, and makes its results a file to take away."""
    with _dag(
        ON_DEMAND,
        description="One title, now, with the results as a file",
        doc_md=on_demand_page(),
        schedule=None,
        params=form(algorithms=sorted(manifest.name for manifest in known)),
        tags=["watchdown"],
    ) as dag:
        plan = PlanOperator(task_id="plan", over="media", apart=True, retries=0)
        worked = _batches("batch", plan)
        dependants = PlanOperator(
            task_id="plan_dependants",
            over="records",
            after=plan.output,
            apart=True,
            retries=0,
            trigger_rule=ALL_DONE,
        )
        worked >> dependants
        finished = _batches("dependants", dependants)
        _report([plan, dependants], finished)
        finished >> BundleOperator(task_id="bundle", plan=plan.output, trigger_rule=ALL_DONE)
    return dag


def _dag(name: str, *, schedule: str | None, **described: Any) -> DAG:
    return DAG(
        name,
        schedule=schedule,
        default_args=DEFAULTS,
        is_paused_upon_creation=False,  # it runs when asked, and would otherwise wait with no sign of why
        **described,
    )


def _batches(group: str, plan: PlanOperator) -> TaskGroup:
    """Return the stages of each batch of a plan: the first is published without waiting for the last."""

    def stages(batch: Batch) -> None:
        work = AlgorithmBatchOperator(task_id="work", batch=batch)
        record = RecordOperator(task_id="record", batch=batch, worked=work.output, trigger_rule=ALL_DONE)
        validate = ValidateOperator(task_id="validate", stage="validate", batch=batch)
        load = LoadOperator(task_id="load", stage="load", batch=batch)
        publish = StageOperator(task_id="publish", stage="publish", batch=batch)
        work >> record >> validate >> load >> publish

    return task_group(group_id=group)(stages).expand(batch=plan.output)


def _report(plans: list[PlanOperator], last: TaskGroup) -> None:
    batches, said = [plan.output for plan in plans], [plan.output["plan"] for plan in plans]
    last >> ReportOperator(task_id="report", batches=batches, plans=said, trigger_rule=ALL_DONE)
