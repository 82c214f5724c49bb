from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
ASKS = "def test_that_asks_for_a_cluster(opensearch_url):\n    assert opensearch_url\n"
PLAIN = "def test_that_asks_for_none():\n    pass\n"


def outcome(folder: Path, test: str, **variables: str) -> tuple[int, str]:
    """Run pytest where no tool is on PATH and nothing is cached; return its exit code and what it printed."""
    (folder / "test_inner.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-rs", "-p", "services.fixtures", "-p", "no:cacheprovider"]
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "TESTS_SET_ASIDE")}
    paths = {"WATCHDOWN_CACHE": folder / "cache", "PYTHONPATH": TESTS, "PATH": folder / "empty"}
    done = subprocess.run(
        [*command, "--rootdir", folder, folder / "test_inner.py"],
        env=kept | {name: str(path) for name, path in paths.items()} | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_a_missing_tool_skips_and_says_what_to_install(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, ASKS)
    assert code == pytest.ExitCode.OK
    assert "1 skipped" in said
    assert "opensearch: mvn is not on PATH. On Debian: apt install maven" in said


def test_a_missing_tool_fails_in_continuous_integration(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, ASKS, CI="true")
    assert code == pytest.ExitCode.TESTS_FAILED
    assert "opensearch: mvn is not on PATH. On Debian: apt install maven" in said


def test_tests_that_ask_for_no_server_start_none(tmp_path: Path) -> None:
    code, _ = outcome(tmp_path, PLAIN)
    assert code == pytest.ExitCode.OK
    assert not (tmp_path / "cache").exists()
