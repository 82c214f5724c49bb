"""What `import watchdown` costs, against starting the interpreter alone."""

import statistics
import subprocess
import sys
import time

from machine import machine


def wall(code: str) -> float:
    """Run the code in a fresh interpreter; return milliseconds."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Print the difference."""
    print(machine())
    pairs = [(wall("pass"), wall("import watchdown")) for _ in range(11)]
    extra = statistics.median(after - before for before, after in pairs)
    print(f"import watchdown: {extra:.0f} ms over a bare interpreter (median of 11 pairs), aim 150")


if __name__ == "__main__":
    main()
