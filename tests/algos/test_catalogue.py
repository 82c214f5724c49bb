from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import Context
from watchdown_algos.discovery import discover, in_folder
from watchdown_algos.manifest import Manifest
from watchdown_schemas.errors import AlgorithmNotFound, ManifestInvalid

TYPES = ["Shot", "Keyframe", "Embedding", "DialogueLine", "Label"]


def known(name: str, consumes: Sequence[str], produces: Sequence[str], entry: str = "algo:Drawn") -> Known:
    manifest = Manifest.model_validate(
        {
            "name": name,
            "version": "1.0.0",
            "summary": "drawn for a test",
            "consumes": consumes,
            "produces": produces,
            "class": entry,
        }
    )
    return Known(manifest, f"nowhere.{name}", Path(name))


def test_reading_the_catalogue_imports_no_algorithm_and_nothing_heavy() -> None:
    program = (
        "import sys; from watchdown_algos.discovery import discover; names = list(discover()); assert names\n"
        "print(*sorted(sys.modules))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    modules = set(loaded.stdout.split())
    assert not modules & {"numpy", "av", "onnxruntime", "scenedetect", "PIL", "pyarrow", "lance"}
    assert not {name for name in modules if name.startswith("watchdown_algos.") and name.endswith(".algo")}


def test_the_built_in_algorithms_are_known_and_can_be_made() -> None:
    catalogue = discover()
    assert {"dialogue", "keyframes", "shots", "visual-embedding"} <= set(catalogue)
    assert list(catalogue).index("shots") < list(catalogue).index("keyframes")
    for one in catalogue.values():
        made = one.make(Context(parameters=one.manifest.parameters))
        assert type(made) is one.algorithm_class()


def test_an_unknown_algorithm_is_answered_with_those_that_are_known() -> None:
    catalogue = AlgorithmCatalogue([known("shots", ["video"], ["Shot"])])
    with pytest.raises(AlgorithmNotFound, match=r"shoots: is no known algorithm\. Known: shots\."):
        catalogue["shoots"]
    assert "shoots" not in catalogue
    assert "shots" in catalogue
    assert len(catalogue) == 1


def test_a_name_stands_for_one_algorithm() -> None:
    with pytest.raises(ManifestInvalid, match=r"shots: stands in shots and shots\. Rename one\."):
        AlgorithmCatalogue([known("shots", ["video"], ["Shot"]), known("shots", ["text"], ["Label"])])


def test_algorithms_that_consume_each_other_are_refused_by_name() -> None:
    circle = [
        known("a", ["Shot"], ["Label"]),
        known("b", ["Label"], ["Keyframe"]),
        known("c", ["Keyframe"], ["Shot"]),
    ]
    with pytest.raises(ManifestInvalid, match="consume each other's records") as raised:
        AlgorithmCatalogue(circle)
    assert set(raised.value.subject.split(" -> ")) == {"a", "b", "c"}


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=8),
    st.randoms(use_true_random=False),
)
def test_records_are_produced_before_they_are_consumed(edges: list[tuple[int, int]], random: Random) -> None:
    items = [
        known(f"a{n}", [TYPES[low]] if low < high else ["video"], [TYPES[max(low, high)]])
        for n, (low, high) in enumerate(edges)
    ]
    random.shuffle(items)
    catalogue = AlgorithmCatalogue(items)
    place = {name: at for at, name in enumerate(catalogue)}
    for consumer in catalogue.values():
        for schema in consumer.manifest.consumes:
            for producer in catalogue.producers(schema):
                assert place[producer.manifest.name] < place[consumer.manifest.name]


def test_the_order_does_not_depend_on_where_algorithms_were_found() -> None:
    items = [known(name, ["video"], ["Label"]) for name in "cab"]
    assert list(AlgorithmCatalogue(items)) == list(AlgorithmCatalogue(reversed(items)))


def test_a_class_that_is_no_algorithm_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "algo.toml").write_text(
        'name = "odd"\nversion = "1.0.0"\nsummary = "no algorithm"\n'
        'consumes = ["video"]\nproduces = ["Label"]\nclass = "algo:Drawn"\n'
    )
    (folder / "algo.py").write_text("class Drawn: ...\n")
    with pytest.raises(ManifestInvalid, match="odd: class algo:Drawn is no Algorithm"):
        in_folder(folder).algorithm_class()
