from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from watchdown.search.query import Description, Dialogue, Picture, Query, SimilarTo

texts = st.text(max_size=20)
leaves = st.one_of(
    st.builds(Dialogue, text=texts, languages=st.lists(st.sampled_from(["en", "es"]), max_size=2).map(tuple)),
    st.builds(Description, text=texts),
    st.builds(Picture, image=st.binary(max_size=40)),
    st.builds(SimilarTo, shot=texts),
)
queries = st.builds(Query, leaf=leaves, titles=st.none() | st.lists(texts, max_size=3).map(tuple))


@given(queries)
def test_a_query_is_the_same_in_json(query: Query) -> None:
    again = Query.model_validate_json(query.model_dump_json())
    assert again == query
    assert again.digest() == query.digest()


@given(queries, queries)
def test_different_queries_have_different_digests(some: Query, other: Query) -> None:
    assert (some.digest() == other.digest()) == (some == other)


def test_a_query_says_what_is_sought() -> None:
    assert Query(leaf=Dialogue(text="to be")).describe() == "to be"
    assert Query(leaf=Description(text="red car")).describe() == "red car"
    assert Query(leaf=SimilarTo(shot="abc")).describe() == "shot abc"
    assert Query(leaf=Picture(image=b"\xff\xd8")).describe() == "the image"
    assert "ffd8" not in repr(Picture(image=b"\xff\xd8" * 1000)).lower()


@pytest.mark.parametrize(
    "tree",
    [
        {"leaf": {"kind": "smell", "text": "x"}},
        {"leaf": {"text": "x"}},
        {"leaf": {"kind": "dialogue"}},
        {"leaf": {"kind": "dialogue", "text": "x", "colour": "red"}},
        {"leaf": {"kind": "dialogue", "text": "x"}, "limit": 3},
        {},
    ],
)
def test_what_is_no_query_is_refused(tree: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Query.model_validate(tree)


def test_a_query_cannot_be_changed() -> None:
    query = Query(leaf=Dialogue(text="to be"))
    with pytest.raises(ValidationError, match="frozen"):
        query.titles = ()  # type: ignore[misc] # the fault at hand
