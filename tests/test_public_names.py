"""`__all__` tells the truth (ruff keeps it sorted), and a first import costs little."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = {"alembic", "av", "lance", "lancedb", "numpy", "onnxruntime", "pyarrow", "sqlalchemy", "torch"}
DATABASES = {"alembic", "lance", "lancedb", "psycopg", "sqlalchemy"}
LIGHT = [
    "watchdown",
    "watchdown.cli.main",
    "watchdown.client",
    "watchdown_schemas",
    "watchdown_schemas.errors",
    "watchdown_algos",
    "watchdown_algos.wants",
    "watchdown.cli",
]


def package_name(path: Path) -> str:
    return ".".join(path.parent.relative_to(ROOT).parts[1:])


PACKAGES = [
    path
    for root in ("schemas/watchdown_schemas", "algos/watchdown_algos", "src/watchdown")
    for path in sorted((ROOT / root).rglob("__init__.py"))
]


def offered(package: str, body: list[ast.stmt]) -> set[str]:
    """Return the public names that a package file defines or draws from its own modules."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            names |= offered(package, node.body)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("path", PACKAGES, ids=package_name)
def test_a_package_lists_all_its_public_names_and_no_other(path: Path) -> None:
    name = package_name(path)
    package = importlib.import_module(name)
    listed = getattr(package, "__all__", [])
    assert len(listed) == len(set(listed))
    assert offered(name, ast.parse(path.read_text("utf-8")).body) <= set(listed)
    assert [public for public in listed if not hasattr(package, public)] == []


def loaded_with(module: str) -> set[str]:
    """Return the modules that are loaded in a new process after a first import."""
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", LIGHT)
def test_starting_is_light(module: str) -> None:
    assert HEAVY & loaded_with(module) == set()


def test_a_worker_loads_no_database() -> None:
    assert DATABASES & loaded_with("watchdown.client.working") == set()


def test_alembic_is_loaded_only_where_a_database_is_behind() -> None:
    assert "alembic" not in loaded_with("watchdown.catalogue.database")
