"""The part of docs/states.md that is made from the table of steps: `python tests/states_page.py --write`."""

import sys
from pathlib import Path

from watchdown.runs.states import ENDED, FIRST, OPEN, TABLE

PAGE = Path(__file__).parents[1] / "docs" / "states.md"
BEGIN, END = "<!-- made from the code: make reference -->", "<!-- to here -->"


def drawn() -> list[str]:
    """Return the states and the steps between them as a Mermaid diagram; open ones are drawn together."""
    inner = [step for step in TABLE if step.before in OPEN and step.after in OPEN]
    outer = [step for step in TABLE if step not in inner]
    everywhere = [end for end in ENDED if {step.before for step in outer if step.after is end} == {*OPEN}]
    lines = ["```mermaid", "stateDiagram-v2", "    state open {", f"        [*] --> {FIRST}"]
    lines += [f"        {step.before} --> {step.after}" for step in inner]
    lines += ["    }", *(f"    open --> {end}" for end in everywhere)]
    lines += [f"    {step.before} --> {step.after}" for step in outer if step.after not in everywhere]
    return [*lines, "```"]


def table() -> list[str]:
    """Return the steps as a table."""
    rows = [(step, ", ".join(sorted(step.by))) for step in TABLE]
    told = [f"| `{step.before}` | `{step.after}` | {step.why} | {who} |" for step, who in rows]
    return ["| from | to | when | who |", "| --- | --- | --- | --- |", *told]


def current(page: str) -> str:
    """Return the page with its made part as it should be."""
    before, after = page.split(BEGIN, maxsplit=1)[0], page.split(END)[1]
    return "\n".join([before + BEGIN, "", *drawn(), "", *table(), "", END + after])


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(current(PAGE.read_text("utf-8")), "utf-8")
