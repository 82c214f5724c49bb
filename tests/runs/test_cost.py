"""What work costs: measured, shared out among those it was done for, and kept with the run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from runs.algorithms import catalogue
from runs.libraries import SECOND, Library
from watchdown.runs.cost import Cost, Meter, Shares, TimedModel, costs, metered
from watchdown.runs.pricing import Range, Sample, estimate
from watchdown.runs.staging import Manifest, staged_files
from watchdown.storage.local import LocalStorage


def meter(cpu_s: float, clock_s: float, gpu_s: float = 0.0) -> Meter:
    made = Meter()
    made.cpu_s, made.clock_s, made.gpu_s = cpu_s, clock_s, gpu_s
    return made


def test_a_decode_is_shared_evenly_by_those_that_it_feeds() -> None:
    total = Cost(cpu_s=10, clock_s=8, media_ns=5)
    found = costs(total, [meter(1, 1), meter(2, 1, gpu_s=3), meter(1, 2)], fed=[0, 1])
    assert [(one.cpu_s, one.clock_s, one.gpu_s, one.media_ns) for one in found] == [
        (4, 3, 0, 5),
        (5, 3, 3, 5),
        (1, 2, 0, 5),
    ]


def test_what_was_done_for_nobody_in_particular_is_shared_by_all() -> None:
    assert [one.cpu_s for one in costs(Cost(cpu_s=4, clock_s=0), [meter(1, 0), meter(0, 0)], fed=[])] == [
        2.5,
        1.5,
    ]
    assert costs(Cost(cpu_s=4, clock_s=0), [], fed=[]) == []


def test_tasks_never_cost_less_than_they_took_themselves() -> None:
    """Where titles are worked at once, a share of the process may be less than what a thread has taken."""
    [one] = costs(Cost(cpu_s=1, clock_s=1), [meter(3, 2)], fed=[0])
    assert (one.cpu_s, one.clock_s) == (3, 2)


def test_the_process_is_shared_by_those_at_work_at_the_same_moment() -> None:
    now = [0.0]
    shares = Shares(lambda: now[0])
    now[0] = 5  # before anybody began
    with shares.taking() as first:
        now[0] = 7
        with shares.taking() as second:
            now[0] = 11
            assert (first(), second()) == (4, 2)
        now[0] = 12
        assert first() == 5
    with shares.taking() as third:
        assert third() == 0


def test_a_feed_counts_for_the_one_that_asks_for_it() -> None:
    own = Meter()
    assert list(metered(own, iter([1, 2]))) == [1, 2]
    assert own.clock_s > 0

    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        list(metered(own, broken()))


class _Model:
    fingerprint = "f"
    dimension = 2

    def __init__(self) -> None:
        self.on_gpu = False

    def __call__(self, graph: str, batch: np.ndarray) -> np.ndarray:
        self.on_gpu = graph == "there"
        return batch

    def tokens(self, texts: list[str]) -> np.ndarray:
        return np.zeros((len(texts), 1), dtype=np.int64)


def test_only_calls_of_a_model_on_a_graphics_card_count_as_its_time() -> None:
    own = Meter()
    model = TimedModel(_Model(), own)
    model("here", np.zeros(1, dtype=np.float32))
    assert own.gpu_s == 0
    model("there", np.zeros(1, dtype=np.float32))
    assert own.gpu_s > 0
    assert (model.fingerprint, model.dimension, len(model.tokens(["a"]))) == ("f", 2, 1)


def test_what_a_run_cost_is_in_its_manifest_and_in_the_ledger(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", catalogue("Lines"))
    library.speak()
    library.speak()
    made = library.run()
    for run in made:
        assert run.cost is not None
        assert set(run.cost) == {"cpu_s", "gpu_s", "clock_s", "bytes", "media_ns"}
        assert run.cost["cpu_s"] > 0
        assert run.cost["clock_s"] > 0
        assert run.cost["bytes"] > 0
        assert (run.cost["gpu_s"], run.cost["media_ns"]) == (0, 10 * SECOND)
    library.database.close()


def test_the_bytes_of_a_run_are_those_of_its_files(tmp_path: Path) -> None:
    library = Library(tmp_path / "library", catalogue("Lines"))
    library.speak()
    [planned] = library.batching().plan(library.catalogue.titles(), ["lines"]).batches
    from watchdown.runs.batch import read_batch

    [manifest] = library.worker()(read_batch(library.storage, planned.batch), 0)
    assert manifest.cost is not None
    assert isinstance(library.storage, LocalStorage)
    sizes = [stored.size for key in staged_files(manifest).values() for stored in library.storage.list(key)]
    assert manifest.cost.bytes == sum(sizes)
    library.database.close()


def test_a_manifest_of_before_has_no_cost() -> None:
    assert Manifest.model_validate_json(json.dumps({"run": 1, "attempt": "a"})).cost is None


def samples(*cpu_s: float) -> list[Sample]:
    return [Sample(media_s=1, cpu_s=one, gpu_s=0, clock_s=one, documents=1, bytes=1) for one in cpu_s]


def test_a_price_is_a_range_that_narrows_with_what_is_known() -> None:
    few = estimate("1", samples(1, 3), [SECOND] * 100)
    many = estimate("1", samples(*[1, 3] * 100), [SECOND] * 100)
    assert few is not None
    assert many is not None
    for found in (few, many):
        assert found.cpu_s.low < 200 < found.cpu_s.high
    assert many.cpu_s.high - many.cpu_s.low < few.cpu_s.high - few.cpu_s.low
    assert estimate("1", samples(1, 3), [SECOND] * 100) == few


def test_one_run_says_little_and_says_so() -> None:
    found = estimate("1", samples(2), [SECOND])
    assert found is not None
    assert found.runs == 1
    assert found.cpu_s.low < 0.75 * 2 < 1.3 * 2 < found.cpu_s.high


def test_a_price_of_very_many_titles_is_drawn_from_some_of_them() -> None:
    some = estimate("1", samples(1, 2, 3), [SECOND] * 2_000)
    many = estimate("1", samples(1, 2, 3), [SECOND] * 200_000)
    assert some is not None
    assert many is not None
    assert many.cpu_s.middle == pytest.approx(100 * some.cpu_s.middle, rel=0.1)


@pytest.mark.parametrize("media_ns", [[], [SECOND]])
def test_of_nothing_known_nothing_is_said(media_ns: list[int]) -> None:
    nothing = [Sample(media_s=0, cpu_s=1, gpu_s=0, clock_s=1, documents=1, bytes=1)]
    assert estimate("1", nothing, media_ns) is None
    assert estimate("1", samples(1), []) is None


def test_ranges_are_added_and_scaled() -> None:
    assert Range(1, 2, 3).plus(Range(1, 1, 1)).times(2) == Range(4, 6, 8)
