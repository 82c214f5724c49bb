"""What the program `watchdown` calls, and `python -m watchdown`."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; an interruption may come while it is still being imported."""
    try:
        from watchdown.cli import main as run

        return run()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
