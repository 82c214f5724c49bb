from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from dataclasses import fields
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.validation.profile import Profile
from watchdown_schemas.derived.expectations import Suite, expectation_suite
from watchdown_schemas.quality import Bounds, Quality
from watchdown_schemas.record import Record
from watchdown_schemas.types import STANDARD_TYPES, Embedding, Shot

EVERY = Quality(
    rows_per_minute=(0.5, 100),
    coverage=(0.9, 1),
    confidence=(0.2, None),
    empty_share_max=0.1,
    vector_variance_min=0.01,
    drift_max=0.5,
    severity="warning",
)
share = st.floats(0, 1)


def pairs(numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Bounds]:
    ordered = st.tuples(numbers, numbers).map(lambda pair: (min(pair), max(pair)))
    return ordered | st.tuples(numbers, st.none()) | st.tuples(st.none(), numbers)


qualities = st.builds(
    Quality,
    rows_per_minute=st.none() | pairs(st.floats(0, 1e9)),
    coverage=st.none() | pairs(share),
    confidence=st.none() | pairs(share),
    empty_share_max=st.none() | share,
    vector_variance_min=st.none() | share,
    drift_max=st.none() | st.floats(0, 1e9),
    severity=st.sampled_from(["critical", "warning", "info"]),
)


@pytest.fixture(scope="module")
def gx() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import great_expectations
    logging.captureWarnings(capture=False)  # which the import turns on
    return great_expectations


def columns(suite: Suite) -> list[str]:
    return [expectation["kwargs"]["column"] for expectation in suite["expectations"]]


@given(qualities)
def test_great_expectations_loads_a_suite_and_writes_the_same_json(gx: ModuleType, quality: Quality) -> None:
    text = json.dumps(expectation_suite(Shot, quality))
    loaded = gx.ExpectationSuite(**json.loads(text))
    assert json.dumps(loaded.to_json_dict()) == text
    assert "Infinity" not in text


@pytest.mark.parametrize("schema", STANDARD_TYPES.values(), ids=lambda schema: schema.__name__)
def test_the_suite_of_a_standard_type_is_one(gx: ModuleType, schema: type[Record]) -> None:
    suite = expectation_suite(schema, schema.quality)
    assert suite["name"] == schema.schema_label()
    assert gx.ExpectationSuite(**suite).to_json_dict() == suite


def test_each_bound_becomes_an_expectation_over_a_column_of_the_profile() -> None:
    suite = expectation_suite(Embedding, EVERY)
    judged = {e["kwargs"].pop("column"): (e["kwargs"], e["severity"]) for e in suite["expectations"]}
    assert judged == {
        "rows": ({"mostly": 0.9, "min_value": 1.0}, "warning"),
        "rows_per_minute": ({"min_value": 0.5, "max_value": 100.0}, "warning"),
        "coverage": ({"min_value": 0.9, "max_value": 1.0}, "warning"),
        "confidence": ({"min_value": 0.2}, "warning"),
        "vector_variance": ({"min_value": 0.01}, "warning"),
        "drift": ({"min_value": -0.5, "max_value": 0.5}, "warning"),
    }
    assert judged.keys() <= {field.name for field in fields(Profile)}


def test_what_is_not_bounded_is_not_judged() -> None:
    assert expectation_suite(Shot, Quality())["expectations"] == []
    assert columns(expectation_suite(Shot, Quality(drift_max=0))) == ["drift"]
    assert columns(expectation_suite(Shot, Quality(empty_share_max=0))) == ["rows"]


@given(st.integers(1, 10_000), st.data())
def test_exactly_the_share_that_may_be_empty_passes_and_one_more_does_not(
    titles: int, data: st.DataObject
) -> None:
    empty = data.draw(st.integers(0, titles))
    suite = expectation_suite(Shot, Quality(empty_share_max=empty / titles))
    mostly = suite["expectations"][0]["kwargs"].get("mostly", 1)
    assert (titles - empty) / titles >= mostly
    assert empty == titles or (titles - empty - 1) / titles < mostly


def test_a_suite_is_made_without_great_expectations() -> None:
    program = (
        "import sys; from watchdown_schemas.derived.expectations import expectation_suite as suite;"
        "from watchdown_schemas.types import Shot; suite(Shot, Shot.quality); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert {"great_expectations", "pandas", "pyarrow"} & set(run.stdout.split()) == set()
