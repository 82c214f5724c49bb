"""The hook of the connection type `watchdown`: its settings, and the Kubernetes client that they name."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from watchdown_operators.connection import DEFAULT, Settings, settings_of
from watchdown_operators.job import Json, same_spec
from watchdown_operators.outcome import INDEX_LABEL, JOB_LABEL, being_deleted, ending
from watchdown_schemas.errors import SettingsInvalid

if TYPE_CHECKING:
    from kubernetes.client import BatchV1Api, CoreV1Api

GONE_S, LOOK_S = 600.0, 1.0
NOT_FOUND, CONFLICT = 404, 409


class WatchdownHook(BaseHook):
    """What one connection says, and the Jobs of its namespace."""

    conn_name_attr = "watchdown_conn_id"
    default_conn_name = DEFAULT
    conn_type = "watchdown"
    hook_name = "Watchdown"

    def __init__(self, watchdown_conn_id: str = DEFAULT, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.watchdown_conn_id = watchdown_conn_id

    @cached_property
    def settings(self) -> Settings:
        """The settings; what is wrong with them is named, and fails the task at once."""
        connection = self.get_connection(self.watchdown_conn_id)
        try:
            return settings_of(self.watchdown_conn_id, connection.extra_dejson)
        except SettingsInvalid as invalid:
            raise AirflowFailException(str(invalid)) from None

    def submit(self, body: Json) -> tuple[Json, bool]:
        """Create a Job, or find the one of that name; return it, and whether it is new.

        One that still goes on with other settings gives way: whoever mends these starts the task again.
        One that is being deleted is waited for: its pods would work beside the new ones.
        """
        from kubernetes.client import ApiException

        name, deadline = body["metadata"]["name"], time.monotonic() + GONE_S
        while time.monotonic() < deadline:
            try:
                made = self._jobs.create_namespaced_job(self.settings.namespace, body)
                return self._plain(made), True
            except ApiException as refused:
                if refused.status != CONFLICT:
                    raise
            found = self.job(name)
            if found is not None and not being_deleted(found):
                if ending(found) or same_spec(found, body):
                    return found, False
                self.log.info("Job %s was submitted with other settings: it gives way.", name)
                self.delete(found)
            time.sleep(LOOK_S)
        raise AirflowException(f"Job {name} is still being deleted after {GONE_S:g} s")

    def job(self, name: str) -> Json | None:
        """Return a Job, or None where there is none of that name."""
        from kubernetes.client import ApiException

        try:
            return self._plain(self._jobs.read_namespaced_job(name, self.settings.namespace))
        except ApiException as refused:
            if refused.status == NOT_FOUND:
                return None
            raise

    def pods(self, name: str, indexes: frozenset[int]) -> list[Json]:
        """Return the pods of these indexes of a Job."""
        if not indexes:
            return []
        found = self._pods.list_namespaced_pod(
            self.settings.namespace, label_selector=selector(name, indexes)
        )
        return list(self._plain(found)["items"])

    def delete(self, job: Json) -> None:
        """Delete a Job with its pods, unless it is gone or another has its name by now."""
        from kubernetes.client import ApiException

        name, uid = job["metadata"]["name"], job["metadata"]["uid"]
        try:
            self._jobs.delete_namespaced_job(name, self.settings.namespace, body=deletion(uid))
        except ApiException as refused:
            if refused.status not in {NOT_FOUND, CONFLICT}:
                raise

    @cached_property
    def _kubernetes(self) -> Any:
        from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook

        return KubernetesHook(conn_id=self.settings.kubernetes_conn_id)

    @property
    def _jobs(self) -> BatchV1Api:
        return self._kubernetes.batch_v1_client

    @property
    def _pods(self) -> CoreV1Api:
        return self._kubernetes.core_v1_client

    def _plain(self, found: object) -> Json:
        """Return an object of the client as the JSON that the server sent."""
        plain: Json = self._kubernetes.api_client.sanitize_for_serialization(found)
        return plain


def deletion(uid: str) -> Json:
    """Return the options that delete a Job after its pods, if it is the one with that uid."""
    return {"propagationPolicy": "Foreground", "preconditions": {"uid": uid}}


def selector(name: str, indexes: frozenset[int]) -> str:
    """Return the label selector of the pods of these indexes of a Job."""
    return f"{JOB_LABEL}={name},{INDEX_LABEL} in ({','.join(map(str, sorted(indexes)))})"
