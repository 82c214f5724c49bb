from __future__ import annotations

import ast
import re
import statistics
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = {
    "schemas": "watchdown_schemas",
    "algos": "watchdown_algos",
    "operators": "watchdown_operators",
    "src": "watchdown",
}
EXPLAINED = ["algos", "containers", "dags", "helm", "operators", "schemas", "tests"]
FOLDERS = [*EXPLAINED, "docs", "requirements", "src"]
ALGORITHM_FILES = {"__init__.py", "algo.toml", "algo.py", "requirements.txt", "README.md"}
LONGEST, TYPICAL = 400, 120
MACHINE_PATH = re.compile(r"(?<![\w.~])/(root|work|home/\w+)/")

MODULES = sorted(path for root, package in PACKAGES.items() for path in (ROOT / root / package).rglob("*.py"))
ALGORITHMS = sorted(path.parent for path in (ROOT / "algos").rglob("algo.toml"))


def here(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def ours() -> list[Path]:
    """Return the files that people write; what tools leave behind is not looked at."""
    loose = [path for path in ROOT.iterdir() if path.is_file()]
    inside = [path for folder in [*FOLDERS, ".ci"] for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [path for path in loose + inside if "__pycache__" not in path.parts]


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_top_level_folder_exists(folder: str) -> None:
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize("folder", EXPLAINED)
def test_a_folder_says_what_it_holds(folder: str) -> None:
    assert (ROOT / folder / "README.md").is_file()


@pytest.mark.parametrize(("root", "package"), PACKAGES.items())
def test_each_source_root_holds_one_package_and_no_loose_module(root: str, package: str) -> None:
    packages = {path.parent for path in (ROOT / root).glob("*/*.py")}
    assert packages <= {ROOT / root / package}
    assert not list((ROOT / root).glob("*.py"))
    assert packages or root == "operators", "only the operators may still be empty"


def test_no_importable_folder_is_named_triton() -> None:
    parts = {part for path in ours() if path.suffix == ".py" for part in path.relative_to(ROOT).parts}
    assert "triton" not in parts, "torch takes it for the GPU compiler"


def test_a_module_fits_in_one_sitting() -> None:
    lengths = {here(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
    assert statistics.median(lengths.values()) < TYPICAL


@pytest.mark.parametrize("path", MODULES, ids=here)
def test_a_module_says_what_it_owns(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not source or ast.get_docstring(ast.parse(source))


@pytest.mark.parametrize("folder", ALGORITHMS, ids=here)
def test_all_algorithm_folders_are_alike(folder: Path) -> None:
    assert {path.name for path in folder.iterdir() if path.is_file()} == ALGORITHM_FILES
    assert not (folder / "__init__.py").read_text("utf-8")


def test_each_benchmark_is_in_the_table() -> None:
    folder = ROOT / "tests/benchmarks"
    told = re.findall(r"^\| `(bench_\w+\.py)` ", (folder / "README.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(told) == sorted(path.name for path in folder.glob("bench_*.py"))


def test_no_file_names_a_place_on_one_machine() -> None:
    found = {}
    for path in ours():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        if match := MACHINE_PATH.search(text):
            found[here(path)] = match.group()
    assert found == {}
