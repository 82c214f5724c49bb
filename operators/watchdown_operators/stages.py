"""The stages of a batch as operators, each one command; what it is told comes from its batch and the form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from airflow.sdk import BaseOperator, BaseOperatorLink, Context
from airflow.sdk.exceptions import AirflowFailException

from watchdown_operators.command_operator import CommandOperator
from watchdown_operators.hook import WatchdownHook
from watchdown_operators.job import Batch, job_name
from watchdown_operators.outcome import all_lost, ending, short


class PageLink(BaseOperatorLink):
    """The page or file that a task has left in the library's storage, where that can be read by URL."""

    name = "Result"

    @property
    def xcom_key(self) -> str:
        """The key under which the link is kept."""
        return f"link_{self.name.lower().replace(' ', '_')}"

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:
        """Return the URL, or nothing."""
        del ti_key
        return str(getattr(operator, "page", ""))


class ReportLink(PageLink):
    """Great Expectations' pages of a batch."""

    name = "Great Expectations"


class BundleLink(PageLink):
    """The results as one file."""

    name = "Bundle"


class PlanOperator(CommandOperator):
    """Plans, and hands on the batches; the whole plan is the XCom `plan`."""

    template_fields = ("after",)

    def __init__(
        self,
        *,
        algorithms: Sequence[str] = (),
        over: str | None = None,
        after: Any = None,
        apart: bool = False,
        **kwargs: Any,
    ) -> None:
        """Describe the plan.

        Args:
            algorithms: The algorithms; none means those of the form, or all.
            over: `media` or `records`: only those that consume these, where the form names none.
            after: The plan before, which must not have failed: readers of its algorithms are planned.
            apart: Whether titles are taken out of open batches that hold others.
            kwargs: As for every operator.
        """
        super().__init__(**kwargs)
        self.algorithms, self.over, self.after, self.apart = list(algorithms), over, after, apart
        self.follows = after is not None

    def execute(self, context: Context) -> Any:
        """Plan; the XCom `plan` is there even where that fails, since Airflow fails whoever misses one."""
        context["ti"].xcom_push("plan", {})
        # Airflow takes any key: a misspelt `titles` would mean all of them.
        if unknown := sorted(set(context["dag_run"].conf or {}) - set(self.dag.params)):
            raise AirflowFailException(f"{', '.join(unknown)} is no parameter of this DAG")
        if self.follows:
            planned(self.after)
        return super().execute(context)

    def arguments_for(self, context: Context) -> list[str]:
        """Return `batch` with what the form narrows it to."""
        params = context["params"]
        algorithms = self.algorithms or params.get("algorithms", [])
        over = ["--over", self.over] if self.over and not algorithms else []
        readers = ["--readers"] if self.follows and algorithms else []
        apart = ["--apart"] if self.apart else []
        titles = _each("--titles", params["titles"])
        return ["batch", *algorithms, *readers, *over, *titles, "--size", str(params["size"]), *apart]

    def handed_on(self, said: Any, context: Context) -> Any:
        """Return the batches, over which Airflow can map."""
        batches = said.pop("batches")
        context["ti"].xcom_push("plan", said)
        self.log.info("%d batches: %s", len(batches), ", ".join(one["batch"] for one in batches) or "none")
        return batches


