"""The dashboard and the rules that the docs offer ask for nothing that is not there."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path

import pytest

from watchdown.metrics.names import BY_NAME

DOCS = Path(__file__).parents[2] / "docs"
NAME = re.compile(r"\bwatchdown_\w+")
SELECTED = re.compile(r"(watchdown_\w+)(?:\{([^}]*)\})?")


def dashboard() -> dict[str, list[str]]:
    """Return the expressions of each panel by its title."""
    panels = json.loads((DOCS / "dashboards" / "watchdown.json").read_text("utf-8"))["panels"]
    return {panel["title"]: [target["expr"] for target in panel["targets"]] for panel in panels}


def rules() -> list[str]:
    return re.findall(r"expr: (.+)", (DOCS / "watch-a-library.md").read_text("utf-8"))


@pytest.mark.parametrize("expression", [*chain(*dashboard().values()), *rules()])
def test_an_expression_names_metrics_and_labels_that_there_are(expression: str) -> None:
    for name, selector in SELECTED.findall(expression):
        labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
        assert labels <= set(BY_NAME[name].labels)
    for by in re.findall(r"by \(([^)]*)\)", expression):
        named = {label for name in NAME.findall(expression) for label in BY_NAME[name].labels}
        assert {label.strip() for label in by.split(",")} <= named


@pytest.mark.parametrize("what", ["Rate", "Lag", "Failures"])
def test_the_dashboard_shows_rate_lag_and_failures_per_station(what: str) -> None:
    (panel,) = [title for title in dashboard() if title.startswith(f"{what} per station")]
    for expression in dashboard()[panel]:
        assert "by (station" in expression
        assert all("station" in BY_NAME[name].labels for name in NAME.findall(expression))
