from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown_operators.outcome import all_lost, causes, ending, indexes, kept_waiting, outcome


def ended(kind: str, reason: str, message: str = "", **status: str) -> dict[str, Any]:
    first = {"type": {"Complete": "SuccessCriteriaMet"}.get(kind, "FailureTarget"), "status": "True"}
    last = {"type": kind, "status": "True", "reason": reason, "message": message}
    return {
        "metadata": {"name": "watchdown-b"},
        "spec": {"completions": 5},
        "status": {"conditions": [first, last], **status},
    }


def pod(index: int, made: str = "2026-11-27T10:00:00Z", **status: Any) -> dict[str, Any]:
    labels = {"batch.kubernetes.io/job-completion-index": str(index)}
    return {
        "metadata": {"labels": labels, "creationTimestamp": made},
        "status": {"phase": "Failed", **status},
    }


def terminated(code: int, reason: str = "Error", message: str = "") -> dict[str, Any]:
    return {
        "containerStatuses": [
            {"state": {"terminated": {"exitCode": code, "reason": reason, "message": message}}}
        ]
    }


@given(st.frozensets(st.integers(0, 300)))
def test_indexes_are_read_as_the_job_controller_writes_them(numbers: frozenset[int]) -> None:
    parts: list[list[int]] = []
    for number in sorted(numbers):
        if parts and parts[-1][-1] == number - 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    text = ",".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)
    assert indexes(text) == numbers
    assert indexes(None) == frozenset()


def test_a_job_goes_on_until_it_is_complete_or_failed() -> None:
    assert ending({"metadata": {}, "status": {}}) is None
    assert (
        ending({"metadata": {}, "status": {"conditions": [{"type": "FailureTarget", "status": "True"}]}})
        is None
    )
    assert ending(ended("Failed", "FailedIndexes")) is not None


def test_all_titles_of_a_complete_job_are_done() -> None:
    found = outcome(ended("Complete", "CompletionsReached", completedIndexes="0-4"), [])
    assert found.as_json() == {"reason": "CompletionsReached", "completed": 5, "lost": {}}


def test_a_title_that_failed_says_why() -> None:
    job = ended("Failed", "FailedIndexes", completedIndexes="0-1,4", failedIndexes="2,3")
    bad = pod(2, **terminated(10, message="Reading frames\nporridge: no frame can be decoded.\n"))
    found = outcome(job, [bad])
    assert found.lost == {
        2: "porridge: no frame can be decoded.",
        3: "failed, and its pods are gone (FailedIndexes)",
    }


def test_an_index_that_neither_completed_nor_failed_is_lost() -> None:
    job = ended(
        "Complete", "SuccessPolicy", "Matched rules at index 0", completedIndexes="0-2,4", failedIndexes=""
    )
    found = outcome(job, [])
    assert found.lost == {3: "the Job ended without it (SuccessPolicy: Matched rules at index 0)"}


def test_a_deadline_loses_the_titles_that_were_not_done() -> None:
    job = ended(
        "Failed", "DeadlineExceeded", "Job was active longer than specified deadline", completedIndexes="0-3"
    )
    found = outcome(job, [pod(4, **terminated(1, message="the model does not answer"))])
    assert found.lost == {
        4: "the Job ended without it (DeadlineExceeded: Job was active longer than specified deadline); "
        "its last attempt: the model does not answer"
    }


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        (terminated(1), "exit code 1"),
        (terminated(137, "OOMKilled"), "OOMKilled, exit code 137"),
        (terminated(137, "OOMKilled", "Decoding"), "OOMKilled, exit code 137: Decoding"),
        (
            {"reason": "DeadlineExceeded", "message": "Pod was active too long"},
            "DeadlineExceeded: Pod was active too long",
        ),
        (
            {
                "phase": "Pending",
                "containerStatuses": [{"state": {"waiting": {"reason": "ErrImageNeverPull"}}}],
            },
            "never started, ErrImageNeverPull: ",
        ),
        (
            {
                "phase": "Pending",
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "no GPU",
                    }
                ],
            },
            "never started, Unschedulable: no GPU",
        ),
    ],
)
def test_a_pod_tells_what_ended_it(status: dict[str, Any], cause: str) -> None:
    assert causes([pod(0, **status)]) == {0: cause}


def test_the_last_attempt_counts() -> None:
    first = pod(0, "2026-11-27T10:00:00Z", **terminated(1, message="first"))
    last = pod(0, "2026-11-27T10:00:20Z", **terminated(1, message="last"))
    assert causes([last, first]) == {0: "last"}
    assert causes([first, pod(0, "2026-11-27T10:00:20Z", phase="Succeeded")]) == {}


def test_a_cause_is_one_short_line_that_forges_nothing() -> None:
    said = outcome(
        ended("Failed", "FailedIndexes", completedIndexes="1-4", failedIndexes="0"),
        [pod(0, **terminated(10, message="\x1b[31m" + "long " * 1000))],
    ).lost[0]
    assert len(said) <= 500
    assert "\n" not in said
    assert "\x1b" not in said


def test_a_job_that_was_lost_has_lost_all_titles() -> None:
    assert all_lost(2, "deleted") == {
        "reason": "Lost",
        "completed": 0,
        "lost": {"0": "deleted", "1": "deleted"},
    }


def waits(reason: str, message: str = "") -> dict[str, Any]:
    return {"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}]}


def test_why_pods_wait_is_told_once_for_each_reason() -> None:
    pods = [
        pod(0, phase="Pending", **waits("ErrImagePull", "no such image")),
        pod(1, phase="Pending", **waits("ErrImagePull", "still none")),
        pod(2, phase="Pending", **waits("ContainerCreating")),
        pod(3, phase="Pending"),
        pod(
            4,
            phase="Pending",
            conditions=[
                {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
            ],
        ),
    ]
    assert kept_waiting(pods) == {
        "never started, ErrImagePull": "never started, ErrImagePull: no such image",
        "never started, Unschedulable": "never started, Unschedulable: 0/3 nodes",
    }


def test_a_pod_that_ran_out_of_time_before_it_began_says_so() -> None:
    late = pod(0, reason="DeadlineExceeded", message="Pod was active too long", **waits("ErrImagePull"))
    begun = pod(1, reason="DeadlineExceeded", message="Pod was active too long", **terminated(143))
    assert causes([late, begun]) == {
        0: "DeadlineExceeded, never started: Pod was active too long",
        1: "DeadlineExceeded: Pod was active too long",
    }
