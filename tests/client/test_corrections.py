from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from client.libraries import SECOND, make, services
from runs.algorithms import known
from watchdown.catalogue.model import Asset
from watchdown.client import Library
from watchdown_algos.catalogue import AlgorithmCatalogue
from watchdown_schemas.errors import NotFound, RecordInvalid

SPOKEN = "1\n00:00:00,000 --> 00:00:01,000\nPull the curtian!\n\n2\n00:00:01,000 --> 00:00:02,000\nNow run.\n"


def enter(library: Library, folder: Path, spoken: str = SPOKEN) -> None:
    """Give `heat` subtitles, and run what is to be run over them."""
    path = folder / "heat.srt"
    path.write_text(spoken)
    asset = Asset(
        id="s",
        title="heat",
        timeline="heat.1",
        kind="text",
        path=str(path),
        fingerprint=spoken,
        language="en",
    )
    parts = services(library)
    title = parts.catalogue.title("heat")
    parts.catalogue.add(title, parts.catalogue.timeline("heat"), [asset])
    parts.executor.bring_up_to_date(title)


def texts(library: Library) -> list[str]:
    return [line.text for line in library.records("DialogueLine")]  # type: ignore[attr-defined] # of its type


@pytest.fixture
def spoken(tmp_path: Path) -> Library:
    library = make(tmp_path / "library", "heat", algorithms=AlgorithmCatalogue([known("Lines")]))
    enter(library, tmp_path)
    return library


def test_a_correction_is_seen_and_searched_at_once(spoken: Library) -> None:
    line = spoken.records("DialogueLine")[0]
    spoken.corrections.change("DialogueLine", line.id, {"text": "Pull the curtain!"}, author="ada")
    assert texts(spoken) == ["Pull the curtain!", "Now run."]
    assert [hit.text for hit in spoken.search("curtain", dialogue=True)] == ["Pull the curtain!"]
    corrected = spoken.records("DialogueLine", where={"corrected_by": "ada"})
    assert [one.text for one in corrected] == ["Pull the curtain!"]  # type: ignore[attr-defined] # of its type


@pytest.mark.feature(6)
def test_a_correction_outlives_the_next_run_of_the_algorithm(spoken: Library, tmp_path: Path) -> None:
    first, second = spoken.records("DialogueLine")
    spoken.corrections.change("DialogueLine", first.id, {"text": "Pull the curtain!"}, author="ada")
    spoken.corrections.remove("DialogueLine", second.id, author="ada")
    assert texts(spoken) == ["Pull the curtain!"]
    enter(
        spoken,
        tmp_path,
        SPOKEN.replace("Now run.", "Now walk.") + "\n3\n00:00:03,000 --> 00:00:04,000\nStop.\n",
    )
    assert texts(spoken) == ["Pull the curtain!", "Stop."]


