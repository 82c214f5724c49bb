from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from watchdown.catalogue.database import open_database
from watchdown.catalogue.model import Asset, Timeline, Title
from watchdown.catalogue.titles import Catalogue
from watchdown.settings import Address
from watchdown_schemas.errors import NotFound

NTSC = Fraction(30000, 1001)


@pytest.fixture
def catalogue(address: Address) -> Iterator[Catalogue]:
    database = open_database(address)
    yield Catalogue(database)
    database.close()


def title(name: str = "A Film", id_: str = "t1") -> tuple[Title, Timeline, Asset]:
    """Return a title with its timeline and video."""
    timeline = Timeline(id=f"{id_}.1", title=id_, duration_ns=10**10, rate=NTSC, start_frame=107892)
    video = Asset(
        id=f"{id_}-video",
        title=id_,
        timeline=timeline.id,
        kind="video",
        path="/films/a.mp4",
        fingerprint=f"{id_}-content",
        facts={"video": {"width": 640}, "zero_ns": 0},
    )
    return Title(id=id_, name=name, added_at=""), timeline, video


def text(id_: str, language: str | None, title: str = "t1") -> Asset:
    return Asset(
        id=id_,
        title=title,
        timeline=f"{title}.1",
        kind="text",
        path="/films/a.srt",
        fingerprint=id_,
        language=language,
        offset_ns=-5,
    )


def test_a_title_comes_back_as_it_was_entered(catalogue: Catalogue) -> None:
    film, timeline, video = title()
    catalogue.add(film, timeline, [video, text("subs", "en")])
    found = catalogue.title("t1")
    assert (found.id, found.name) == ("t1", "A Film")
    assert found.added_at.endswith("+00:00")
    assert catalogue.timeline("t1") == timeline
    assert catalogue.timelines() == {"t1.1": timeline}
    assert catalogue.assets("t1") == [text("subs", "en"), video]


def test_time_code_counts_from_the_start_of_the_source(catalogue: Catalogue) -> None:
    film, timeline, video = title()
    catalogue.add(film, timeline, [video])
    found = catalogue.timeline("t1")
    assert found.timecode(0) == "01:00:00;00"
    assert replace(found, drop_frame=False, start_frame=0).timecode(61_061_000_000) == "00:01:01:00"


def test_a_title_that_is_entered_again_takes_new_and_changed_assets_and_nothing_else(
    catalogue: Catalogue,
) -> None:
    film, timeline, video = title()
    catalogue.add(film, timeline, [video])
    first = catalogue.title("t1")
    moved, subtitles = replace(video, path="/elsewhere.mp4"), text("subs", "en")
    for _ in range(2):
        catalogue.add(replace(film, name="Another"), replace(timeline, duration_ns=1), [moved, subtitles])
    assert catalogue.title("t1") == first
    assert catalogue.timeline("t1") == timeline
    assert catalogue.assets("t1") == [subtitles, moved]


def test_a_side_car_takes_the_place_of_what_the_same_file_held_before(catalogue: Catalogue) -> None:
    film, timeline, video = title()
    old, new = (replace(text(name, "en"), facts={"origin": "a.srt"}) for name in ("old", "new"))
    other = replace(text("other", "es"), facts={"origin": "a.es.srt"})
    catalogue.add(film, timeline, [video, old, other])
    catalogue.add(film, timeline, [new])
    assert catalogue.assets("t1") == [new, other, video]


def test_an_asset_is_found_by_its_content(catalogue: Catalogue) -> None:
    catalogue.add(*title()[:2], [title()[2]])
    found = catalogue.find_asset("t1-content")
    assert found == title()[2]
    assert catalogue.find_asset("other") is None


def test_titles_stand_in_the_order_of_their_names(catalogue: Catalogue) -> None:
    for id_, name in (("3", "Beta"), ("1", "Alpha"), ("2", "Alpha")):
        catalogue.add(*title(name, id_)[:2], [title(name, id_)[2]])
    assert [(one.name, one.id) for one in catalogue.titles()] == [
        ("Alpha", "1"),
        ("Alpha", "2"),
        ("Beta", "3"),
    ]
    assert catalogue.title("Beta") == catalogue.title("3") == catalogue.title_by_id("3")


def test_a_name_that_is_not_unique_is_answered_with_the_ids(catalogue: Catalogue) -> None:
    for id_ in ("t1", "t2"):
        catalogue.add(*title("Twin", id_)[:2], [title("Twin", id_)[2]])
    with pytest.raises(NotFound, match=r"Twin: is the name of 2 titles\. Use an id: t1, t2\."):
        catalogue.title("Twin")


def test_a_name_that_is_not_here_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(NotFound, match="'; DROP TABLE titles; --: is no title here"):
        catalogue.title("'; DROP TABLE titles; --")


def test_the_languages_are_those_of_all_subtitle_tracks(catalogue: Catalogue) -> None:
    assert catalogue.languages() == set()
    film, timeline, video = title()
    catalogue.add(
        film, timeline, [video, text("a", "en"), text("b", "pt-BR"), text("c", None), text("d", "en")]
    )
    assert catalogue.languages() == {"en", "pt-BR", "und"}
