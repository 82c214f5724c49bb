from __future__ import annotations

import math
import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from watchdown_schemas.errors import SchemaInvalid
from watchdown_schemas.quality import Quality, QualityOverride

INF, NAN = math.inf, math.nan
SHOT = Quality(coverage=(0.99, 1), rows_per_minute=(0.5, 120), empty_share_max=0)


def said(toml: str) -> QualityOverride:
    return QualityOverride.model_validate(tomllib.loads(toml))


def test_nothing_is_judged_unless_it_is_said() -> None:
    quality = Quality()
    assert (quality.coverage, quality.rows_per_minute, quality.confidence) == (None, None, None)
    assert (quality.empty_share_max, quality.vector_variance_min, quality.drift_max) == (None, None, None)


def test_an_infinite_side_is_an_open_one() -> None:
    assert Quality(rows_per_minute=(0.5, INF)).rows_per_minute == (0.5, None)
    assert Quality(coverage=(-INF, 0.5)).coverage == (None, 0.5)


@pytest.mark.parametrize(
    ("quality", "named"),
    [
        ({"coverage": (0.9, 1.1)}, "quality.coverage: is 1.1. Give a number between 0 and 1"),
        ({"coverage": (NAN, 1)}, "quality.coverage: is nan"),
        ({"coverage": (0.9, 0.1)}, "quality.coverage: has its least, 0.9, above its most, 0.1"),
        (
            {"rows_per_minute": (-1, None)},
            "quality.rows_per_minute: is -1. Give a number that is not below 0",
        ),
        ({"rows_per_minute": (None, None)}, "quality.rows_per_minute: bounds nothing"),
        ({"rows_per_minute": (-INF, INF)}, "quality.rows_per_minute: bounds nothing"),
        ({"confidence": (0, 2)}, "quality.confidence: is 2"),
        ({"empty_share_max": 1.5}, "quality.empty_share_max: is 1.5"),
        ({"vector_variance_min": -0.1}, "quality.vector_variance_min: is -0.1"),
        ({"drift_max": INF}, "quality.drift_max: is inf"),
        ({"drift_max": NAN}, "quality.drift_max: is nan"),
    ],
)
def test_a_bound_that_makes_no_sense_is_refused_by_name(quality: dict[str, Any], named: str) -> None:
    with pytest.raises(SchemaInvalid) as refused:
        Quality(**quality)
    assert named in str(refused.value)
    with pytest.raises(ValidationError, match=next(iter(quality))):
        QualityOverride.model_validate(quality)


def test_an_algorithm_overrides_what_it_says_and_nothing_else() -> None:
    assert said("coverage = [0.5, 1]").over(SHOT) == Quality(
        coverage=(0.5, 1), rows_per_minute=(0.5, 120), empty_share_max=0
    )
    assert said("").over(SHOT) == SHOT
    assert said('severity = "warning"').over(SHOT).severity == "warning"
    assert said("").over(Quality(severity="info")).severity == "info"


def test_an_algorithm_opens_a_side_with_inf_and_turns_a_bound_off_with_false() -> None:
    quality = said("rows_per_minute = [2, inf]\ncoverage = false\nempty_share_max = false").over(SHOT)
    assert quality == Quality(rows_per_minute=(2, None))


def test_zero_is_a_bound_and_not_the_absence_of_one() -> None:
    assert said("drift_max = 0\nempty_share_max = 0.0").over(Quality()) == Quality(
        drift_max=0, empty_share_max=0
    )


@pytest.mark.parametrize(
    "toml",
    [
        "coverag = [0, 1]",
        "coverage = true",
        "coverage = 0.9",
        "coverage = [0.9]",
        "coverage = [false, 1]",
        'coverage = ["0.9", 1]',
        "empty_share_max = true",
        'drift_max = "much"',
        'severity = "fatal"',
    ],
)
def test_an_override_of_another_form_is_refused_with_its_key(toml: str) -> None:
    with pytest.raises(ValidationError) as refused:
        said(toml)
    assert refused.value.errors()[0]["loc"][0] == toml.partition(" ")[0]
