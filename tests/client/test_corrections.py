from __future__ import annotations

from pathlib import Path

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
