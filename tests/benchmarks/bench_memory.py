"""Peak memory of adding 1080p titles of two lengths, each in a process of its own."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from footage import grained, looped
from machine import machine

CHILD = """
import resource, sys, watchdown
with watchdown.open(sys.argv[1], create=True) as library:
    (added,) = library.add(sys.argv[2])
assert added.outcome == "added", added
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def main() -> None:
    """Print the peaks."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, nargs="+", default=[2, 8])
    parser.add_argument("--grain", type=float, default=0.0, help="more grain, slower decode")
    wishes = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        loop = grained(Path(folder) / "loop.mp4", 12, grain=wishes.grain)
        for minutes in wishes.minutes:
            film = looped(loop, Path(folder) / f"{minutes}.mp4", minutes)
            command = [sys.executable, "-c", CHILD, f"{folder}/library-{minutes}", str(film)]
            peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            size = film.stat().st_size / 1e6
            print(f"{minutes:g} minutes of 1080p, {size:.0f} MB: peak {peak} MiB, aim 1024", flush=True)
            film.unlink()


if __name__ == "__main__":
    main()