class StageOperator(CommandOperator):
    """Runs one stage of one batch."""

    template_fields: Sequence[str] = ("batch",)

    def __init__(self, *, stage: str, batch: Batch, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stage, self.batch = stage, batch

    def arguments_for(self, context: Context) -> list[str]:
        """Return the stage and its batch."""
        del context
        return [self.stage, "--batch", self.batch["batch"]]


class RecordOperator(StageOperator):
    """Records what became of each title. It runs also where the Job was lost, so that no run stays open."""

    template_fields = ("batch", "worked")

    def __init__(self, *, worked: Any, **kwargs: Any) -> None:
        super().__init__(stage="record", **kwargs)
        self.worked = worked

    def execute(self, context: Context) -> Any:
        """Record, once no Job goes on whose end nobody waits for."""
        if self.worked is None:
            self._end_job()
        return super().execute(context)

    def arguments_for(self, context: Context) -> list[str]:
        """Return the stage with each lost title's cause."""
        lost = unpacked(self.worked) or all_lost(
            self.batch["titles"], "its Job was not worked: the log of the task `work` says why"
        )
        causes = (f"{index}={cause}" for index, cause in lost["lost"].items())
        return [*super().arguments_for(context), *_each("--lost", causes)]

    def _end_job(self) -> None:
        """Delete the Job of a task that was ended before its trigger began, which then deletes nothing."""
        hook, name = WatchdownHook(self.watchdown_conn_id), job_name(self.batch["batch"])
        try:
            if (found := hook.job(name)) and not ending(found):
                self.log.info("Deleting Job %s: nobody waits for it.", name)
                hook.delete(found)
        except Exception as error:  # noqa: BLE001 # whatever the cluster says, the runs must not stay open
            self.log.warning("Job %s may still go on: %s", name, short(str(error)))


class ValidateOperator(StageOperator):
    """Has the batch judged, and links the report."""

    operator_extra_links = (ReportLink(),)
    page = ""

    def handed_on(self, said: Any, context: Context) -> Any:
        """Keep where the report lies."""
        del context
        self.page = page_url(self.watchdown_conn_id, said.get("report"))
        return said


class BundleOperator(CommandOperator):
    """Makes what readers see of the form's titles one file, and links it."""

    template_fields = ("plan",)
    operator_extra_links = (BundleLink(),)
    page = ""

    def __init__(self, *, plan: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    def arguments_for(self, context: Context) -> list[str]:
        """Return `bundle` of what was asked for, be it that all of it was there before."""
        planned(self.plan)
        params = context["params"]
        return ["bundle", *params["algorithms"], *_each("--titles", params["titles"])]

    def handed_on(self, said: Any, context: Context) -> Any:
        """Keep where the bundle lies."""
        del context
        self.page = page_url(self.watchdown_conn_id, said.get("bundle"))
        return said


class LoadOperator(StageOperator):
    """Loads the batch at the rate that the form asks for."""

    def arguments_for(self, context: Context) -> list[str]:
        """Return the stage with its rate."""
        rate = context["params"]["rate"]
        return [*super().arguments_for(context), *([] if rate is None else ["--rate", f"{rate:g}"])]


class ReportOperator(CommandOperator):
    """Judges the run: red where more titles failed than the form tolerates, or nothing could be planned."""

    template_fields = ("batches", "plans")

    def __init__(self, *, batches: Sequence[Any], plans: Sequence[Any] = (), **kwargs: Any) -> None:
        """Describe the report.

        Args:
            batches: The batches of each plan.
            plans: What else each plan said: titles that it could not plan are no success.
            kwargs: As for every operator.
        """
        super().__init__(**kwargs)
        self.batches, self.plans = list(batches), list(plans)

    def arguments_for(self, context: Context) -> list[str]:
        """Return `report` over the batches of all plans."""
        batches = [batch["batch"] for plan in self.batches for batch in planned(plan)]
        blocked = sum((plan or {}).get("blocked", 0) for plan in self.plans)
        judged = ["--tolerance", f"{context['params']['tolerance']:g}", "--blocked", str(blocked)]
        return ["report", *_each("--batch", batches), *judged, "--via", "airflow"]

    def judged(self, stage: str, code: int, output: str, last: list[str]) -> Any:
        """Return the report; that too many titles failed is a verdict, which trying again does not change."""
        try:
            passed = json.loads(output)["passed"]
        except (ValueError, KeyError, TypeError):
            passed = None
        if code and passed is False:
            raise AirflowFailException("; ".join(last) or "More titles failed than are tolerated")
        return super().judged(stage, code, output, last)


def planned(batches: Any) -> list[Batch]:
    """Return the batches of a plan; a plan that failed has none to judge, which is no success."""
    if batches is None:
        raise AirflowFailException("There is no plan: the log of the task `plan` says why")
    return list(batches)


def page_url(connection: str, key: str | None) -> str:
    """Return where a key of the storage can be read, or nothing."""
    base = WatchdownHook(connection).settings.reports_url
    return f"{base}/{key}" if base and key else ""


def unpacked(value: Any) -> Any:
    """Return what a task handed on: what its trigger did comes as JSON within JSON."""
    while isinstance(value, str):
        value = json.loads(value)
    return value


def _each(option: str, values: Iterable[str]) -> list[str]:
    return [part for value in values for part in (option, value)]
