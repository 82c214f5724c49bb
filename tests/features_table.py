"""The column "shown by" of docs/features.md, read from the `@pytest.mark.feature` marks of the tests.

python tests/features_table.py          exit 1 when the page is not current
python tests/features_table.py --write  make it current
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs/features.md"
NONE = "-"

Marks: TypeAlias = "Mapping[int, Sequence[str]]"


def marks(root: Path = ROOT) -> Marks:
    """Return the tests that show each row, as `tests/path.py::test_name`, in order."""
    shown: dict[int, list[str]] = defaultdict(list)
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        decorators = list(_decorators(tree))
        for name, mark in decorators:
            for number in mark.args:
                if not (isinstance(number, ast.Constant) and isinstance(number.value, int)):
                    raise TypeError(f"{path}:{mark.lineno}: feature() takes row numbers, written out")
                shown[number.value].append(f"{path.relative_to(root).as_posix()}::{name}")
        if len(decorators) < sum(map(_is_mark, ast.walk(tree))):
            raise TypeError(f"{path}: put @pytest.mark.feature straight on a test function")
    return shown


def with_column(page: str, shown: Marks) -> str:
    """Return the page with its last column filled; KeyError when a mark names a row that is not there."""
    unplaced = set(shown)
    lines = page.splitlines()
    for at, line in enumerate(lines):
        cells = line.split(" | ")
        number = cells[0].removeprefix("| ")
        if number.isdigit():
            unplaced.discard(int(number))
            cells[-1] = "<br>".join(f"`{test}`" for test in shown.get(int(number), ())) or NONE
            lines[at] = " | ".join(cells) + " |"
    if unplaced:
        claims = "; ".join(f"{row} by {', '.join(shown[row])}" for row in sorted(unplaced))
        raise KeyError(f"rows that the page does not have are claimed: {claims}")
    return "\n".join(lines) + "\n"


def _is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.feature"


def _decorators(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    scopes: list[tuple[str, Sequence[ast.stmt]]] = [("", tree.body)]
    scopes += [(f"{node.name}::", node.body) for node in tree.body if isinstance(node, ast.ClassDef)]
    for prefix, body in scopes:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                held = [mark for mark in node.decorator_list if isinstance(mark, ast.Call) and _is_mark(mark)]
                yield from ((prefix + node.name, mark) for mark in held)


def main(arguments: Sequence[str]) -> int:
    """Check the page, or write it."""
    page = PAGE.read_text("utf-8")
    current = with_column(page, marks())
    if "--write" in arguments:
        PAGE.write_text(current, "utf-8")
    elif page != current:
        sys.stderr.write("docs/features.md does not say what the tests show: run `make features`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