def test_a_correction_follows_its_record_to_a_new_place(spoken: Library, tmp_path: Path) -> None:
    first = spoken.records("DialogueLine")[0]
    spoken.corrections.change("DialogueLine", first.id, {"text": "Pull the curtain!"}, author="ada")
    moved = "7\n00:00:00,200 --> 00:00:01,100\nPull the curtian!\n"
    enter(spoken, tmp_path, moved)
    lines = spoken.records("DialogueLine")
    assert [(one.start_ns, one.text) for one in lines] == [(SECOND // 5, "Pull the curtain!")]  # type: ignore[attr-defined] # of its type


def test_what_was_corrected_is_computed_once(spoken: Library, tmp_path: Path) -> None:
    line = spoken.records("DialogueLine")[0]
    spoken.corrections.change("DialogueLine", line.id, {"text": "Pull the curtain!"}, author="ada")
    before = len(spoken.runs())
    enter(spoken, tmp_path)
    assert len(spoken.runs()) == before


def test_a_correction_that_is_taken_back_leaves_no_trace_in_the_records(
    spoken: Library, tmp_path: Path
) -> None:
    line, gone = spoken.records("DialogueLine")
    before = texts(spoken)
    change = spoken.corrections.change("DialogueLine", line.id, {"text": "?"}, author="ada")
    removal = spoken.corrections.remove("DialogueLine", gone.id, author="ada")
    spoken.corrections.withdraw(change.id)
    spoken.corrections.withdraw(removal.id)
    assert texts(spoken) == before
    assert spoken.count("DialogueLine", where={"corrected_by": "ada"}) == 0
    assert [one.withdrawn_at is not None for one in spoken.corrections.list("heat")] == [True, True]
    runs = len(spoken.runs())
    enter(spoken, tmp_path)
    assert len(spoken.runs()) == runs
    assert texts(spoken) == before


def test_earlier_versions_stay_to_be_read(spoken: Library) -> None:
    line = spoken.records("DialogueLine")[0]
    epoch = services(spoken).ledger.view().epoch
    spoken.corrections.change("DialogueLine", line.id, {"text": "?"}, author="ada")
    assert next(one.text for one in spoken.records("DialogueLine", as_of=epoch)) == "Pull the curtian!"  # type: ignore[attr-defined] # of its type


def test_a_correction_that_breaks_a_rule_changes_nothing(spoken: Library) -> None:
    line = spoken.records("DialogueLine")[0]
    before = texts(spoken)
    with pytest.raises(RecordInvalid, match="end_ns"):
        spoken.corrections.change("DialogueLine", line.id, {"end_ns": 0}, author="ada")
    with pytest.raises(RecordInvalid, match="colour"):
        spoken.corrections.change("DialogueLine", line.id, {"colour": "red"}, author="ada")
    with pytest.raises(NotFound, match="nothing"):
        spoken.corrections.remove("DialogueLine", "nothing", author="ada")
    assert texts(spoken) == before
    assert [one for one in spoken.corrections.list("heat") if one.withdrawn_at is None] == []


BOX = "POLYGON ((0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.2, 0.1 0.1))"
FAR = "POLYGON ((0.6 0.6, 0.7 0.6, 0.7 0.7, 0.6 0.7, 0.6 0.6))"


def detection(label: str, geometry: str) -> dict[str, Any]:
    return {"start_ns": 0, "end_ns": SECOND, "label": label, "geometry": geometry}


@pytest.fixture
def plain(tmp_path: Path) -> Library:
    return make(tmp_path / "library", "heat")


@pytest.mark.parametrize("other", [detection("dog", BOX), detection("car", FAR)])
def test_a_correction_never_lands_on_another_record(plain: Library, other: dict[str, Any]) -> None:
    plain.write("Detection", [detection("car", BOX), other], "heat")
    car = next(one for one in plain.records("Detection") if (one.label, one.geometry) == ("car", BOX))  # type: ignore[attr-defined] # of its type
    plain.corrections.remove("Detection", car.id, author="ada")
    plain.write("Detection", [other], "heat")
    assert [(one.label, one.geometry) for one in plain.records("Detection")] == [
        (other["label"], other["geometry"])
    ]  # type: ignore[attr-defined] # of its type


def test_what_was_written_is_corrected_and_put_back_as_well(plain: Library) -> None:
    shots = [{"start_ns": at, "end_ns": at + 10, "number": at // 10} for at in (0, 10, 20)]
    plain.write("Shot", shots, "heat")
    change = plain.corrections.change("Shot", plain.records("Shot")[0].id, {"label": "wide"}, author="ada")
    removal = plain.corrections.remove("Shot", plain.records("Shot")[1].id, author="ada")
    plain.write("Shot", shots, "heat")
    assert [(one.number, one.label) for one in plain.records("Shot")] == [(0, "wide"), (2, None)]  # type: ignore[attr-defined] # of its type
    plain.corrections.withdraw(change.id)
    assert [(one.number, one.label) for one in plain.records("Shot")] == [(0, None), (2, None)]  # type: ignore[attr-defined] # of its type
    plain.corrections.withdraw(removal.id)
    assert [one.number for one in plain.records("Shot")] == [0, 1, 2]  # type: ignore[attr-defined] # of its type
    plain.write("Shot", shots, "heat")
    assert plain.count("Shot", where={"corrected_by": "ada"}) == 0


@pytest.mark.parametrize("written_again", [False, True])
def test_one_of_several_corrections_of_a_record_is_taken_back_alone(
    plain: Library, *, written_again: bool
) -> None:
    rows = [{"start_ns": 0, "end_ns": 10, "number": 0, "confidence": 0.1}]
    plain.write("Shot", rows, "heat")
    shot = plain.records("Shot")[0].id
    name = plain.corrections.change("Shot", shot, {"label": "wide"}, author="ada")
    sure = plain.corrections.change("Shot", shot, {"confidence": 0.9}, author="bob")
    if written_again:
        plain.write("Shot", rows, "heat")
    plain.corrections.withdraw(name.id)
    (left,) = plain.records("Shot")
    assert (left.label, left.confidence, left.attributes) == (None, 0.9, {"corrected_by": "bob"})  # type: ignore[attr-defined] # of its type
    plain.corrections.withdraw(sure.id)
    (bare,) = plain.records("Shot")
    assert (bare.label, bare.confidence, bare.attributes) == (None, 0.1, {})  # type: ignore[attr-defined] # of its type


def test_taking_a_correction_back_keeps_those_of_other_types_of_the_same_run(tmp_path: Path) -> None:
    both = known("Both", produces=["DialogueLine", "Label"])
    library = make(tmp_path / "library", "heat", algorithms=AlgorithmCatalogue([both]))
    enter(library, tmp_path)
    line, label = library.records("DialogueLine")[0], library.records("Label")[0]
    change = library.corrections.change("DialogueLine", line.id, {"text": "?"}, author="ada")
    library.corrections.change("Label", label.id, {"confidence": 0.5}, author="ada")
    library.corrections.withdraw(change.id)
    assert texts(library)[0] == "Pull the curtian!"
    assert [one.confidence for one in library.records("Label")] == [0.5, None]  # type: ignore[attr-defined] # of its type


def test_moments_stay_moments_through_corrections(plain: Library) -> None:
    seen = datetime(2024, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
    rows = [{"start_ns": 0, "end_ns": 10, "number": 0, "attributes": {"seen": seen}}]
    plain.write("Shot", rows, "heat")
    shot = plain.records("Shot")[0].id
    removal = plain.corrections.remove("Shot", shot, author="ada")
    plain.corrections.withdraw(removal.id)
    (back,) = plain.records("Shot")
    assert back.attributes == {"seen": seen}
    plain.corrections.change("Shot", back.id, {"attributes": {"seen": seen, "by": "eye"}}, author="ada")
    assert plain.records("Shot", where={"seen": seen})[0].attributes["by"] == "eye"
    with pytest.raises(RecordInvalid, match="object"):
        plain.corrections.change("Shot", back.id, {"label": object()}, author="ada")


def test_refused_rows_stay_to_be_mended_when_their_run_is_corrected(plain: Library) -> None:
    rows = [
        {"start_ns": 0, "end_ns": 10, "number": 0},
        {"start_ns": 10, "end_ns": 5, "number": 1},
        {"start_ns": 20, "end_ns": 5, "number": 2},
    ]
    plain.write("Shot", rows, "heat", tolerance=0.9)
    plain.corrections.change("Shot", plain.records("Shot")[0].id, {"label": "wide"}, author="ada")
    (refused,) = plain.quarantine.list()
    first, _second = plain.quarantine.rows(refused.run, "Shot")
    plain.quarantine.replay(refused.run, "Shot", [{**first, "end_ns": 15}])
    assert [one.number for one in plain.records("Shot")] == [0, 1]  # type: ignore[attr-defined] # of its type
    (left,) = plain.quarantine.list()
    assert [row["number"] for row in plain.quarantine.rows(left.run, "Shot")] == [2]
