"""The code in README and docs runs as it stands, beside a library made by the demo."""

import re
import shlex
from pathlib import Path

import pytest

from watchdown.cli import main

ROOT = Path(__file__).parents[2]
# Those that test_typed_pages.py runs, with what they show.
TYPED = {"backfill-while-people-search.md", "what-a-backfill-costs.md"}
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[tuple[str, str | None, str]]:
    """Return language, file name and text of each block of code."""
    return BLOCK.findall(page.read_text("utf-8"))


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if p.name not in TYPED and any(b[0] == "python" for b in blocks(p))],
    ids=lambda p: p.name,
)
def test_python_on_the_page_runs(
    page: Path,
    demo_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> None:
    if "demo-cluster" in page.read_text("utf-8"):
        request.getfixturevalue("demo_cluster")
    monkeypatch.chdir(demo_folder)
    names: dict[str, object] = {"__name__": "__main__"}
    for language, file, text in blocks(page):
        if file:
            path = demo_folder / file
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        elif language == "python":
            exec(compile(text, str(page), "exec"), names)
        elif language == "console":
            for command in re.findall(r"^\$ watchdown (.+)$", text, re.MULTILINE):
                assert main(shlex.split(command)) == 0, command
    assert capsys.readouterr().out.strip(), "an example shows something"


def test_links_between_pages_lead_somewhere() -> None:
    others = [ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs/adr").glob("*.md")]
    for page in [*PAGES, *others]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
