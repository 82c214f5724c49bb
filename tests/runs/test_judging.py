"""A batch is judged as a whole, with the real Great Expectations, before anything of it is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from runs.algorithms import catalogue, known
from runs.libraries import TITLE, Library
from watchdown.runs.execute import Executor
from watchdown.runs.judging import Judging
from watchdown.runs.leases import BatchLeases
from watchdown.runs.stages import Stages
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown.stores.lance.sink import LanceSink
from watchdown.stores.protocol import table_name
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_schemas.quality import QualityOverride


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    made = Library(tmp_path / "library", catalogue("Lines"))
    made.speak()
    yield made
    made.database.close()


def expecting(least: float, severity: str = "critical") -> AlgorithmCatalogue:
    """Return a catalogue whose one algorithm should find at least so many lines a minute."""
    lines = known("Lines")
    override = QualityOverride.model_validate({"rows_per_minute": [least, None], "severity": severity})
    manifest = lines.manifest.model_copy(update={"quality": {"DialogueLine": override}})
    return AlgorithmCatalogue([Known(manifest, lines.package, lines.folder)])


def run(library: Library, algorithms: AlgorithmCatalogue) -> State:
    judge = Judging(
        storage=library.storage,
        work=library.shelf.work,
        catalogue=library.catalogue,
        ledger=library.ledger,
        algorithms=algorithms,
        types=library.types,
    )
    executor = Executor(
        shelf=library.shelf,
        catalogue=library.catalogue,
        ledger=library.ledger,
        planner=library.planner(library.ledger, algorithms),
        leases=BatchLeases(library.database),
        stages=Stages(
            storage=library.storage, ledger=library.ledger, sink=LanceSink(library.lake), types=library.types
        ),
        read_records=lambda schema, number: library.lake.scan(table_name(schema), number),
        algorithms=algorithms,
        types=library.types,
    )
    return executor.bring_up_to_date(TITLE, judge=judge)[-1].state


def report(library: Library) -> dict[str, object]:
    (path,) = (library.folder.root / "reports").glob("*/report.json")
    found: dict[str, object] = json.loads(path.read_text("utf-8"))
    return found


def test_a_batch_that_is_as_expected_is_published_with_its_report(library: Library) -> None:
    assert run(library, expecting(1.0)) is State.ACTIVE
    assert report(library)["passed"] is True
    assert list((library.folder.root / "reports").glob("*/docs/index.html"))


def test_a_batch_that_is_not_is_held_back_and_the_run_says_why(library: Library) -> None:
    assert run(library, expecting(100.0)) is State.QUARANTINED
    (held,) = library.ledger.runs("t")
    assert "rows_per_minute of DialogueLine.2 is 12" in str(held.error)
    assert "reports/" in str(held.error)
    assert report(library)["passed"] is False
    assert library.ledger.view().visible == frozenset()
    assert (
        pq.read_metadata(
            pa.BufferReader(library.storage.read(keys.held(held.number, "DialogueLine")))
        ).num_rows
        == 2
    )


def test_an_expectation_that_only_warns_lets_the_batch_pass_and_is_told(library: Library) -> None:
    assert run(library, expecting(100.0, "warning")) is State.ACTIVE
    (seen,) = library.ledger.runs("t")
    assert "rows_per_minute of DialogueLine.2 is 12" in seen.warnings[-1]
