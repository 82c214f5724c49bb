"""The shell script of the page on writing runs as it stands, beside the library made by the demo."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "write-from-your-program.md"


def test_the_script_on_the_page_runs(demo_folder: Path, tmp_path: Path) -> None:
    files = re.findall(r"^```\w+ file=(\S+)\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for name, text in files:
        (demo_folder / name).write_text(text, "utf-8")
    command = tmp_path / "watchdown"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m watchdown "$@"\n')
    command.chmod(0o755)
    done = subprocess.run(
        ["sh", "write.sh"],
        cwd=demo_folder,
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout[done.stdout.index("\n{") :])
    mine = (one for one in shown["coverage"] if one["algorithm"] == "face-finder")
    assert {(one["schema_type"], one["count"]) for one in mine} == {("Label", 2), ("Caption", 2)}
