from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from conformance.stores import STORES, lines, opened
from search.libraries import COLOURS, SECOND, SHOTS, SyntheticLibrary, TinyModel, like, seen, spoken
from watchdown.search.hit import Hit
from watchdown.search.query import Dialogue, Picture, Query
from watchdown_schemas.errors import AlgorithmNotFound, ModelMismatch, NotFound, QueryError


@pytest.fixture(params=["memory", "lance", "opensearch"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SyntheticLibrary]:
    with opened(request, tmp_path / "lake") as store:
        yield SyntheticLibrary(store)


def pages(
    library: SyntheticLibrary, query: Query, size: int, between: Callable[[int], object] = lambda _: None
) -> list[Hit]:
    """Page through a result to its end."""
    found: list[Hit] = []
    cursor, number = None, 0
    while True:
        page = library.search.answer(query, limit=size, after=cursor)
        assert len(page) <= size
        assert page.complete
        found += page.hits
        cursor, number = page.cursor, number + 1
        if cursor is None:
            return found
        assert len(page) == size
        between(number)


def test_a_description_finds_shots_with_all_that_a_person_wants_to_know(library: SyntheticLibrary) -> None:
    page = library.search.answer(seen("blue"), limit=5)
    assert (page.query, page.epoch, page.complete, page.notes) == ("blue", 2, True, ())
    hit = page[0]
    shot = hit.start_ns // (2 * SECOND)
    assert COLOURS[shot % 4] == "blue"
    assert (hit.type, hit.source, hit.text) == ("Shot", "visual", None)
    assert (hit.end_ns - hit.start_ns, hit.start_ns % (2 * SECOND)) == (2 * SECOND, 0)
    assert (hit.title_name, hit.timeline) == (f"Film {hit.title[1:]}", f"{hit.title}.1")
    assert hit.timecode == f"00:{shot * 2 // 60:02}:{shot * 2 % 60:02}:00"
    assert hit.thumbnail == f"{hit.title}/{hit.start_ns}"
    assert hit.start_ns <= hit.evidence["frame_ns"] < hit.end_ns
    assert [one.score for one in page] == sorted((one.score for one in page), reverse=True)
    assert len({one.id for one in page}) == 5


def test_a_shot_ranks_by_its_best_frame(library: SyntheticLibrary) -> None:
    hits = pages(library, seen("red"), 100)
    assert len(hits) == 2 * SHOTS
    assert all(COLOURS[hit.start_ns // (2 * SECOND) % 4] == "red" for hit in hits[:26])


@pytest.mark.feature(40)
def test_a_quote_returns_title_time_text_and_language(library: SyntheticLibrary) -> None:
    library.publish(library.run("t1", *lines("one", ("Corre el telón de la ducha", "es"), "three")))
    hit = library.search.answer(spoken("el telón de la ducha"))[0]
    assert (hit.title, hit.title_name, hit.text) == ("t1", "Film 1", "Corre el telón de la ducha")
    assert (hit.start_ns, hit.end_ns, hit.timecode) == (SECOND, 2 * SECOND, "00:00:01:00")
    assert (hit.type, hit.source, hit.evidence["language"]) == ("DialogueLine", "dialogue", "es")
    assert hit.thumbnail == "t1/0"


@pytest.mark.parametrize("query", [seen("green"), spoken("says line number"), spoken("line 7")], ids=str)
@pytest.mark.parametrize("size", [1, 7, 99])
def test_paging_gives_each_hit_once_and_in_the_same_order(
    library: SyntheticLibrary, query: Query, size: int
) -> None:
    whole = library.search.answer(query, limit=300)
    assert whole.cursor is None
    if size == 1:
        assert [library.search.answer(query, limit=1)[0]] == [whole[0]]
        return
    assert pages(library, query, size) == list(whole)
    assert len({hit.id for hit in whole}) == len(whole) >= 50


def test_paging_through_many_shots_while_others_are_published(tmp_path: Path) -> None:
    library = SyntheticLibrary(STORES["lance"](tmp_path), titles=6)

    def publish(page: int) -> None:
        """Embed a title anew, find its shots anew, and say its lines anew."""
        if page % 12 == 1:
            title, old = f"t{page % 6}", library.views[-1].visible
            library.publish(library.frames(title, 77 + page), library.shots(title), library.lines(title))
            library.publish(library.shots("t5"), instead_of=frozenset(list(old)[:2]))

    for query, size in ((seen("red"), 7), (spoken("says line number about the curtain"), 60)):
        whole = library.search.answer(query, limit=1000)
        assert len(whole) >= 300
        assert whole.cursor is None
        assert pages(library, query, size, publish) == list(whole)


def test_more_like_a_shot_gives_the_shot_itself_first_and_its_colour_next(library: SyntheticLibrary) -> None:
    for hit in library.search.answer(seen("yellow"), limit=4):
        similar = library.search.answer(like(hit.id), limit=10)
        assert similar[0].id == hit.id
        assert similar[0].score == pytest.approx(1, abs=1e-5)
        assert {one.start_ns // (2 * SECOND) % 4 for one in similar} == {COLOURS.index("yellow")}


@pytest.mark.feature(43)
def test_near_duplicates_of_a_shot_rank_above_all_others(library: SyntheticLibrary) -> None:
    library.titles |= {"t2": library.titles["t0"]}
    library.publish(library.shots("t2"), library.frames("t2", 0))
    for hit in library.search.answer(seen("red", titles=("t0",)), limit=6):
        first, second = library.search.answer(like(hit.id), limit=2)
        assert first.start_ns == second.start_ns == hit.start_ns
        assert {first.title, second.title} == {"t0", "t2"}


def test_a_shot_of_one_title_is_sought_in_another(library: SyntheticLibrary) -> None:
    shot = library.search.answer(seen("green", titles=("t0",)), limit=1)[0]
    found = library.search.answer(like(shot.id, titles=("t1",)), limit=5)
    assert {hit.title for hit in found} == {"t1"}
    assert COLOURS[found[0].start_ns // (2 * SECOND) % 4] == "green"


def test_a_picture_is_searched_by_its_bytes(library: SyntheticLibrary) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.full((8, 8, 3), (20, 200, 20), np.uint8)).save(buffer, "PNG")
    page = library.search.answer(Query(leaf=Picture(image=buffer.getvalue())), limit=10)
    assert page.query == "the image"
    assert {COLOURS[hit.start_ns // (2 * SECOND) % 4] for hit in page} == {"green"}


def test_a_narrower_scope_gives_a_part_of_the_result(library: SyntheticLibrary) -> None:
    for query in (seen, spoken):
        everything = library.search.answer(query("curtain blue"), limit=300)
        one = library.search.answer(query("curtain blue", titles=("t1",)), limit=300)
        both = library.search.answer(query("curtain blue", titles=("t1", "t0")), limit=300)
        assert [hit for hit in everything if hit.title == "t1"] == list(one)
        assert both.hits == everything.hits
        nothing = library.search.answer(query("curtain blue", titles=()), limit=300)
        assert (len(nothing), nothing.complete, nothing.cursor) == (0, True, None)


def test_frames_outside_any_shot_stand_alone(library: SyntheticLibrary) -> None:
    library.titles |= {"t2": library.titles["t0"]}
    library.publish(library.frames("t2", 0))
    hits = pages(library, seen("red", titles=("t2",)), 50)
    assert len(hits) == 4 * SHOTS
    assert {(hit.type, hit.thumbnail) for hit in hits} == {("Embedding", None)}
    assert {hit.end_ns - hit.start_ns for hit in hits} == {SECOND // 2}


def test_a_new_list_of_shots_rearranges_hits_and_embeds_nothing_anew(library: SyntheticLibrary) -> None:
    before = library.search.answer(seen("red", titles=("t0",)), limit=300)
    library.publish(library.shots("t0"), instead_of=frozenset({1}))
    after = library.search.answer(seen("red", titles=("t0",)), limit=300)
    assert [(hit.start_ns, hit.score) for hit in after] == [(hit.start_ns, hit.score) for hit in before]
    assert not {hit.id for hit in after} & {hit.id for hit in before}
    with pytest.raises(NotFound):
        library.search.answer(like(before[0].id))


def test_what_is_not_published_is_not_found(library: SyntheticLibrary) -> None:
    hidden = library.run("t0", *lines("A secret xylophone"))
    assert len(library.search.answer(spoken("xylophone"))) == 0
    library.publish(hidden)
    assert len(library.search.answer(spoken("xylophone"))) == 1


def test_vectors_of_another_model_are_never_searched_in_silence(library: SyntheticLibrary) -> None:
    library.made_by = {"tiny": {"older"}}
    with pytest.raises(ModelMismatch, match="tiny: searches with model model, the vectors are of older"):
        library.search.answer(seen("red"))
    library.made_by = {"tiny": {"older", "model"}}
    page = library.search.answer(seen("red"))
    assert not page.complete
    assert page.notes == ("vectors of model older were not searched",)
    assert library.search.answer(spoken("curtain")).complete


OLDER = TinyModel("older", shift=8)


def test_vectors_of_a_model_of_before_are_searched_with_that_model(library: SyntheticLibrary) -> None:
    older = [library.frames(title, number, "older", 8) for number, title in enumerate(library.titles)]
    library.publish(*older, instead_of=frozenset({2, 5}))
    library.made_by, library.kept = {"tiny": {"older"}}, {"older": OLDER}
    page = library.search.answer(seen("blue"), limit=20)
    assert (page.complete, page.notes) == (True, ())
    assert {COLOURS[hit.start_ns // (2 * SECOND) % 4] for hit in page} == {"blue"}
    assert {hit.evidence["run"] for hit in page} == set(older)
    assert library.search.answer(like(page[0].id))[0].id == page[0].id


def test_where_two_models_made_vectors_both_answer_in_turn_on_every_page(library: SyntheticLibrary) -> None:
    older = library.frames("t1", 1, "older", 8)
    library.publish(older, instead_of=frozenset({5}))
    library.made_by, library.kept = {"tiny": {"older", "model"}}, {"older": OLDER}
    hits = pages(library, seen("blue"), 7)
    assert len({hit.id for hit in hits}) == len(hits) == 2 * SHOTS
    assert {hit.title for hit in hits[:2]} == {"t0", "t1"}
    for title in library.titles:
        of_one = [hit.start_ns for hit in hits if hit.title == title]
        assert {COLOURS[at // (2 * SECOND) % 4] for at in of_one[:12]} == {"blue"}
    assert hits == list(library.search.answer(seen("blue"), limit=1000))
    (note,) = library.search.answer(seen("blue")).notes
    assert note.startswith("vectors are of the models model, older, so hits are ranked by their places")


def test_a_library_without_vectors_answers_with_nothing(tmp_path: Path) -> None:
    library = SyntheticLibrary(STORES["memory"](tmp_path), titles=0)
    library.made_by = {}
    for query in (seen("red"), spoken("curtain")):
        page = library.search.answer(query)
        assert (len(page), page.complete, page.epoch) == (0, True, 0)
    with pytest.raises(NotFound):
        library.search.answer(like("nothing"))


def test_pictures_need_an_algorithm_that_encodes_them(library: SyntheticLibrary) -> None:
    library.search._processor._algorithms = {}
    with pytest.raises(AlgorithmNotFound):
        library.search.answer(seen("red"))


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_between_one_and_a_thousand_hits(library: SyntheticLibrary, limit: int) -> None:
    with pytest.raises(QueryError, match=f"limit {limit}: is not between 1 and 1000"):
        library.search.answer(seen("red"), limit=limit)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (spoken(" "), "has no word to search for"),
        (spoken("?!"), "has no word to search for"),
        (seen(" \n"), "describes nothing"),
        (like("nothing"), "nothing: is no shot here"),
        (like("' OR 1=1"), "is no shot here"),
        (Query(leaf=Dialogue(text="curtain", languages=("English!",))), "English!: is no language tag"),
    ],
)
def test_a_query_that_asks_for_nothing_is_refused(library: SyntheticLibrary, query: Query, told: str) -> None:
    with pytest.raises(QueryError, match=told):
        library.search.answer(query)


def test_a_cursor_belongs_to_its_query(library: SyntheticLibrary) -> None:
    cursor = library.search.answer(seen("red"), limit=3).cursor
    for other in (seen("blue"), seen("red", titles=("t0",)), spoken("red")):
        with pytest.raises(QueryError, match="belongs to another query"):
            library.search.answer(other, after=cursor)
    with pytest.raises(QueryError, match="is no cursor"):
        library.search.answer(seen("red"), after="garbage")


def test_what_scores_less_than_asked_for_is_no_hit(library: SyntheticLibrary) -> None:
    for query in (seen("red"), spoken("t0 says line number 7")):
        every = library.search.answer(query, limit=100).hits
        floor = (every[0].score + every[-1].score) / 2
        asked = query.model_copy(update={"min_score": floor})
        assert pages(library, asked, 7) == [hit for hit in every if hit.score >= floor]
        assert 0 < len(pages(library, asked, 7)) < len(every)
        cursor = library.search.answer(asked, limit=1).cursor
        with pytest.raises(QueryError, match="belongs to another query"):
            library.search.answer(query, limit=1, after=cursor)
