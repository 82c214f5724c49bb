"""How a Job has ended, title by title, read from its status and its pods'. Pure: it asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from watchdown_schemas.errors import printable

Json = Mapping[str, Any]

INDEX_LABEL: Final = "batch.kubernetes.io/job-completion-index"
JOB_LABEL: Final = "batch.kubernetes.io/job-name"
ENDS: Final = frozenset({"Complete", "Failed"})
ORDINARY: Final = frozenset({"", "Error", "Completed"})
LONGEST: Final = 500
STARTING: Final = ("ContainerCreating", "PodInitializing")


@dataclass(frozen=True, slots=True)
class Outcome:
    """A Job that has ended: what ended it, and the titles that it did not complete, each with its cause."""

    reason: str
    completed: frozenset[int]
    lost: Mapping[int, str]

    def as_json(self) -> dict[str, Any]:
        """Return what is handed on to the tasks that follow."""
        lost = {str(index): cause for index, cause in self.lost.items()}
        return {"reason": self.reason, "completed": len(self.completed), "lost": lost}


def ending(job: Json) -> Json | None:
    """Return the condition that ended the Job, or None while it goes on."""
    conditions = job.get("status", {}).get("conditions") or []
    return next((one for one in conditions if one["type"] in ENDS and one["status"] == "True"), None)


def being_deleted(job: Json) -> bool:
    """Say whether somebody has asked for the Job to go."""
    return bool(job["metadata"].get("deletionTimestamp"))


def indexes(text: str | None) -> frozenset[int]:
    """Return the indexes of a status, such as `0-6,8`."""
    found: set[int] = set()
    for part in filter(None, (text or "").split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return frozenset(found)


def completed_indexes(job: Json) -> frozenset[int]:
    """Return the indexes that are done."""
    return indexes(job.get("status", {}).get("completedIndexes"))


def failed_indexes(job: Json) -> frozenset[int]:
    """Return the indexes that have failed for good."""
    return indexes(job.get("status", {}).get("failedIndexes"))


def causes(pods: Iterable[Json]) -> dict[int, str]:
    """Return why the last pod of each index failed, as far as the pods can tell."""
    last: dict[int, Json] = {}
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"].get("creationTimestamp", ""))):
        index = (pod["metadata"].get("labels") or {}).get(INDEX_LABEL)
        if index is not None:
            last[int(index)] = pod
    return {index: cause for index, pod in last.items() if (cause := _cause(pod))}


def outcome(job: Json, pods: Iterable[Json]) -> Outcome:
    """Return how an ended Job has gone.

    An index that neither completed nor failed is lost as well, be the Job Failed or Complete: its deadline
    has passed, or what ended the Job took its pod along.
    """
    condition = ending(job)
    assert condition is not None, "the Job goes on"
    completed = completed_indexes(job)
    why = causes(pods)
    reason = str(condition.get("reason") or condition["type"])
    ended = f"the Job ended without it ({reason}: {condition.get('message') or condition['type']})"
    failed = failed_indexes(job)
    lost: dict[int, str] = {}
    for index in sorted(set(range(job["spec"]["completions"])) - completed):
        cause = why.get(index)
        if index in failed:
            lost[index] = cause or f"failed, and its pods are gone ({reason})"
        else:
            lost[index] = f"{ended}; its last attempt: {cause}" if cause else ended
    return Outcome(reason, completed, {index: short(cause) for index, cause in lost.items()})


def kept_waiting(pods: Iterable[Json]) -> dict[str, str]:
    """Return why pods that have not started wait: by reason, what is said of the first of them."""
    found: dict[str, str] = {}
    for pod in pods:
        if cause := _cause(pod):
            found.setdefault(cause.partition(":")[0], cause)
    return {reason: cause for reason, cause in found.items() if not reason.endswith(STARTING)}


def all_lost(titles: int, cause: str) -> dict[str, Any]:
    """Return what is handed on of a Job that was lost as a whole."""
    return Outcome("Lost", frozenset(), dict.fromkeys(range(titles), short(cause))).as_json()


def short(cause: str) -> str:
    """Return a cause on one line that is not too long."""
    line = printable(" ".join(cause.split()))
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _cause(pod: Json) -> str:
    """Return why a pod failed: what it said last, and its exit code where that tells more."""
    status = pod.get("status") or {}
    if status.get("phase") == "Succeeded":
        return ""
    states = [container.get("state") or {} for container in status.get("containerStatuses") or []]
    if reason := status.get("reason"):
        never = ", never started" if states and all("waiting" in state for state in states) else ""
        return f"{reason}{never}: {status.get('message') or 'its pod was ended'}"
    for state in states:
        if ended := state.get("terminated"):
            return _ended(ended)
    for state in states:
        if waiting := state.get("waiting"):
            return f"never started, {waiting.get('reason', 'waiting')}: {waiting.get('message') or ''}"
    conditions = status.get("conditions") or []
    waits = [one for one in conditions if one.get("status") == "False" and one.get("message")]
    return f"never started, {waits[0].get('reason')}: {waits[0]['message']}" if waits else ""


def _ended(state: Json) -> str:
    lines = [line for line in (state.get("message") or "").splitlines() if line.strip()]
    code, reason = state["exitCode"], state.get("reason") or ""
    if reason in ORDINARY and lines:
        return lines[-1]
    said = f": {lines[-1]}" if lines else ""
    return f"{'' if reason in ORDINARY else f'{reason}, '}exit code {code}{said}"
