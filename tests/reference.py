"""The pages of docs/reference, made from the code: `python tests/reference.py --write`."""

import html
import subprocess
import sys
from pathlib import Path

HOME = Path(__file__).parents[1] / "docs" / "reference"


def command_line() -> str:
    """Return the page of the command line, as Typer writes it."""
    command = [sys.executable, "-m", "typer", "watchdown.cli.main", "utils", "docs", "--name", "watchdown"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return html.unescape(made).strip() + "\n"


PAGES = {"cli.md": command_line}


def main() -> None:
    """Write every page."""
    HOME.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (HOME / name).write_text(make(), "utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    main()
