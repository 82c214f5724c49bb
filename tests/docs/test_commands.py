"""Every command that a page has people type is one, with options that it has."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import pytest

from watchdown.cli import main

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
BLOCK = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ |go on with: |try again: )?(?:\.venv/bin/)?watchdown ([^|\n#&]+)", re.MULTILINE)
COMMANDS = {
    command.strip()
    for page in PAGES
    for block in BLOCK.findall(page.read_text("utf-8"))
    for command in COMMAND.findall(block)
}


@cache
def known(*name: str) -> str:
    """Return what the help of a command says."""
    from contextlib import redirect_stdout
    from io import StringIO

    said = StringIO()
    with redirect_stdout(said):
        assert main([*name, "--help"]) == 0, f"watchdown {' '.join(name)}"
    return said.getvalue()


def test_pages_have_commands() -> None:
    assert len(COMMANDS) > 90


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_a_command_on_a_page_is_one(command: str) -> None:
    words = shlex.split(command.replace("…", "x"))
    name = words[:1]
    if "COMMAND [ARGS]" in known(*name) and words[1:] and not words[1].startswith("-"):
        name = words[:2]
    for option in (word.partition("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", known(*name)), option
