"""Running a model leaves nothing in a person's home: no library of ours keeps or sends events of its own."""

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
from watchdown_algos.discovery import discover

model = discover()["visual-embedding"].load_model()
print(model("text", model.tokens(["red car"])).shape)
"""


def test_nothing_is_kept_of_a_model_that_ran(tmp_path: Path) -> None:
    around = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    around |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=around, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "(1, 128)"
    assert list(tmp_path.rglob("*")) == []
