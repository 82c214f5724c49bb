"""What every store must tell of how it bears a load."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from stores.loads import Loads, shots
from watchdown.lake.tables import Lake
from watchdown.stores.feedback import Feedback
from watchdown.stores.lance.feedback import LanceFeedback
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.opensearch.feedback import OpenSearchFeedback
from watchdown.stores.protocol import Sink
from watchdown_schemas.columns import Stamp
from watchdown_schemas.record import Record
from watchdown_schemas.rows import to_arrow
from watchdown_schemas.types import DialogueLine, Embedding, Shot

STAMP = Stamp(run=1, title="t", timeline="t.1", asset="a", algorithm="x", version="1.0.0")


class Watched:
    """A store with its sink and what it tells."""

    def __init__(self, sink: Sink, feedback: Feedback) -> None:
        self.sink = sink
        self.feedback = feedback

    def write(self, schema: type[Record], rows: pa.RecordBatch, model: str | None = None) -> None:
        reader = pa.RecordBatchReader.from_batches(rows.schema, [rows])
        assert not self.sink.write([1], schema, reader, model=model).refused


@pytest.fixture(params=["lance", "opensearch"])
def watched(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Watched]:
    if request.param == "lance":
        yield Watched(LanceSink(Lake(tmp_path)), LanceFeedback(tmp_path))
        return
    loads = Loads(request.getfixturevalue("opensearch_url"))
    yield Watched(loads.sink, OpenSearchFeedback(loads.cluster, loads.pace))
    loads.remove()


def test_an_empty_store_has_nothing_to_search_and_refused_nothing(watched: Watched) -> None:
    assert watched.feedback.look().searched_ms is None
    assert watched.feedback.rejected == 0


def test_records_without_words_and_vectors_are_not_searched(watched: Watched) -> None:
    watched.write(Shot, shots(1, 10))
    assert watched.feedback.look().searched_ms is None


@pytest.mark.parametrize("kind", ["words", "vectors"])
def test_a_look_searches_what_is_there_again_and_again(
    watched: Watched, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    if kind == "words":
        lines = [
            DialogueLine(line=at, start_ns=at, end_ns=at + 1, text=f"line {at} of night", language="en")
            for at in range(30)
        ]
        watched.write(DialogueLine, to_arrow(lines, DialogueLine, STAMP))
    else:
        some = [
            Embedding(start_ns=at, end_ns=at + 1, vector=[1.0 if at % 8 == one else 0.0 for one in range(8)])
            for at in range(30)
        ]
        watched.write(Embedding, to_arrow(some, Embedding, STAMP, 8), "m")
    for _ in range(20):
        looked = watched.feedback.look()
        assert looked.searched_ms is not None
        assert looked.searched_ms >= 0
        assert (looked.queued is None) == isinstance(watched.feedback, LanceFeedback)
    assert not capfd.readouterr().err, "what loads says nothing of its own searches"


def test_a_table_that_goes_away_is_looked_for_anew(watched: Watched, tmp_path: Path) -> None:
    line = DialogueLine(line=0, start_ns=0, end_ns=1, text="night", language="en")
    watched.write(DialogueLine, to_arrow([line], DialogueLine, STAMP))
    assert watched.feedback.look().searched_ms is not None
    watched.sink.delete([1])
    for path in tmp_path.glob("*.lance"):
        path.rename(tmp_path / "gone")
    watched.feedback.look()
    watched.feedback.look()
