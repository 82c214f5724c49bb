"""The demo on servers answers as the demo in a folder does."""

from pathlib import Path

import pytest

import watchdown
from watchdown.cli.demo_queries import HALF_A_LINE, IN_SPANISH

SEEN = (
    "red race car",
    "a dog at sunset",
    "a runner in the snow",
    "a yellow boat on the sea",
    "the moon",
    "a cake",
)
SAID = (HALF_A_LINE, IN_SPANISH, "the horses know the way", "moon", "que", "I have never seen the sea")


@pytest.mark.feature(58)
def test_pictures_have_the_hits_of_the_folder_in_its_order(demo_cluster: Path, demo_folder: Path) -> None:
    with watchdown.open(demo_cluster) as library, watchdown.open(demo_folder / "demo-library") as folder:
        for words in SEEN:
            ours, theirs = (one.search(words, limit=50) for one in (library, folder))
            assert [(hit.id, hit.start_ns) for hit in ours] == [(hit.id, hit.start_ns) for hit in theirs]
            assert [hit.score for hit in ours] == pytest.approx([hit.score for hit in theirs], abs=1e-5)
        shot = folder.search(SEEN[0])[0].id
        assert [hit.id for hit in library.search(shot=shot)] == [hit.id for hit in folder.search(shot=shot)]


def test_lines_are_those_of_the_folder(demo_cluster: Path, demo_folder: Path) -> None:
    with watchdown.open(demo_cluster) as library, watchdown.open(demo_folder / "demo-library") as folder:
        for words in SAID:
            ours, theirs = (
                [hit.id for hit in one.search(words, dialogue=True, limit=10)] for one in (library, folder)
            )
            assert len({*ours} & {*theirs}) >= 0.9 * len(theirs)
            assert ours[:1] == theirs[:1]
