"""A schema type and an algorithm of another package: installed, and used with no other change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from e2e.conftest import Shelf

PACKAGE = Path(__file__).parents[1] / "plugins" / "garments"
SPOKEN = "1\n00:00:00,500 --> 00:00:01,500\nWho left a red coat and two scarves here?\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package's wheel and unpack it where only these tests look."""
    place = tmp_path_factory.mktemp("plugin")
    source = shutil.copytree(PACKAGE, place / "source")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", place], cwd=source, check=True
    )
    (wheel,) = place.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(place / "site")
    return place / "site"


def watchdown(site: Path, *arguments: object) -> str:
    environment = os.environ | {"PYTHONPATH": str(site)}
    command = [sys.executable, "-m", "watchdown", *map(str, arguments)]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_declaration_takes_ten_lines() -> None:
    text = (PACKAGE / "garments" / "types.py").read_text("utf-8")
    declared = text[text.index("class Garment") :].strip().splitlines()
    assert len(declared) <= 10


@pytest.mark.feature(4)
def test_a_type_of_another_package_is_ingested_and_searched(
    installed: Path, shelf: Shelf, tmp_path: Path
) -> None:
    library, spoken = tmp_path / "library", tmp_path / "said.srt"
    spoken.write_text(SPOKEN)
    listed = json.loads(watchdown(installed, "schema", "list", "--json"))
    assert [one["origin"] for one in listed if one["name"] == "Garment"] == ["the package garments 1.0.0"]
    watchdown(installed, "add", shelf.meadow_file, "--subtitles", f"{spoken}:en", "--library", library)
    page = json.loads(
        watchdown(installed, "search", "coats", "--type", "Garment", "--library", library, "--json")
    )
    assert [(hit["type"], hit["start_ns"], hit["text"]) for hit in page["hits"]] == [
        ("Garment", 500_000_000, "Who left a red coat and two scarves here?")
    ]
    script = """
import sys, watchdown
with watchdown.open(sys.argv[1]) as library:
    (coat,) = library.records("AlgorithmOutput", where={"label": "garment"})
    library.write("Garment", [{"start_ns": 0, "end_ns": 9, "piece": "hat", "price": 12.5}], coat.title)
    print(coat.piece, coat.colour, coat.type, library.facet("Garment", "piece"))
"""
    command = [sys.executable, "-c", script, str(library)]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    told = subprocess.run(command, env=environment, text=True, capture_output=True, check=True).stdout
    assert told == "coat red Garment.1 [('coat', 1), ('hat', 1)]\n"
