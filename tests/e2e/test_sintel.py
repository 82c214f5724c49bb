"""The Sintel trailer with subtitles in three languages: each line is found in its language, at its time."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from watchdown.client import Library
from watchdown.media.timed_text import read_side_car
from watchdown_algos.wants import Cue

DATA = Path(__file__).parents[3] / "shared" / "data"
TRAILER = DATA / "video" / "sintel_trailer_52s_480x204_h264.mp4"
SUBTITLES = sorted((DATA / "subtitles" / "sintel").glob("sintel-*.vtt")) if TRAILER.exists() else []
TRAILER_NS = 52_000_000_000
WORD = re.compile(r"\w{2}")


def inside(subtitles: Path) -> list[Cue]:
    """Return the cues that lie inside the trailer: the files are of the whole film."""
    return [cue for cue in read_side_car(subtitles).cues if cue.end_ns <= TRAILER_NS]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """Add the trailer with its three subtitle files."""
    folder = tmp_path_factory.mktemp("sintel")
    spoken = [(path, path.stem.removeprefix("sintel-")) for path in SUBTITLES]
    with watchdown.open(folder / "library", create=True) as opened:
        (added,) = opened.add(TRAILER, title="Sintel", subtitles=spoken)
        assert (added.outcome, added.errors) == ("added", ())
        yield opened


@pytest.mark.parametrize("subtitles", SUBTITLES, ids=lambda path: path.stem)
def test_each_line_is_found_in_its_language_at_its_time(library: Library, subtitles: Path) -> None:
    language = subtitles.stem.removeprefix("sintel-")
    cues = inside(subtitles)
    assert cues
    for cue in cues:
        hits = library.search(cue.text, dialogue=True, languages=[language])
        assert {hit.evidence["language"] for hit in hits} == {language}
        assert hits[0].text == cue.text
        assert (cue.start_ns, cue.end_ns) in {
            (hit.start_ns, hit.end_ns) for hit in hits if hit.text == cue.text
        }


@pytest.mark.parametrize("subtitles", SUBTITLES[:1], ids=lambda path: path.stem)
def test_lines_after_the_end_are_not_searchable(library: Library, subtitles: Path) -> None:
    assert library.show("Sintel").counts["DialogueLine"] == sum(
        len([cue for cue in read_side_car(path).cues if cue.start_ns < library.show("Sintel").duration_ns])
        for path in [subtitles, *SUBTITLES[1:]]
    )
    (note,) = library.show("Sintel").notes
    assert "refused, with reasons in quarantine" in note
