from __future__ import annotations

import pytest

from runs.algorithms import known
from watchdown.runs.parameters import read_parameters
from watchdown_schemas.errors import QueryError

MANIFEST = known("Lines").manifest.model_copy(
    update={"parameters": {"level": 1, "share": 0.5, "smooth": True, "word": "a"}}
)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], {}),
        (["level=3"], {"level": 3}),
        (["share=2"], {"share": 2.0}),
        (["share=1e-3", "word=b = c"], {"share": 0.001, "word": "b = c"}),
        (["smooth=FALSE"], {"smooth": False}),
        ([" level = -2 "], {"level": -2}),
        (["word="], {"word": ""}),
    ],
    ids=str,
)
def test_a_parameter_has_the_type_of_the_manifest_s(given: list[str], found: dict[str, object]) -> None:
    read = read_parameters(MANIFEST, given)
    assert read == found
    assert [type(value) for value in read.values()] == [type(value) for value in found.values()]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["level"], r"level: is no parameter with a value\. Write it as --param name=value"),
        (["=3"], r"=3: is no parameter with a value"),
        (["depth=3"], r"depth: is no parameter of lines\. Known: level, share, smooth, word"),
        (["level=1", "level=2"], r"level: is given twice"),
        (["level=1.5"], r"level=1\.5: is not a whole number\. Write a whole number, such as 1"),
        (["level=x"], r"is not a whole number"),
        (["share=nan"], r"share=nan: is not a number"),
        (["share=inf"], r"is not a number"),
        (["share="], r"is not a number"),
        (["smooth=1"], r"smooth=1: is not true or false\. Write true or false, such as true"),
    ],
    ids=str,
)
def test_a_parameter_that_is_none_is_refused(given: list[str], told: str) -> None:
    with pytest.raises(QueryError, match=told):
        read_parameters(MANIFEST, given)


def test_an_algorithm_without_parameters_says_so() -> None:
    with pytest.raises(QueryError, match="Known: none"):
        read_parameters(known("Lines").manifest, ["level=1"])
