"""Adding a film with some of the algorithms: the rest waits until the film is added again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import watchdown
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client import Library
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film
from watchdown_schemas.errors import AlgorithmNotFound

MEDIA = {"shots", "visual-embedding"}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw a short film without subtitles."""
    file = tmp_path_factory.mktemp("film") / "Dune.mp4"
    write_film(film_of(60, name="Dune", shots=2, seconds=(0.5, 0.7)), file)
    return file


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with watchdown.open(tmp_path / "library", create=True) as made:
        yield made


def done(library: Library) -> set[str]:
    """Return the algorithms that have been run."""
    assert {run.state for run in library.runs()} <= {"active"}
    return {run.algorithm for run in library.runs()}


@pytest.mark.parametrize(
    ("only", "run"),
    [
        ([], set()),
        (["shots"], {"shots"}),
        (["keyframes"], set()),  # there are no shots to make them of
        (["dialogue"], set()),  # there are no subtitles
        (["keyframes", "shots"], {"shots", "keyframes"}),
        (None, MEDIA | {"keyframes"}),
    ],
    ids=["none", "one", "readers of nothing", "nothing for it", "two", "all"],
)
def test_only_what_is_named_is_run(
    library: Library, film: Path, only: list[str] | None, run: set[str]
) -> None:
    [added] = library.add(film, only=only)
    assert (added.outcome, added.errors) == ("added", ())
    assert done(library) == run
    assert len(added.runs) == len(run)
    assert [title.name for title in library.titles()] == ["Dune"]


def test_the_rest_is_run_when_the_film_is_added_again(library: Library, film: Path) -> None:
    library.add(film, only=["shots"])
    [again] = library.add(film, only=["shots"])
    assert (again.outcome, again.runs) == ("unchanged", ())
    [whole] = library.add(film)
    assert whole.outcome == "updated"
    assert done(library) == MEDIA | {"keyframes"}


def test_an_algorithm_that_is_not_there_is_refused_before_anything_is_added(
    library: Library, film: Path
) -> None:
    with pytest.raises(AlgorithmNotFound, match=r"colours: is no known algorithm\. Known: .*shots"):
        library.add(film, only=["shots", "colours"])
    assert library.titles() == []


def test_the_command_takes_it_more_than_once(
    film: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = ["--library", str(tmp_path / "library")]
    assert main(["add", str(film), "--only", "shots", "--only", "keyframes", *place]) == ExitCode.OK
    with watchdown.open(tmp_path / "library") as library:
        assert done(library) == {"shots", "keyframes"}
    assert main(["add", str(film), "--only", "colours", *place]) == ExitCode.NOT_FOUND
    assert "colours: is no known algorithm" in capsys.readouterr().err
