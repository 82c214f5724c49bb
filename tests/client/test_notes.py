from __future__ import annotations

import pytest

from client.libraries import SECOND, services
from watchdown.client import Library
from watchdown_schemas.errors import NotFound, QueryError, RecordInvalid

BOX = "POLYGON ((0.25 0.25, 0.75 0.25, 0.75 0.75, 0.25 0.75, 0.25 0.25))"


@pytest.mark.feature(6)
def test_every_version_of_a_note_can_be_had_and_search_finds_the_newest(library: Library) -> None:
    note = library.notes.save("heat", "a lantern", author="ada", start_ns=SECOND, end_ns=2 * SECOND).note
    library.notes.save("heat", "a red lantern", note=note, author="bob")
    library.notes.save("heat", "a blue lamp", note=note)
    versions = library.notes.history("heat", note)
    assert [(one.revision, one.text, one.author) for one in versions] == [
        (0, "a lantern", "ada"),
        (1, "a red lantern", "bob"),
        (2, "a blue lamp", "bob"),
    ]
    assert [hit.text for hit in library.search("lamp", schema_type="Note")] == ["a blue lamp"]
    assert list(library.search("lantern", schema_type="Note")) == []
    assert [one.text for one in library.notes.list("heat")] == ["a blue lamp"]


@pytest.mark.feature(5)
def test_a_record_of_several_entities_is_found_by_any_of_them(library: Library) -> None:
    library.notes.save("heat", "the poster", author="ada", entities=["image:poster-7", "season:one"])
    library.notes.save("heat", "something else", author="ada")
    for entity in ("image:poster-7", "season:one"):
        assert [note.text for note in library.records("Note", entity=entity)] == ["the poster"]  # type: ignore[attr-defined] # of its type
    assert library.count("Note", entity="title:heat") == 2
    assert library.count("Note", entity="title:rain") == 0


def test_a_shape_is_kept_and_found_by_its_place(library: Library) -> None:
    library.notes.save("heat", "here", author="ada", geometry=BOX)
    (note,) = library.notes.list("heat")
    assert note.geometry == BOX
    assert (note.start_ns, note.end_ns) == (0, 100 * SECOND)


def test_a_note_of_another_title_is_not_touched(library: Library) -> None:
    library.notes.save("heat", "one", author="ada")
    library.notes.save("rain", "two", author="ada")
    assert [one.text for one in library.notes.list("heat")] == ["one"]


def test_a_note_that_is_taken_off_stays_in_the_history(library: Library) -> None:
    kept = library.notes.save("heat", "kept", author="ada").note
    gone = library.notes.save("heat", "gone", author="ada").note
    library.notes.remove("heat", gone)
    assert [one.note for one in library.notes.list("heat")] == [kept]
    assert [one.text for one in library.notes.history("heat", gone)] == ["gone"]
    with pytest.raises(NotFound, match=gone):
        library.notes.remove("heat", gone)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"start_ns": 5, "end_ns": 5}, "end_ns"),
        ({"start_ns": 0, "end_ns": 101 * SECOND}, "end_ns"),
        ({"geometry": "POLYGON ((0 0, 2 0"}, "geometry"),
        ({"geometry": "POINT (2 2)"}, "geometry"),
        ({"colour": "mauve"}, "colour"),
        ({"language": "no language"}, "language"),
        ({"entities": ["nobody"]}, "entities"),
    ],
)
def test_a_note_that_cannot_be_is_refused_and_changes_nothing(
    library: Library, values: dict[str, object], told: str
) -> None:
    library.notes.save("heat", "before", author="ada")
    epoch = services(library).ledger.view().epoch
    with pytest.raises(RecordInvalid, match=told):
        library.notes.save("heat", "bad", author="ada", **values)  # type: ignore[arg-type] # bad on purpose
    assert [one.text for one in library.notes.list("heat")] == ["before"]
    assert services(library).ledger.view().epoch == epoch


def test_a_note_that_says_nothing_is_refused(library: Library) -> None:
    with pytest.raises(RecordInvalid, match="says nothing"):
        library.notes.save("heat", author="ada")


def test_changing_a_note_that_is_not_there_is_refused(library: Library) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        library.notes.save("heat", "bad", note="nowhere", author="ada")
    with pytest.raises(NotFound, match="nowhere"):
        library.notes.history("heat", "nowhere")


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("62.5", "63", (62_500_000_000, 63_000_000_000)),
        ("1:02.5", "1:03", (62_500_000_000, 63_000_000_000)),
        ("f100", "f101", (4_170_833_334, 4_212_541_667)),
        ("00:00:04:04", None, (4_170_833_334, 4_212_541_667)),
        ("4.18", None, (4_170_833_334, 4_212_541_667)),
    ],
)
def test_a_range_is_read_as_people_write_it(
    library: Library, start: str, end: str | None, expected: tuple[int, int]
) -> None:
    assert library.span("heat", start, end) == expected


@pytest.mark.parametrize("text", ["", "soon", "1:2:3:4:5", "fx", "-1", "101", "nan", "1:xx", "99:00:00:00"])
def test_what_is_no_point_in_time_is_refused_by_name(library: Library, text: str) -> None:
    with pytest.raises(QueryError):
        library.span("heat", text)


def test_a_range_that_ends_before_it_begins_is_refused(library: Library) -> None:
    with pytest.raises(QueryError, match="ends before"):
        library.span("heat", "5", "4")
