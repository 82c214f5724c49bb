from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from services.dockerfile import Dockerfile, read
from services.images import BAKE, ROOT, target

GRAPH = json.loads(BAKE.read_text("utf-8"))
IMAGES = sorted(name for name, described in GRAPH["target"].items() if "tags" in described)
FILES = sorted((ROOT / "containers").glob("*.Dockerfile"))
PINNED = re.compile(r"[a-z0-9.-]+\.[a-z]+/[a-z0-9./-]+:(?!latest)[\w.-]+(@sha256:[0-9a-f]{64})?")
LABELS = {"title", "description", "licenses", "version", "revision", "base.name"}
MANIFESTS = sorted((ROOT / "algos").rglob("algo.toml"))


def dockerfile(image: str) -> Dockerfile:
    return read(ROOT / target(image)["dockerfile"])


def sources(image: str) -> list[str]:
    """Return what an image's Dockerfile copies from the tree."""
    arguments = target(image)["args"]
    return [
        re.sub(r"\$\{(\w+)\}", lambda used: arguments[used[1]], one) for one in dockerfile(image).copied()
    ]


def test_each_dockerfile_makes_an_image() -> None:
    assert {ROOT / target(image)["dockerfile"] for image in IMAGES} == {*FILES}


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda path: path.parent.name)
def test_the_image_that_an_algorithm_names_is_built(manifest: Path) -> None:
    assert tomllib.loads(manifest.read_text("utf-8")).get("image", "worker") in IMAGES


@pytest.mark.parametrize("image", IMAGES)
def test_a_build_knows_what_it_is_told(image: str) -> None:
    described = target(image)
    told = {
        argument.partition("=")[0]
        for step in dockerfile(image).steps
        if step.name == "ARG"
        for argument in step.words
    }
    assert described["args"].keys() <= told
    assert set(re.findall(r"\$\{(\w+)\}", json.dumps(described))) <= GRAPH["variable"].keys()
    assert described["tags"] == [f"${{REGISTRY}}/{image}:${{VERSION}}"]


def test_each_image_is_in_the_graph() -> None:
    assert sorted(GRAPH["group"]["all"]["targets"]) == IMAGES
    assert {*GRAPH["group"]["default"]["targets"]} <= {*IMAGES}


@pytest.mark.parametrize("image", IMAGES)
def test_a_base_is_an_earlier_stage_or_pinned(image: str) -> None:
    read_file = dockerfile(image)
    known = {*target(image).get("contexts", {})}
    for stage in read_file.stages:
        if stage.base not in known:
            assert PINNED.fullmatch(read_file.arguments[stage.base.strip("${}")])
        known.add(stage.name)


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_copied_exists_and_the_build_may_see_it(image: str) -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    seen = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert "*" in ignored
    for source in sources(image):
        assert (ROOT / source).exists()
        assert source.partition("/")[0] in seen


@pytest.mark.parametrize("image", IMAGES)
def test_what_is_installed_is_locked(image: str) -> None:
    commands = [
        one for step in dockerfile(image).steps if step.name == "RUN" for one in step.told.split("&&")
    ]
    for command in commands:
        if "pip install" in command or "uv build" in command:
            assert "--require-hashes" in command or {"--no-index", "--no-deps"} <= {*command.split()}
        assert not re.search(r"\b(curl|wget|apt-get|apk|git)\b", command)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_nobody_and_holds_no_tool_that_installs(image: str) -> None:
    steps = dockerfile(image).image.steps
    assert [step.told for step in steps if step.name == "USER"] == ["65532:65532"]
    names = [step.name for step in steps]
    assert not {"RUN", "COPY", "ADD"} & {*names[names.index("USER") :]}
    assert not [step for step in steps if step.name == "RUN" and "pip install" in step.told]
    assert all(step.told.startswith("--from=") for step in steps if step.name == "COPY")
    assert [step.told[0] for step in steps if step.name == "CMD"] == ["["], (
        "without a shell, which takes no signals"
    )


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_says_what_it_is(image: str) -> None:
    labels = dockerfile(image).image.pairs("LABEL")
    assert {label.removeprefix("org.opencontainers.image.") for label in labels} == LABELS


def test_the_lint_sees_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.Dockerfile"
    wrong.write_text("FROM docker.io/library/python:latest\nRUN cd /tmp && pip install numpy\n", "utf-8")
    lint = [Path(sys.executable).with_name("hadolint"), "--config", ROOT / "containers/.hadolint.yaml"]
    said = subprocess.run([*lint, wrong], capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert {"DL3007", "DL3013", "DL3003"} <= {*re.findall(r"DL\d+", said.stdout)}


def test_nothing_that_a_build_may_see_is_left_behind_by_tools() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert any(fnmatch("src/watchdown/__pycache__", line) for line in ignored)
