from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS: dict[str, list[str]] = PROJECT["project"]["optional-dependencies"]
GROUPS: dict[str, list[Any]] = PROJECT["dependency-groups"]
BASE: list[str] = PROJECT["project"]["dependencies"]
PYTHONS = {"3.11": "3.11.7", "3.12": "3.12.1"}


def group(name: str) -> list[str]:
    """Return a dependency group with the groups that it includes."""
    parts = [group(part["include-group"]) if isinstance(part, dict) else [part] for part in GROUPS[name]]
    return [requirement for part in parts for requirement in part]


def on_gpus(requirement: str) -> bool:
    """Say whether workers with a GPU have it too; onnxruntime-gpu holds the files of onnxruntime."""
    return Requirement(requirement).name != "onnxruntime"


POD = EXTRAS["local"] + EXTRAS["cluster"] + EXTRAS["metrics"]
WANTED = {
    **{name: group(name) for name in ("uv", "build", "postgresql", "jdk", "go", "triton", "kubernetes-node")},
    "local": BASE + EXTRAS["local"] + group("build"),
    "quality": BASE + EXTRAS["quality"],
    "cluster": BASE + EXTRAS["cluster"],
    "dev": BASE + POD + EXTRAS["quality"] + group("dev"),
    "openclip": BASE + EXTRAS["openclip"],
    "worker": BASE + POD,
    "worker-gpu": [*BASE, *filter(on_gpus, POD), *group("gpu")],
    "pipeline": BASE + POD + EXTRAS["quality"],
    "operators": BASE + EXTRAS["operators"] + group("airflow"),
}
TOGETHER = ("local", "quality", "dev", "openclip")
IMAGES = ("build", "worker", "worker-gpu", "pipeline")


def text(lock: str) -> str:
    return (ROOT / f"requirements/{lock}.txt").read_text("utf-8")


def pins(lock: str, python: str) -> dict[str, str]:
    """Return what a lock installs on Linux under a Python: name to version."""
    entries = [line.removesuffix(" \\") for line in text(lock).splitlines() if line and line[0] not in " #"]
    surroundings = {"python_version": python, "python_full_version": PYTHONS[python], "sys_platform": "linux"}
    chosen = [r for r in map(Requirement, entries) if r.marker is None or r.marker.evaluate(surroundings)]
    return {requirement.name: str(requirement.specifier).removeprefix("==") for requirement in chosen}


def apart(one: str, other: str, python: str) -> dict[str, tuple[str, str]]:
    """Return what two locks pin to different versions."""
    left, right = pins(one, python), pins(other, python)
    return {name: (left[name], right[name]) for name in left.keys() & right if left[name] != right[name]}


def test_every_lock_is_known() -> None:
    assert {path.stem for path in (ROOT / "requirements").iterdir()} == set(WANTED)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", WANTED)
def test_a_lock_satisfies_the_project(lock: str, python: str) -> None:
    pinned = pins(lock, python)
    for wanted in map(Requirement, WANTED[lock]):
        name = wanted.name.lower()
        assert name in pinned, f"{name} is not locked: run `make lock`"
        assert wanted.specifier.contains(pinned[name]), (
            f"{name} {pinned[name]} is not {wanted}: run `make lock`"
        )


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("locks", [*combinations(TOGETHER, 2)], ids="-".join)
def test_locks_agree_so_that_one_environment_can_hold_them(locks: tuple[str, str], python: str) -> None:
    assert apart(*locks, python) == {}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_the_versions_that_are_tested(image: str, python: str) -> None:
    assert apart(image, "dev", python) == {}


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("image", ["worker", "worker-gpu", "pipeline"])
def test_an_image_holds_nothing_that_builds_or_tests(image: str, python: str) -> None:
    tools = {*pins("build", python), *pins("uv", python), "hypothesis", "mypy", "pip", "pytest", "ruff"}
    assert tools & {*pins(image, python)} <= {"packaging"}


@pytest.mark.parametrize("python", PYTHONS)
def test_an_image_has_one_onnx_runtime(python: str) -> None:
    assert "onnxruntime-gpu" not in pins("worker", python)
    assert "onnxruntime" not in pins("worker-gpu", python)


@pytest.mark.parametrize("lock", WANTED)
def test_each_pin_is_exact_and_hashed_and_names_no_index(lock: str) -> None:
    entries = [line for line in text(lock).splitlines() if line and line[0] not in " #"]
    assert all("==" in entry and entry.endswith("\\") for entry in entries)
    assert text(lock).count("--hash=sha256:") >= len(entries)
    assert "://" not in text(lock)
    assert "index-url" not in text(lock)


def test_the_build_is_locked() -> None:
    assert set(PROJECT["build-system"]["requires"]) <= set(group("build"))
