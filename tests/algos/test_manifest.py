from __future__ import annotations

from pathlib import Path

import pytest

from watchdown_algos.discovery import built_in
from watchdown_algos.manifest import FILE, Manifest, read_manifest
from watchdown_schemas.errors import ManifestInvalid

BRIGHTNESS = {
    "name": '"brightness"',
    "version": '"1.0.0"',
    "summary": '"how bright"',
    "consumes": '["video"]',
    "produces": '["Label"]',
    "class": '"algo:Brightness"',
}


def read(folder: Path, more: str = "", **changes: str) -> Manifest:
    """Write a manifest with some keys changed, or left out where empty, and read it."""
    keys = BRIGHTNESS | {name.rstrip("_"): value for name, value in changes.items()}
    text = "\n".join(f"{name} = {value}" for name, value in keys.items() if value)
    (folder / FILE).write_text(f"{text}\n{more}\n", "utf-8")
    return read_manifest(folder)


def test_a_manifest_needs_six_keys(tmp_path: Path) -> None:
    manifest = read(tmp_path)
    assert (manifest.name, manifest.version, manifest.entry) == ("brightness", "1.0.0", "algo:Brightness")
    assert not manifest.over_records
    assert manifest.parameters == {}
    assert manifest.model is None


@pytest.mark.parametrize("key", BRIGHTNESS)
def test_a_key_that_is_left_out_is_named(tmp_path: Path, key: str) -> None:
    with pytest.raises(ManifestInvalid, match=f"{key}: Field required"):
        read(tmp_path, **{key: ""})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", '"Brightness"'),
        ("name", '"bright ness"'),
        ("name", '"../brightness"'),
        ("version", '"1.0"'),
        ("version", '"v1.0.0"'),
        ("version", "1.0"),
        ("consumes", "[]"),
        ("consumes", '"video"'),
        ("consumes", '["vidoe"]'),
        ("consumes", '["video", "Shot"]'),
        ("produces", "[]"),
        ("produces", '["label"]'),
        ("produces", '["video"]'),
        ("class", '"algo.Brightness"'),
        ("class", '"os.path:join"'),
        ("encoders", '["smell"]'),
    ],
)
def test_a_value_that_cannot_be_is_refused_under_its_key(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(ManifestInvalid, match=rf"algo\.toml: {key}[.:]") as raised:
        read(tmp_path, **{key: value})
    assert "\n" not in str(raised.value)
    assert raised.value.remedy == "Mend the keys named."


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ("colour = 1", "colour"),
        ("[resources]\ngpus = 1", "resources.gpus"),
        ("[resources]\ncpu = 0", "resources.cpu"),
        ('[model]\nname = "m"\ndimension = 0\ngraphs = {}', "model.dimension"),
        ("[parameters]\nlevels = [1, 2]", "parameters.levels"),
        ('[canary]\npairs = "pairs.jsonl"', "canary"),
        ('[canary]\npairs = "pairs.jsonl"\nmargin = 3', "canary.margin"),
    ],
)
def test_an_unknown_key_is_refused_with_its_place(tmp_path: Path, more: str, place: str) -> None:
    with pytest.raises(ManifestInvalid, match=rf"{place}[.:]"):
        read(tmp_path, more)


def test_a_class_may_have_digits_in_its_name(tmp_path: Path) -> None:
    assert read(tmp_path, class_='"algo2:Clip4"').entry == "algo2:Clip4"


def test_media_and_records_are_never_consumed_together(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="media and records cannot be consumed in one pass"):
        read(tmp_path, consumes='["audio", "Shot"]')
    assert read(tmp_path, consumes='["Shot"]').over_records
    assert not read(tmp_path, consumes='["video", "audio"]').over_records


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match=r"algo\.toml: is not there"):
        read_manifest(tmp_path)
    (tmp_path / FILE).write_text("name = \nversion = 1\n")
    with pytest.raises(ManifestInvalid, match=r"is no TOML.*line 1"):
        read_manifest(tmp_path)
    (tmp_path / FILE).write_bytes(b'name = "\xff"')
    with pytest.raises(ManifestInvalid, match="is no TOML"):
        read_manifest(tmp_path)


def test_the_built_in_manifests_are_sound() -> None:
    assert {known.manifest.name for known in built_in()} >= {
        "dialogue",
        "keyframes",
        "shots",
        "visual-embedding",
    }
