from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from importlib.metadata import distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from services.dockerfile import read
from services.environments import digest, wheel_of
from services.images import HOME, ROOT, Layout, _forget, lay_out, register, target
from services.tools import Missing

LONG_AGO = 8 * 24 * 3600


@pytest.fixture(scope="module", params=["worker", "pipeline"])
def layout(request: pytest.FixtureRequest) -> Layout:
    try:
        return lay_out(request.param)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))


def run(layout: Layout, command: Sequence[str | Path], folder: Path) -> str:
    """Run a program as a pod does: in the image's environment and no other."""
    env = {name: value.replace("{root}", str(layout.root)) for name, value in layout.env.items()}
    done = subprocess.run(
        [shutil.which(command[0], path=env["PATH"]) or command[0], *command[1:]],
        env=env, cwd=folder, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def site(layout: Layout) -> Path:
    [found] = (layout.root / HOME).glob("lib/python3.*/site-packages")
    return found


def files(layout: Layout) -> dict[Path, int]:
    return {path: path.lstat().st_mtime_ns for path in layout.root.rglob("*")}


def test_the_program_runs_from_its_files_alone(layout: Layout, tmp_path: Path) -> None:
    assert run(layout, ["watchdown", "--version"], tmp_path) == "watchdown 0.1.0\n"
    where = run(layout, ["python", "-c", "import watchdown; print(watchdown.__file__)"], tmp_path)
    assert Path(where.strip()) == site(layout) / "watchdown" / "__init__.py"


def test_running_writes_nothing_among_its_files(layout: Layout, tmp_path: Path) -> None:
    before = files(layout)
    exported = json.loads(run(layout, ["watchdown", "models", "export", tmp_path, "--json"], tmp_path))
    assert exported
    run(layout, ["watchdown", "search", "--help"], tmp_path)
    assert files(layout) == before


def test_what_is_installed_is_the_lock_and_we(layout: Layout) -> None:
    lock = (ROOT / f"requirements/{layout.image}.txt").read_text("utf-8")
    pinned = [
        Requirement(line.removesuffix(" \\")) for line in lock.splitlines() if line and line[0] not in " #"
    ]
    wanted = {(one.name, str(one.specifier)) for one in pinned if not one.marker or one.marker.evaluate()}
    installed = distributions(path=[str(site(layout))])
    found = {(one.name.lower().replace("_", "-").replace(".", "-"), f"=={one.version}") for one in installed}
    assert found == wanted | {("watchdown", "==0.1.0")}


def test_each_module_is_compiled_since_a_pod_cannot_keep_what_it_compiles(layout: Layout) -> None:
    compiled = {
        path.name.partition(".")[0] for path in (site(layout) / "watchdown").glob("__pycache__/*.pyc")
    }
    assert compiled == {path.stem for path in (site(layout) / "watchdown").glob("*.py")}
    assert list((site(layout) / "pyarrow").glob("__pycache__/*.pyc"))


def test_what_is_locked_is_on_the_disk_once(layout: Layout) -> None:
    assert (site(layout) / "pyarrow" / "__init__.py").stat().st_nlink > 1


def test_the_same_tree_is_laid_out_once(layout: Layout) -> None:
    before = files(layout)
    assert lay_out(layout.image) == layout
    assert files(layout) == before


def test_a_reference_names_the_image_by_all_that_it_is_made_from(layout: Layout, tmp_path: Path) -> None:
    name, _, known = layout.reference.partition("@sha256:")
    assert name == f"watchdown/{layout.image}"
    assert len(known) == 64
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "same").write_bytes(b"1")
    (tmp_path / "other").write_bytes(b"2")
    assert digest("worker", tmp_path / "one") == digest("worker", tmp_path / "same")
    assert (
        len(
            {
                digest("worker", tmp_path / "one"),
                digest("worker", tmp_path / "other"),
                digest("x", tmp_path / "one"),
            }
        )
        == 3
    )


def test_the_environment_is_the_dockerfiles(layout: Layout) -> None:
    said = read(ROOT / target(layout.image)["dockerfile"]).image.pairs("ENV")
    assert layout.env == said | {"PATH": "{root}" + said["PATH"]}
    assert layout.env["WATCHDOWN_LIBRARY"] == "env:"


def test_a_process_node_keeps_what_it_was_told_before(layout: Layout, tmp_path: Path) -> None:
    images = tmp_path / "images.json"
    register(images, layout)
    register(images, Layout("other", "0" * 64, tmp_path, {}))
    told = json.loads(images.read_text("utf-8"))
    assert told[layout.reference] == {"root": str(layout.root), "env": layout.env}
    assert told[f"watchdown/other@sha256:{'0' * 64}"]["root"] == str(tmp_path)


def test_the_wheel_of_what_a_build_is_given_is_the_wheel_of_the_tree(tmp_path: Path) -> None:
    for source in read(ROOT / "containers/watchdown.Dockerfile").copied():
        if "requirements" not in source:
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, tmp_path / source)
    wheels = [wheel_of(tree, tmp_path / f"wheel-{number}") for number, tree in enumerate([ROOT, tmp_path])]
    assert wheels[0].read_bytes() == wheels[1].read_bytes()


def test_triton_is_left_to_an_engine() -> None:
    with pytest.raises(ValueError, match="triton is not made from a lock of ours"):
        lay_out("triton")


def test_a_layout_is_forgotten_once_nobody_has_asked_for_it_in_a_week(tmp_path: Path) -> None:
    newest, old, recent, other = (
        tmp_path / name for name in ("worker-py311-c", "worker-py311-a", "worker-py311-b", "pipeline-py311-a")
    )
    for folder in (newest, old, recent, other):
        folder.mkdir()
    for folder in (old, other):
        os.utime(folder, (time.time() - LONG_AGO,) * 2)
    _forget(newest)
    assert [folder.name for folder in (newest, old, recent, other) if folder.exists()] == [
        "worker-py311-c",
        "worker-py311-b",
        "pipeline-py311-a",
    ]
