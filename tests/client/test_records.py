from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pytest

from client.libraries import SECOND, services
from watchdown.catalogue.model import CastMember, Person
from watchdown.client import Library
from watchdown.runs.states import State
from watchdown.where import field
from watchdown_schemas.errors import QueryError, RecordInvalid, RunError, SchemaNotFound
from watchdown_schemas.record import AlgorithmOutput, TemporalSpatial
from watchdown_schemas.roles import Keyword, Text
from watchdown_schemas.rows import from_rows
from watchdown_schemas.types import Appearance, DialogueLine, Embedding, Label


class Garment(TemporalSpatial, AlgorithmOutput):
    """A piece of clothing."""

    piece: Annotated[str, Keyword()]
    price: float | None = None
    sizes: tuple[int, ...] = ()
    description: Annotated[str, Text()] = ""


def label(at: int, name: str, confidence: float = 1.0) -> dict[str, Any]:
    return {"start_ns": at * SECOND, "end_ns": (at + 1) * SECOND, "label": name, "confidence": confidence}


def garment(at: int, piece: str, **more: Any) -> dict[str, Any]:
    return {"start_ns": at * SECOND, "end_ns": (at + 1) * SECOND, "piece": piece, "label": "garment", **more}


def test_rows_are_written_and_read_in_one_call_each(library: Library) -> None:
    written = library.write("Label", [label(5, "night"), label(1, "day")], "heat")
    assert (written.state, written.written, written.schema_type) == ("active", 2, "Label.2")
    found = library.records("Label")
    assert [(one.label, one.start_ns) for one in found] == [("day", SECOND), ("night", 5 * SECOND)]
    assert isinstance(found[0], Label)
    assert (found[0].type, found[0].title, found[0].run) == ("Label.2", "heat", written.run)
    assert (found[0].algorithm, found[0].version) == ("written-Label", "1.0.0")
    assert library.show("heat").counts == {"Label": 2}


def test_rows_written_again_take_the_place_of_the_first(library: Library) -> None:
    library.write("Label", [label(1, "day")], "heat")
    library.write("Label", [label(1, "dusk")], "heat")
    library.write("Label", [label(1, "dawn")], "rain")
    library.write("Label", [label(1, "indoor")], "heat", algorithm="places")
    assert library.facet("Label", "label") == [("dawn", 1), ("dusk", 1), ("indoor", 1)]


@pytest.mark.feature(4)
def test_a_type_registered_at_run_time_is_written_searched_and_filtered(library: Library) -> None:
    library.schemas.register(Garment)
    rows = [
        garment(1, "coat", price=90.5, sizes=(40, 42), description="A red woollen coat"),
        garment(2, "scarf", description="Striped scarves"),
    ]
    assert library.write("Garment", rows, "heat").written == 2
    assert [one.piece for one in library.records("Garment", where=field("price") > 50)] == ["coat"]  # type: ignore[attr-defined] # of its type
    assert [one.sizes for one in library.records("Garment", where={"sizes": 42})] == [(40, 42)]  # type: ignore[attr-defined] # of its type
    assert library.facet("Garment", "piece") == [("coat", 1), ("scarf", 1)]
    (hit,) = library.search("striped scarf", schema_type="Garment")
    assert (hit.type, hit.text, hit.start_ns) == ("Garment", "Striped scarves", 2 * SECOND)


@pytest.mark.feature(3)
def test_one_question_of_a_base_type_is_put_to_all_that_inherit_from_it(library: Library) -> None:
    library.schemas.register(Garment)
    library.write("Garment", [garment(1, "coat")], "heat")
    library.write("Label", [label(2, "garment"), label(3, "night")], "heat")
    found = library.records("AlgorithmOutput", where={"label": "garment"})
    assert [type(one).__name__ for one in found] == ["Garment", "Label"]
    assert library.count("AlgorithmOutput", where={"label": "garment"}) == 2
    assert library.count("TemporalSpatial") == 3
    assert library.facet("AlgorithmOutput", "label") == [("garment", 2), ("night", 1)]


def test_columns_are_written_as_they_are(library: Library) -> None:
    count = 2_000
    table = pa.table(
        {
            "start_ns": np.arange(count) * 1_000,
            "end_ns": np.arange(count) * 1_000 + 500,
            "label": [f"label {number % 7}" for number in range(count)],
            "confidence": np.linspace(0, 1, count),
        }
    )
    assert library.write("Label", table, "heat").written == count
    assert library.count("Label", where=field("confidence") >= 0.5) == count // 2


def test_vectors_are_written_with_the_name_of_their_model(library: Library) -> None:
    rows = [{"start_ns": 0, "end_ns": SECOND, "vector": [0.6, 0.8]}]
    with pytest.raises(RecordInvalid, match="model"):
        library.write("Embedding", rows, "heat")
    library.write("Embedding", rows, "heat", model="mine-2")
    (found,) = library.records("Embedding")
    assert isinstance(found, Embedding)
    assert list(found.vector) == pytest.approx([0.6, 0.8])


