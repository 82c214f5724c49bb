"""Runs scripts beside Airflow and our operators, in their environment, which .venv is not."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.airflow_home import ROOT, our_wheel
from services.cache import SURROUNDINGS
from services.tools import TAIL, environment


class Script:
    """A script that answers each line of JSON with one: importing Airflow takes seconds, and is done once."""

    def __init__(
        self,
        script: Path,
        home: Path,
        *,
        more: Path | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        """Start it with a home of its own, and a database that nobody makes.

        Args:
            script: What to run.
            home: An empty folder.
            more: A folder of more packages.
            variables: More of its environment.

        Raises:
            Missing: the environment cannot be had.
        """
        self._said = home / f"{script.stem}.log"
        settings = {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "PYTHONPATH": ":".join(map(str, filter(None, [our_wheel(home), more]))),
        }
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                [environment("operators") / "bin" / "python", script],
                env={**SURROUNDINGS, **settings, **(variables or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )

    def ask(self, **question: Any) -> Any:
        """Return the answer to a question; what else the script prints on a line is passed over."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("answer: "):
                return json.loads(line.removeprefix("answer: "))
        raise AssertionError(self._said.read_text()[-TAIL:])

    def end(self) -> None:
        """End the script."""
        self._process.kill()
        self._process.communicate()
