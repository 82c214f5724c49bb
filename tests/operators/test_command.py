from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from threading import Thread

import psutil
import pytest

from watchdown_operators.command import Command, surroundings

LIMIT_S = 30.0


def run(script: str) -> tuple[int, str, list[str]]:
    told: list[str] = []
    code, output = Command([sys.executable, "-c", script], {}).run(told.append)
    return code, output, told


def test_errors_come_line_by_line_and_output_whole() -> None:
    code, output, told = run(
        "import sys; print('a'); print('b\\n\\n', file=sys.stderr); print('c' * 100_000)",
    )
    assert (code, told) == (0, ["b"])
    assert output == "a\n" + "c" * 100_000 + "\n"


def test_an_exit_code_and_a_signal_are_told_apart() -> None:
    assert run("raise SystemExit(10)")[0] == 10
    assert run("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")[0] == -15


def test_what_is_no_text_does_no_harm() -> None:
    assert run(r"import sys; sys.stderr.buffer.write(b'\xff\n')")[2] == ["\ufffd"]


def test_a_program_that_is_not_there_is_an_error_of_the_system() -> None:
    with pytest.raises(FileNotFoundError):
        Command(["no-such-program"], {}).run(print)


def test_a_command_sees_no_more_than_is_its_business() -> None:
    said = {"PATH": "p", "WATCHDOWN_STORAGE": "s", "AWS_REGION": "r", "LC_ALL": "C"}
    secret = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "x", "AIRFLOW_CONN_A": "x", "PYTHONPATH": "x"}
    assert surroundings(said | secret) == said


DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"


@pytest.mark.parametrize(("parent", "child", "code"), [("", "", -15), (DEAF, DEAF, -9), ("", DEAF, -15)])
def test_a_command_is_ended_with_its_children(tmp_path: Path, parent: str, child: str, code: int) -> None:
    script = f"""{parent}
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {child + "import time; time.sleep(600)"!r}])
file = pathlib.Path({str(tmp_path)!r}, "half")
file.write_text(str(child.pid))
file.rename(file.with_name("pid"))
child.wait()
"""
    command = Command([sys.executable, "-c", script], dict(os.environ))
    codes: list[int] = []
    thread = Thread(target=lambda: codes.append(command.run(print)[0]))
    thread.start()
    began = wait_for(tmp_path / "pid")
    command.end(patience=0.5 if parent else 10)
    thread.join(LIMIT_S)
    assert codes == [code]
    assert gone(began)


def wait_for(file: Path) -> int:
    deadline = time.monotonic() + LIMIT_S
    while not file.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return int(file.read_text())


def gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() == psutil.STATUS_ZOMBIE or process.wait(LIMIT_S) is None
    except psutil.NoSuchProcess:
        return True