def test_bad_rows_hold_back_all_unless_some_are_tolerated(library: Library) -> None:
    rows = [label(1, "day"), label(2, "night", confidence=1.5), label(200, "late")]
    held = library.write("Label", rows, "heat")
    assert (held.state, held.written) == ("quarantined", 0)
    assert str(held.error).startswith("2 of 3 rows were refused, none may be; 2 Label.2 rows refused")
    assert library.count("Label") == 0
    tolerated = library.write("Label", rows, "heat", tolerance=0.7)
    assert (tolerated.state, tolerated.written) == ("active", 1)


def test_refused_rows_are_mended_and_written_with_the_good_ones(library: Library) -> None:
    rows = [label(1, "day"), label(2, "night", confidence=1.5)]
    held = library.write("Label", rows, "heat")
    (refused,) = library.quarantine.list()
    assert (refused.run, refused.schema_type, refused.rows, refused.held) == (held.run, "Label", 1, 1)
    (bad,) = library.quarantine.rows(held.run, "Label")
    assert [(fault["field"], fault["value"]) for fault in bad["_faults"]] == [("confidence", "1.5")]
    mended = library.quarantine.replay(held.run, "Label", [{**bad, "confidence": 0.5}])
    assert (mended.state, mended.written) == ("active", 2)
    assert [one.label for one in library.records("Label")] == ["day", "night"]
    assert library.quarantine.list() == []


@pytest.mark.parametrize("given", ["CUE", "cue"])
def test_a_person_is_found_by_any_name_in_the_cast(library: Library, given: str) -> None:
    zoe = Person(id="zoe", name="Zoë Ray", aliases=("Z. Ray",))
    services(library).people.set_cast(
        "heat", [CastMember(person=zoe, character="Captain Cue", aliases=("cue",))]
    )
    lines = [
        DialogueLine(start_ns=0, end_ns=SECOND, line=0, text="Hold on!", speaker=given),
        DialogueLine(start_ns=SECOND, end_ns=2 * SECOND, line=1, text="To what?", speaker="BOB"),
    ]
    for title in ("heat", "rain"):
        library.write("DialogueLine", lines, title)
    library.write("Appearance", [Appearance(start_ns=0, end_ns=SECOND, character="Captain Cue")], "heat")
    library.write("Appearance", [Appearance(start_ns=0, end_ns=SECOND, person="zoe")], "rain")
    for name in ("zoe", "Zoe ray", "z. ray"):
        found = library.records("DialogueLine", person=name)
        assert [(one.title, one.text) for one in found] == [("heat", "Hold on!")]  # type: ignore[attr-defined] # of its type
        assert [one.title for one in library.records("Appearance", person=name)] == ["heat", "rain"]


@pytest.mark.feature(5)
def test_what_belongs_to_a_season_by_its_title_is_found_by_the_season(library: Library) -> None:
    library.write("Label", [label(1, "day")], "heat")
    library.write("Label", [label(1, "night") | {"entities": ["season:one"]}], "rain")
    services(library).metadata.set("heat", {"season": "one", "year": 1995})
    assert [one.label for one in library.records("Label", entity="season:one")] == ["day", "night"]
    assert [one.label for one in library.records("Label", entity="year:1995")] == ["day"]  # type: ignore[attr-defined] # of its type


def test_a_type_that_nobody_knows_is_refused_by_name(library: Library) -> None:
    with pytest.raises(SchemaNotFound, match=r"Garmnet.*Known: "):
        library.write("Garmnet", [], "heat")
    with pytest.raises(SchemaNotFound, match="Garmnet"):
        library.records("Garmnet")
    with pytest.raises(SchemaNotFound, match=r"Label\.1: names a version.* Name the type: Label"):
        library.records("Label.1")
    with pytest.raises(QueryError, match="confidence"):
        library.records("Label", where={"confidence": "high"})


def test_a_write_that_breaks_off_leaves_a_failed_run_and_nothing_else(library: Library) -> None:
    def rows() -> Any:
        yield label(1, "day")
        raise ZeroDivisionError("torn")

    with pytest.raises(ZeroDivisionError):
        library.write("Label", rows(), "heat")
    assert [run.state for run in library.runs("heat")] == ["failed"]
    assert library.count("Label") == 0
    assert list((Path(services(library).place) / "staged").glob("**/*")) == []


@pytest.mark.feature(9)
def test_a_vector_of_another_length_than_its_model_s_is_a_fault_of_its_row(library: Library) -> None:
    library.write("Embedding", [{"start_ns": 0, "end_ns": 1, "vector": [0.6, 0.8, 0.0]}], "heat", model="m")
    rows = [
        {"start_ns": 0, "end_ns": 1, "vector": [1.0, 0.0]},
        {"start_ns": 1, "end_ns": 2, "vector": [0.0, 1.0, 0.0]},
    ]
    held = library.write("Embedding", rows, "rain", model="m")
    (bad,) = library.quarantine.rows(held.run, "Embedding")
    assert (bad["row"], bad["_faults"][0]["field"], bad["_faults"][0]["rule"]) == (
        0,
        "vector",
        "is not 3 numbers",
    )
    assert [run.state for run in library.runs("rain")] == ["quarantined"]
    mended = library.quarantine.replay(held.run, "Embedding", [{**bad, "vector": [1.0, 0.0, 0.0]}])
    assert mended.written == 2


