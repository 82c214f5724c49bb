"""What a figure must be read beside: the machine and the date."""

import datetime as dt
import os
import platform
from pathlib import Path


def machine() -> str:
    """Return processor, cores, load, Python and date on one line."""
    lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), "?")
    load = os.getloadavg()[0]
    today = dt.datetime.now(dt.UTC).date()
    return f"{model}, {os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}, {today}"
