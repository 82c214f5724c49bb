"""What the page on clusters has people write is what the operators, the settings and Kubernetes take."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

from services.kubernetes.cluster import Kubernetes
from watchdown.settings.model import AirflowSettings
from watchdown_operators.connection import settings_of

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cluster.md").read_text("utf-8")


def block(language: str, mark: str) -> str:
    """Return the block of code that holds a mark."""
    found = re.findall(rf"^```{language}[^\n]*\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    [text] = [text for text in found if mark in text]
    return str(text)


def test_the_connection_is_one_that_the_operators_take() -> None:
    settings = settings_of("watchdown_default", json.loads(block("json", "env_from")))
    assert settings.image("worker").startswith("registry.example.com/media/worker@sha256:")


def test_the_settings_of_airflow_are_settings() -> None:
    AirflowSettings(**tomllib.loads(block("toml", "[airflow]"))["airflow"], password="x")


def test_airflow_may_do_what_it_must_and_no_more(kubernetes: Kubernetes) -> None:
    space = kubernetes.namespace("rights")
    kubernetes.kubectl("apply", "-n", space, "-f", ROOT / "operators" / "rights.yaml")
    account = f"--as=system:serviceaccount:{space}:airflow"

    def may(verb: str, resource: str, where: str = space) -> bool:
        review = kubernetes.kubectl("auth", "can-i", "--list", account, "-n", where, "--no-headers")
        return any(
            line.split()[0] == resource and re.search(rf"\b{verb}\b", line.rpartition("[")[2])
            for line in review.splitlines()
        )

    for verb in ("create", "get", "list", "watch", "delete"):
        assert may(verb, "jobs.batch")
        assert not may(verb, "jobs.batch", "default")
    assert may("list", "pods")
    assert not may("create", "pods")
    assert not may("get", "secrets")