def test_vectors_that_were_all_refused_can_be_mended(library: Library) -> None:
    held = library.write("Embedding", [{"start_ns": 0, "end_ns": 1, "vector": [3.0, 4.0]}], "heat", model="m")
    (bad,) = library.quarantine.rows(held.run, "Embedding")
    assert library.quarantine.replay(held.run, "Embedding", [{**bad, "vector": [0.6, 0.8]}]).written == 1


def test_old_rows_are_never_replayed_over_newer_ones(library: Library) -> None:
    held = library.write("Label", [label(1, "old"), label(2, "bad", confidence=2.0)], "heat")
    library.write("Label", [label(1, "new")], "heat")
    (bad,) = library.quarantine.rows(held.run, "Label")
    with pytest.raises(RunError, match=r"run 1: has been followed by run 2"):
        library.quarantine.replay(held.run, "Label", [{**bad, "confidence": 0.5}])
    assert library.facet("Label", "label") == [("new", 1)]


def test_a_replay_of_rows_that_are_still_bad_says_why_and_can_be_tried_again(library: Library) -> None:
    held = library.write("Label", [label(1, "day"), label(2, "night", confidence=2.0)], "heat")
    (bad,) = library.quarantine.rows(held.run, "Label")
    failed = library.quarantine.replay(held.run, "Label", [{**bad, "confidence": 3.0}])
    assert failed.error is not None
    assert "confidence is not in [0, 1]" in failed.error
    assert "replay that run again" in failed.error
    assert [one.run for one in library.quarantine.list()] == [held.run]
    assert library.quarantine.replay(held.run, "Label", [{**bad, "confidence": 0.3}]).written == 2


def test_rows_that_are_written_again_are_corrected_again_though_others_are_bad(library: Library) -> None:
    library.schemas.register(Garment)
    library.write("Garment", [garment(1, "coat"), garment(2, "hat")], "heat")
    coat = library.records("Garment")[0]
    library.corrections.change("Garment", coat.id, {"piece": "cape"}, author="ada")
    again = [garment(1, "coat"), garment(2, "hat"), garment(3, "scarf", price="dear")]
    written = library.write("Garment", again, "heat", tolerance=0.5)
    assert written.written == 2
    assert library.facet("Garment", "piece") == [("cape", 1), ("hat", 1)]


def test_one_row_that_is_no_list_is_refused(library: Library) -> None:
    with pytest.raises(RecordInvalid, match="one row, not several"):
        library.write("Label", label(1, "day"), "heat")


@pytest.mark.parametrize(
    "names",
    [{"model": "a/b"}, {"model": ".."}, {"algorithm": "a\0b"}, {"version": "\ud800"}, {"algorithm": "notes"}],
)
def test_names_that_no_store_can_keep_are_refused_before_anything_is_written(
    library: Library, names: dict[str, str]
) -> None:
    with pytest.raises(RecordInvalid, match="names the"):
        library.write("Label", [label(1, "day")], "heat", **names)  # type: ignore[arg-type] # bad on purpose
    assert library.runs() == []


def test_a_filter_may_be_given_in_its_json_form(library: Library) -> None:
    library.write("Label", [label(1, "day"), label(2, "night")], "heat")
    assert library.count("Label", where={"kind": "is", "field": "label", "value": "day"}) == 1


def test_a_write_that_a_dead_process_left_open_is_not_in_the_way(library: Library) -> None:
    parts = services(library)
    run = parts.ledger.plan(
        title="heat", timeline="heat.1", algorithm="written-Label", version="1.0.0", memo_key="k", model=None
    )
    for state in (State.RUNNING, State.STAGED, State.VALIDATED):
        parts.ledger.step(run.number, state)
    rows = [label(1, "day")]
    made = parts.writer.write(
        parts.catalogue.title("heat"),
        {"Label": lambda stamp: [from_rows(Label, rows, stamp)]},
        algorithm="written-Label",
        version="1.0.0",
        memo_key="k",
    )
    assert (made.state, parts.ledger.get(run.number).state) == (State.ACTIVE, State.CANCELLED)


def test_columns_of_one_name_and_questions_that_mean_nothing_are_refused(library: Library) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["start_ns", "start_ns"])
    with pytest.raises(RecordInvalid, match="two columns of one name: start_ns"):
        library.write("Label", twice, "heat")
    with pytest.raises(QueryError, match="epoch"):
        library.records("Label", as_of=1.5)  # type: ignore[arg-type] # bad on purpose
    with pytest.raises(QueryError, match="limit -1"):
        library.records("Label", limit=-1)
    with pytest.raises(QueryError, match="one title, not several"):
        library.records("Label", titles="heat")
