"""What people search for is remembered where the settings say so, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from watchdown.cli.exit_codes import ExitCode
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film
from watchdown_schemas.errors import QueryError


def library_that(remembers: str, tmp_path: Path) -> Path:
    """Give the settings of a library on a folder."""
    place = tmp_path / "watchdown.toml"
    place.write_text(
        'database = "sqlite:///library/library.db"\nstorage = "library"\nstore = "lance:library/lake"\n'
        f"[search]\n{remembers}\n"
    )
    (tmp_path / "library").mkdir(exist_ok=True)
    film = tmp_path / "One.mp4"
    write_film(film_of(61, name="One", shots=3, seconds=(0.6, 0.8)), film)
    with watchdown.open(place, create=True) as library:
        library.add(film, only=["shots", "visual-embedding"])
    return place


def test_queries_that_were_answered_are_remembered_and_compared_on(tmp_path: Path) -> None:
    with watchdown.open(library_that("log = true", tmp_path)) as library:
        for text in ("a red race car", "night", "a red race car"):
            page = library.search(text, limit=1)
        library.search("a red race car", limit=1, after=page.cursor)  # a further page is no further query
        with pytest.raises(QueryError):
            library.search(" ")
        asked = library.queries.list()
        assert [one.text for one in asked] == ["a red race car", "night", "a red race car"]
        assert asked[0].at >= asked[-1].at
        assert library.queries.clear() == 3
        assert library.queries.list() == []


def test_a_library_remembers_nothing_unless_told(tmp_path: Path) -> None:
    with watchdown.open(library_that("log = false", tmp_path)) as library:
        library.search("night")
        assert library.queries.list() == []
    with watchdown.open(tmp_path / "folder", create=True) as library:
        assert library.queries.list() == []


def test_queries_are_listed_and_cleared_on_the_command_line(call: Call, tmp_path: Path, shelf: Shelf) -> None:
    place = library_that("log = true\nkeep = 10", tmp_path)
    assert call("search", "a boat", "--library", place).code == ExitCode.OK
    [one] = json.loads(call("queries", "list", "--json", "--library", place).out)
    assert (one["text"], one["query"]["leaf"]) == ("a boat", {"kind": "description", "text": "a boat"})
    assert "a boat" in call("queries", "list", "--library", place).out
    assert call("queries", "clear", "--library", place).out == "1 query was forgotten.\n"
    nothing = call("queries", "list", "--library", shelf.library)
    assert nothing.out.startswith("No query is remembered.")
