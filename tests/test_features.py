from __future__ import annotations

from pathlib import Path

import pytest

from features_table import PAGE, marks, with_column

ROW = "| {} | a feature | a check | {} |\n"


def test_the_page_says_what_the_tests_show() -> None:
    page = PAGE.read_text("utf-8")
    assert page == with_column(page, marks()), "run `make features`"


def test_the_page_lists_all_hundred_features_once() -> None:
    rows = [line.split(" | ")[0] for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    assert [int(row[2:]) for row in rows if row[2:].isdigit()] == list(range(1, 101))


def test_a_mark_enters_the_row_and_its_absence_clears_it() -> None:
    page = ROW.format(1, "-") + ROW.format(2, "`tests/test_gone.py::test_gone`")
    shown = {1: ["tests/test_a.py::test_a", "tests/test_b.py::test_b"]}
    assert with_column(page, shown) == (
        ROW.format(1, "`tests/test_a.py::test_a`<br>`tests/test_b.py::test_b`") + ROW.format(2, "-")
    )


def test_a_mark_of_an_unknown_row_is_refused() -> None:
    with pytest.raises(KeyError, match="claimed: 2 by"):
        with_column(ROW.format(1, "-"), {2: ["tests/test_a.py::test_a"]})


def test_marks_are_read_from_functions_and_methods(tmp_path: Path) -> None:
    write(tmp_path, "@pytest.mark.feature(3, 1)\ndef test_a(): ...\n")
    assert marks(tmp_path) == {1: ["tests/test_x.py::test_a"], 3: ["tests/test_x.py::test_a"]}
    write(tmp_path, "class TestA:\n    @pytest.mark.feature(2)\n    def test_b(self): ...\n")
    assert marks(tmp_path) == {2: ["tests/test_x.py::TestA::test_b"]}


@pytest.mark.parametrize(
    "source",
    ["pytestmark = pytest.mark.feature(1)", "@pytest.mark.feature(N)\ndef test_a(): ..."],
    ids=["on a module", "not a literal"],
)
def test_a_mark_that_cannot_be_read_is_refused(tmp_path: Path, source: str) -> None:
    write(tmp_path, source)
    with pytest.raises(TypeError, match="feature"):
        marks(tmp_path)


def write(root: Path, source: str) -> None:
    (root / "tests").mkdir(exist_ok=True)
    (root / "tests/test_x.py").write_text("import pytest\n" + source)
