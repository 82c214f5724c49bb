"""The operator that has a batch worked as one Kubernetes Indexed Job, and waits without holding a worker."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from watchdown_operators.connection import DEFAULT
from watchdown_operators.hook import WatchdownHook
from watchdown_operators.job import Batch, Json, job, job_name
from watchdown_operators.manifests import resources_of
from watchdown_operators.outcome import completed_indexes, ending, outcome
from watchdown_operators.trigger import JobTrigger
from watchdown_schemas.errors import WatchdownError


class AlgorithmBatchOperator(BaseOperator):
    """Submits the Job of a batch, or finds it, and ends with what became of its titles.

    It succeeds where the Job has ended, be it that titles failed: each with its cause is handed on as `lost`.
    It fails, and is tried again, where the Job as a whole was lost: somebody deleted it.
    """

    template_fields = ("batch",)
    ui_color = "#e8f0d8"

    def __init__(self, *, batch: Batch, watchdown_conn_id: str = DEFAULT, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.batch = batch
        self.watchdown_conn_id = watchdown_conn_id
        self._submitted: Json | None = None

    @cached_property
    def hook(self) -> WatchdownHook:
        """The hook of the connection."""
        return WatchdownHook(self.watchdown_conn_id)

    def execute(self, context: Context) -> Json:
        """Submit the Job and defer; where it has ended already, end."""
        settings, titles = self.hook.settings, self.batch["titles"]
        try:
            body = job(
                self.batch,
                settings=settings,
                resources=resources_of(self.batch["algorithms"]),
                at_once=context["params"].get("concurrency"),
            )
        except WatchdownError as error:
            raise AirflowFailException(str(error)) from None
        found, new = self.hook.submit(body)
        self._submitted, name = found, found["metadata"]["name"]
        self.log.info("%s Job %s of %d titles.", "Submitted" if new else "Found", name, titles)
        self.log.info("See it with: kubectl -n %s get job %s", settings.namespace, name)
        return self._end(found) if ending(found) else self._wait(found)

    def resume(self, context: Context, event: Any) -> Json:
        """End from the Job as it is now; only `dag.test()` comes here, since the trigger ends the task."""
        del context, event
        name = job_name(self.batch["batch"])
        found = self.hook.job(name)
        if found is None:
            raise AirflowException(f"Job {name} was deleted before it ended")
        return self._end(found) if ending(found) else self._wait(found)

    def on_kill(self) -> None:
        """Delete the Job of a task that is ended while it submits."""
        if self._submitted:
            self.hook.delete(self._submitted)

    def _wait(self, found: Json) -> Json:
        settings = self.hook.settings
        trigger = JobTrigger(
            name=found["metadata"]["name"],
            namespace=settings.namespace,
            uid=found["metadata"]["uid"],
            titles=self.batch["titles"],
            kubernetes_conn_id=settings.kubernetes_conn_id,
        )
        self.defer(trigger=trigger, method_name="resume")
        raise AssertionError("deferring raises")

    def _end(self, found: Json) -> Json:
        unfinished = frozenset(range(self.batch["titles"])) - completed_indexes(found)
        ended = outcome(found, self.hook.pods(found["metadata"]["name"], unfinished))
        done = len(ended.completed)
        self.log.info("It has ended (%s): %d of %d titles done.", ended.reason, done, self.batch["titles"])
        for index, cause in ended.lost.items():
            self.log.error("Title %d failed: %s", index, cause)
        return ended.as_json()
