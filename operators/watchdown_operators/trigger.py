"""Waits for a batch's Job with one watch, tells of titles that fail, and ends the task itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from functools import cached_property
from typing import Any, Final

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSuccessEvent, TriggerEvent

from watchdown_operators.hook import NOT_FOUND, deletion, selector
from watchdown_operators.job import Json
from watchdown_operators.outcome import (
    JOB_LABEL,
    all_lost,
    being_deleted,
    causes,
    completed_indexes,
    ending,
    failed_indexes,
    kept_waiting,
    outcome,
    short,
)

WATCH_S: Final = 240
LOOK_S: Final = 20
MANY: Final = 50
SLACK_S: Final = 30
PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
GONE, TOO_MANY, SERVER = 410, 429, 500
TELLS: Final = 10
ENDED: Final = frozenset({"failed", "success", "skipped", "removed"})


class JobTrigger(BaseTrigger):
    """One Job until it ends or is gone.

    The task is ended from here: a resumed one would be failed where the scheduler has not yet heard that
    it was deferred, and would start a process for nothing. A restart of the triggerer leaves the Job alone.
    """

    def __init__(self, *, name: str, namespace: str, uid: str, titles: int, kubernetes_conn_id: str) -> None:
        super().__init__()
        self.name, self.namespace, self.uid = name, namespace, uid
        self.titles, self.kubernetes_conn_id = titles, kubernetes_conn_id
        self._told: set[int] = set()
        self._tenths = 0

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return what makes the same trigger elsewhere."""
        fields = ("name", "namespace", "uid", "titles", "kubernetes_conn_id")
        return f"{__name__}.JobTrigger", {field: getattr(self, field) for field in fields}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch until the Job has ended, and say meanwhile why pods do not start."""
        waits = asyncio.create_task(self._tell_waiting())
        try:
            yield await self._end()
        finally:
            waits.cancel()

    async def _end(self) -> TriggerEvent:
        """Return what ends the task, through time-outs and absences of the API server."""
        from aiohttp import ClientError
        from kubernetes_asyncio.client import ApiException

        pause = PAUSE_S
        while True:
            try:
                async with (
                    self._hook.get_conn() as connection,
                    aclosing(self._states(connection)) as states,
                ):
                    async for job in states:
                        pause = PAUSE_S
                        if event := await self._event(connection, job):
                            return event
            except (ClientError, OSError, TimeoutError) as error:
                self.log.warning("The API server does not answer, trying again: %s", short(repr(error)))
            except ApiException as refused:
                if refused.status not in {GONE, TOO_MANY} and (refused.status or SERVER) < SERVER:
                    raise
                self.log.warning("The API server refused, trying again: %s", short(str(refused.reason)))
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    async def on_kill(self) -> None:
        """Delete the Job of a task that a person has ended.

        Airflow calls this also where another triggerer has taken over, and where the task was cleared: its
        next try finds the Job and goes on with it.
        """
        from kubernetes_asyncio.client import ApiException, BatchV1Api

        if (state := await self._task_state()) not in ENDED:
            self.log.info("The task is %s, and so Job %s goes on.", state or "to be tried again", self.name)
            return
        self.log.info("Deleting Job %s with its pods.", self.name)
        async with self._hook.get_conn() as connection:
            try:
                await BatchV1Api(connection).delete_namespaced_job(
                    self.name, self.namespace, body=deletion(self.uid)
                )
            except ApiException as refused:
                self.log.info("Job %s was not deleted: %s", self.name, refused.reason)

    async def _states(self, connection: Any) -> AsyncGenerator[Json | None]:
        """Yield the Job as it is and whenever it changes; None once it is gone or is another one."""
        from kubernetes_asyncio.client import ApiException, BatchV1Api
        from kubernetes_asyncio.watch import Watch

        jobs = BatchV1Api(connection)
        try:
            job: Json = connection.sanitize_for_serialization(
                await jobs.read_namespaced_job(self.name, self.namespace)
            )
        except ApiException as refused:
            if refused.status != NOT_FOUND:
                raise
            yield None
            return
        yield job if job["metadata"]["uid"] == self.uid else None
        version = job["metadata"]["resourceVersion"]
        while True:
            async with Watch(return_type="object") as watch:
                async for event in watch.stream(
                    jobs.list_namespaced_job,
                    self.namespace,
                    field_selector=f"metadata.name={self.name}",
                    resource_version=version,
                    timeout_seconds=WATCH_S,
                    _request_timeout=WATCH_S + SLACK_S,
                ):
                    job = event["raw_object"]
                    version = job["metadata"]["resourceVersion"]
                    same = event["type"] != "DELETED" and job["metadata"]["uid"] == self.uid
                    yield job if same else None

    async def _event(self, connection: Any, job: Json | None) -> TriggerEvent | None:
        """Return what ends the task, or None while the Job goes on."""
        if job is None or (being_deleted(job) and not ending(job)):
            self.log.error("Job %s was deleted before it ended.", self.name)
            lost = all_lost(self.titles, f"the Job {self.name} was deleted before it ended")
            return TaskFailedEvent(xcoms={"return_value": lost})
        await self._tell(connection, job)
        if not ending(job):
            return None
        unfinished = frozenset(range(self.titles)) - completed_indexes(job)
        found = outcome(job, await self._pods(connection, unfinished))
        self.log.info(
            "Job %s has ended (%s): %d of %d titles done.",
            self.name,
            found.reason,
            len(found.completed),
            self.titles,
        )
        for index, cause in found.lost.items():
            if index not in self._told:
                self.log.error("Title %d failed: %s", index, cause)
        return TaskSuccessEvent(xcoms={"return_value": found.as_json()})

    async def _tell(self, connection: Any, job: Json) -> None:
        """Log titles that have failed since, and every tenth of those that are done."""
        if new := failed_indexes(job) - self._told:
            why = causes(await self._pods(connection, new))
            for index in sorted(new):
                cause = short(why.get(index) or "its pods are gone")
                self.log.error("Title %d failed: %s", index, cause)
            self._told |= new
        done = len(completed_indexes(job))
        tenths = TELLS * done // self.titles
        if tenths > self._tenths:
            self._tenths = tenths
            self.log.info("%d of %d titles done.", done, self.titles)

    async def _tell_waiting(self) -> None:
        """Log, once each, the reasons why pods do not start, which a Job does not tell."""
        from aiohttp import ClientError
        from kubernetes_asyncio.client import ApiException, CoreV1Api

        said: set[str] = set()
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                async with self._hook.get_conn() as connection:
                    found = await CoreV1Api(connection).list_namespaced_pod(
                        self.namespace,
                        label_selector=f"{JOB_LABEL}={self.name}",
                        field_selector="status.phase=Pending",
                        limit=MANY,
                    )
                    pods = connection.sanitize_for_serialization(found)["items"]
            except (ApiException, ClientError, OSError, TimeoutError):
                continue  # whoever watches the Job says so
            for reason, cause in kept_waiting(pods).items():
                if reason not in said:
                    said.add(reason)
                    self.log.warning("Some pods wait: %s", short(cause))

    async def _pods(self, connection: Any, indexes: frozenset[int]) -> list[Json]:
        from kubernetes_asyncio.client import CoreV1Api

        if not indexes:
            return []
        found = await CoreV1Api(connection).list_namespaced_pod(
            self.namespace, label_selector=selector(self.name, indexes)
        )
        return list(connection.sanitize_for_serialization(found)["items"])

    async def _task_state(self) -> str | None:
        """Return the state of the task that waits; it may have been cleared or ended meanwhile."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance
        from asgiref.sync import sync_to_async

        task = self.task_instance
        states = await sync_to_async(RuntimeTaskInstance.get_task_states)(
            dag_id=task.dag_id,
            task_ids=[task.task_id],
            run_ids=[task.run_id],
            map_index=task.map_index,
        )
        key = f"{task.task_id}_{task.map_index}" if task.map_index >= 0 else task.task_id
        state = states.get(task.run_id, {}).get(key)
        return None if state is None else str(state)

    @cached_property
    def _hook(self) -> Any:
        from airflow.providers.cncf.kubernetes.hooks.kubernetes import AsyncKubernetesHook

        return AsyncKubernetesHook(conn_id=self.kubernetes_conn_id)
