"""Refused rows, however many: a list that lies in a file once it is long."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watchdown.stores.dead_rows import DeadRows
from watchdown.stores.protocol import DeadRow

ROWS = st.lists(
    st.builds(DeadRow, id=st.text(max_size=5), run=st.integers(1, 4), reason=st.text(max_size=40))
)


@given(rows=ROWS)
def test_rows_come_back_as_they_went_in_all_and_by_run(rows: list[DeadRow]) -> None:
    kept = DeadRows(rows[:2], in_memory=100)
    kept.extend(rows[2:])
    assert (list(kept), len(kept), kept[:2]) == (rows, len(rows), rows[:2])
    for run in range(6):
        own = [row for row in rows if row.run == run]
        assert list(kept.of(run)) == own
        assert kept.by_run[run] == len(own)


def test_reading_goes_on_while_rows_come() -> None:
    kept = DeadRows([DeadRow("a", 1, "x"), DeadRow("b", 1, "y")])
    reading = iter(kept)
    assert next(reading).id == "a"
    kept.append(DeadRow("c", 2, "z"))
    assert [row.id for row in reading] == ["b"]
    assert [row.id for row in kept] == ["a", "b", "c"]
