"""Two shapes of a backfill without pods: our stages for each batch, and one task for each title."""

from __future__ import annotations

from airflow.sdk import DAG, chain, task_group

from watchdown_operators.dags import DEFAULTS
from watchdown_operators.form import form
from watchdown_operators.job import Batch
from watchdown_operators.stages import PlanOperator, ReportOperator, StageOperator

STAGES = ("work", "record", "validate", "load", "publish")
ASKED = {"default_args": DEFAULTS, "params": form(), "is_paused_upon_creation": False}

with DAG("bench.batches", schedule=None, **ASKED) as batches:
    plan = PlanOperator(task_id="plan")

    @task_group(group_id="batch")
    def stages(batch: Batch) -> None:
        """Take a batch through commands that do nothing."""
        chain(*(StageOperator(task_id=stage, stage=stage, batch=batch) for stage in STAGES))

    report = ReportOperator(task_id="report", batches=[plan.output], trigger_rule="all_done")
    stages.expand(batch=plan.output) >> report

with DAG("bench.titles", schedule=None, **ASKED) as titles:
    plan = PlanOperator(task_id="plan")
    work = StageOperator.partial(task_id="work", stage="work").expand(batch=plan.output)
    work >> ReportOperator(task_id="report", batches=[plan.output], trigger_rule="all_done")
