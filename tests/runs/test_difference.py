"""What changed from one run to another: every record is the same, moved, changed, gone or new."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.runs.difference import Difference, What, difference
from watchdown_schemas.columns import Stamp
from watchdown_schemas.record import Record
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import DialogueLine, Embedding, Label, Shot

S = 1_000_000_000
STAMP = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")
Row = dict[str, Any]


def staged(
    rows: Sequence[Row], schema: type[Record], run: int, size: int | None = None
) -> list[pa.RecordBatch]:
    """Return rows as a run has them, in two batches."""
    stamp = replace(STAMP, run=run)
    parts = [part for part in (rows[: len(rows) // 2], rows[len(rows) // 2 :]) if part]
    return [from_rows(schema, part, stamp, size).batch for part in parts]


def told(
    before: Sequence[Row], after: Sequence[Row], schema: type[Record], *, examples: int = 10, **more: Any
) -> Difference:
    """Compare rows as two runs."""
    size = len(before[0]["vector"]) if before and "vector" in before[0] else None
    return difference(
        partial(staged, before, schema, 1, size),
        partial(staged, after, schema, 2, size),
        schema,
        examples=examples,
        **more,
    )


def counts(found: Difference) -> tuple[int, ...]:
    """Return how many are the same, appeared, vanished, moved and changed."""
    return (found.same, *(found.counts[what] for what in What))


def line(n: int, start: float, text: str, **more: Any) -> Row:
    return {"line": n, "start_ns": int(start * S), "end_ns": int((start + 1) * S), "text": text, **more}


def shot(number: int, start: int, end: int) -> Row:
    return {"start_ns": start * S, "end_ns": end * S, "number": number}


def label(name: str, start: float, end: float, **more: Any) -> Row:
    return {"label": name, "start_ns": int(start * S), "end_ns": int(end * S), **more}


def test_runs_that_are_alike_differ_in_nothing() -> None:
    rows = [line(n, n, f"line {n}") for n in range(5)]
    found = told(rows, rows, DialogueLine)
    assert counts(found) == (5, 0, 0, 0, 0)
    assert not any(found.examples.values())


def test_each_kind_of_difference_is_counted_and_shown() -> None:
    before = [line(0, 0, "stays"), line(1, 1, "moves"), line(2, 2, "is wrong"), line(3, 3, "goes")]
    after = [line(0, 0, "stays"), line(1, 1.5, "moves"), line(2, 2, "is right"), line(4, 4, "comes")]
    found = told(before, after, DialogueLine)
    assert counts(found) == (1, 1, 1, 1, 1)
    assert found.fields == {"text": 1}
    [moved], [changed] = found.examples[What.MOVED], found.examples[What.CHANGED]
    assert (moved.before, moved.after) == ((S, 2 * S), (3 * S // 2, 5 * S // 2))
    assert (changed.says, changed.fields) == ("is right", {"text": ("is wrong", "is right")})
    assert [one.says for one in found.examples[What.APPEARED]] == ["comes"]
    assert [one.says for one in found.examples[What.VANISHED]] == ["goes"]


def test_what_changed_and_moved_counts_as_changed_with_its_time_named() -> None:
    found = told([line(1, 1, "a")], [line(1, 2, "b")], DialogueLine)
    assert counts(found) == (0, 0, 0, 0, 1)
    assert found.fields == {"text": 1, "start_ns": 1, "end_ns": 1}


def test_a_shot_whose_cut_is_found_elsewhere_has_moved() -> None:
    before = [
        shot(0, 0, 10),
        shot(1, 10, 20),
    ]
    after = [
        shot(0, 0, 11),
        shot(1, 11, 20),
    ]
    assert counts(told(before, after, Shot)) == (0, 0, 0, 2, 0)


def test_a_shot_that_is_cut_in_two_keeps_its_larger_part() -> None:
    before = [shot(0, 0, 10)]
    after = [
        shot(0, 0, 3),
        shot(1, 3, 10),
    ]
    assert counts(told(before, after, Shot)) == (0, 1, 0, 1, 0)  # by its key, it is the one that begins there


def test_labels_of_one_name_that_drifted_are_paired_with_their_nearest() -> None:
    before = [label("car", 10, 14), label("car", 20, 24), label("tree", 10, 14)]
    after = [label("car", 10.5, 14.5), label("car", 21, 25), label("tree", 30, 34), label("boat", 10, 14)]
    found = told(before, after, Label)
    assert counts(found) == (0, 1, 0, 3, 0)
    assert sorted(one.says for one in found.examples[What.MOVED]) == ["car", "car", "tree"]
    assert [one.says for one in found.examples[What.APPEARED]] == ["boat"]


def test_a_label_that_is_surer_than_before_has_changed_whether_it_drifted_or_not() -> None:
    before = [label("car", 10, 14, confidence=0.5), label("tree", 10, 14, confidence=0.5)]
    after = [label("car", 10, 14, confidence=0.9), label("tree", 10.5, 14, confidence=0.9)]
    found = told(before, after, Label)
    assert counts(found) == (0, 0, 0, 0, 2)
    assert found.fields == {"confidence": 2, "start_ns": 1}


def test_attributes_are_compared_by_name_and_value() -> None:
    before = [label("car", 1, 2, attributes={"colour": "red", "doors": 4.0})]
    after = [label("car", 1, 2, attributes={"doors": 4.0, "colour": "blue"})]
    assert told(before, after, Label).fields == {"attributes": 1}
    again = [label("car", 1, 2, attributes={"doors": 4.0, "colour": "red"})]
    assert counts(told(before, again, Label)) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize("count", [0, 3])
def test_an_empty_run_is_compared_too(count: int) -> None:
    rows = [line(n, n, f"line {n}") for n in range(count)]
    assert counts(told([], rows, DialogueLine)) == (0, count, 0, 0, 0)
    assert counts(told(rows, [], DialogueLine)) == (0, 0, count, 0, 0)


def test_examples_are_the_earliest_and_no_more_than_asked() -> None:
    rows = [line(n, n, f"line {n}") for n in range(50)]
    found = told([], rows[::-1], DialogueLine, examples=3)
    assert [one.says for one in found.examples[What.APPEARED]] == ["line 0", "line 1", "line 2"]
    assert found.counts[What.APPEARED] == 50
    assert not told([], rows, DialogueLine, examples=0).examples[What.APPEARED]


def embedding(n: int, vector: Sequence[float]) -> Row:
    return {"start_ns": n * S, "end_ns": (n + 1) * S, "of": "frame", "vector": list(vector)}


def test_vectors_are_compared_by_how_far_they_turned() -> None:
    before = [embedding(n, [1.0, 0.0]) for n in range(4)]
    after = [embedding(n, [0.6, 0.8] if n == 3 else [1.0, 0.0]) for n in range(4)]
    found = told(before, [*after, embedding(9, [0.0, 1.0])], Embedding)
    assert counts(found) == (4, 1, 0, 0, 0)
    assert found.vectors is not None
    assert np.allclose((found.vectors.mean, found.vectors.least, found.vectors.pairs), (0.9, 0.6, 4))
    assert told(before, after, Embedding, same_model=False).vectors is None
    assert told(before, [], Embedding).vectors is None


rows_of = st.lists(
    st.builds(
        label,
        st.sampled_from(["car", "tree", "boat"]),
        st.integers(0, 30),
        st.integers(31, 60),
        confidence=st.sampled_from([0.25, 0.5]),
    ),
    max_size=14,
    unique_by=lambda row: (row["start_ns"], row["label"]),
)


@given(before=rows_of, after=rows_of)
def test_every_record_is_counted_once_on_either_side_and_the_other_way_round(
    before: list[Row], after: list[Row]
) -> None:
    found, back = told(before, after, Label), told(after, before, Label)
    same, appeared, vanished, moved, changed = counts(found)
    assert same + vanished + moved + changed == len(before)
    assert same + appeared + moved + changed == len(after)
    kept = [row for row in before if row in after]
    assert same == len(kept) == back.same
    assert min(same, appeared, vanished, moved, changed) >= 0
    names = [{row["label"] for row in side} for side in (before, after)]
    if not names[0] & names[1]:
        assert (appeared, vanished) == (len(after), len(before))
