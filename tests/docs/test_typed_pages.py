"""Every command of some pages runs as it stands, in its order, and shows what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from console_page import Block, Terminal, blocks, run, shows

DOCS = Path(__file__).parents[2] / "docs"


class Reader:
    """Somebody who types all that the page has, in two terminals."""

    def __init__(self) -> None:
        self._other: Terminal | None = None

    def read(self, block: Block) -> None:
        if "file" in block.said:
            Path(block.said["file"]).write_text(block.text, "utf-8")
        elif block.language == "python":
            exec(compile(block.text, "the page", "exec"), {})
        elif "terminal" in block.said:
            self._in_the_other(block)
        elif block.language == "console":
            for command, expected in block.commands():
                code, shown = run(command)
                assert code == int(block.said.get("exit", 0)), f"{command}\n{shown}"
                assert shows(shown, expected), f"{command}\nexpected:\n{expected}\nshown:\n{shown}"

    def _in_the_other(self, block: Block) -> None:
        for command, expected in block.commands():
            assert self._other is None, "one command at a time"
            self._other = Terminal(command)
            self._other.until(expected)
        assert self._other is not None
        if not block.text.startswith("$"):
            self._other.until(block.text)
        if "exit" in block.said:
            assert self._other.close() == int(block.said["exit"])
            self._other = None

    def leave(self) -> bool:
        """End what goes on still; return whether something did."""
        left = self._other is not None
        if self._other:
            self._other.kill()
        return left


@pytest.mark.parametrize("page", ["backfill-while-people-search.md", "what-a-backfill-costs.md"])
def test_a_page_runs_from_its_first_line_to_its_last(
    page: str, demo_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo-library").symlink_to(demo_folder / "demo-library")
    monkeypatch.chdir(tmp_path)
    reader = Reader()
    try:
        for block in blocks((DOCS / page).read_text("utf-8")):
            reader.read(block)
    finally:
        left = reader.leave()
    assert not left, "the page ends while a command goes on"
