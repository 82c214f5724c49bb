"""The client library: three lines to the first hit, two faces that are one, and an end to everything."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import watchdown
from e2e.conftest import Shelf
from e2e.library_dump import leftovers
from media.clips import draw
from watchdown.client import AsyncLibrary, Library
from watchdown.runs.progress import Progress
from watchdown_schemas.errors import LibraryError, QueryError

THREE_LINES = """
import watchdown
library = watchdown.open({library!r})
print(library.search("a red car")[0].timecode)
"""


def public(face: type) -> dict[str, Any]:
    return {name: member for name, member in vars(face).items() if not name.startswith("_")}


def test_three_lines_lead_to_the_first_hit_and_the_program_ends(shelf: Shelf) -> None:
    code = THREE_LINES.format(library=str(shelf.library))
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=100
    )
    assert done.stdout.startswith("00:00:0")
    assert done.stderr == ""


def test_both_faces_have_the_same_calls() -> None:
    one, other = public(AsyncLibrary), public(Library)
    assert one.keys() == other.keys()
    for name in one:
        assert inspect.iscoroutinefunction(one[name])
        assert inspect.signature(one[name]) == inspect.signature(other[name]), name
        assert get_type_hints(one[name]) == get_type_hints(other[name]), name
    parameters = (inspect.signature(face).parameters for face in (watchdown.open, watchdown.open_async))
    assert len({repr(face) for face in parameters}) == 1


def test_both_faces_give_the_same_answers(shelf: Shelf) -> None:
    async def ask() -> list[object]:
        async with await watchdown.open_async(shelf.library) as library:
            pages = await asyncio.gather(*(library.search("a red car", limit=n) for n in (1, 2, 3)))
            return [*pages, await library.titles(), await library.runs(), await library.show("Harbour")]

    with watchdown.open(shelf.library) as library:
        pages = [library.search("a red car", limit=n) for n in (1, 2, 3)]
        assert [*pages, library.titles(), library.runs(), library.show("Harbour")] == asyncio.run(ask())


def test_a_page_is_its_hits(shelf: Shelf) -> None:
    with watchdown.open(shelf.library) as library:
        page = library.search("a red car", titles=["Harbour"])
        assert [hit.id for hit in page] == [page[place].id for place in range(len(page))]
        assert library.thumbnail(page[0].thumbnail or "").startswith(b"\xff\xd8")
        assert library.media(page[0].thumbnail or "").is_file()


def test_an_image_may_be_a_path_or_bytes(shelf: Shelf) -> None:
    with watchdown.open(shelf.library) as library:
        hit = library.search("a red car", titles=["Meadow"])[0]
        picture = library.thumbnail(hit.thumbnail or "")
        (shelf.library.parent / "frame.jpg").write_bytes(picture)
        by_bytes = library.search(image=picture)
        by_path = library.search(image=shelf.library.parent / "frame.jpg")
        assert by_bytes.hits == by_path.hits
        assert by_bytes[0].id == hit.id
        assert by_path.query.endswith("frame.jpg")


def test_a_closed_library_says_so_and_its_threads_end(shelf: Shelf) -> None:
    before = set(threading.enumerate())
    library = watchdown.open(shelf.library)
    assert len(library.titles()) == 2
    library.close()
    library.close()
    with pytest.raises(LibraryError, match="has been closed"):
        library.titles()
    for thread in set(threading.enumerate()) - before:
        if thread.name != "watchdown-exit":  # which waits for the end of the program
            thread.join()


def test_an_error_inside_the_block_closes_the_library(shelf: Shelf) -> None:
    with pytest.raises(QueryError), watchdown.open(shelf.library) as library:
        library.search("a red car", limit=0)
    with pytest.raises(LibraryError, match="has been closed"):
        library.titles()


def test_an_interrupted_add_leaves_nothing_half_done(tmp_path: Path) -> None:
    film = draw(tmp_path / "film.mp4", count=400)

    def interrupt(step: Progress) -> None:
        if step.stage == "shots, visual-embedding":
            os.kill(os.getpid(), signal.SIGINT)

    with watchdown.open(tmp_path / "library", create=True) as library:
        with pytest.raises(KeyboardInterrupt):
            library.add(film, report=interrupt)
        assert library.search("a red car").hits == ()
    with watchdown.open(tmp_path / "library") as library:
        (added,) = library.add(film)
        assert (added.outcome, added.errors) == ("updated", ())
        assert library.search("a red car").hits
    assert leftovers(tmp_path / "library") == []


def test_people_search_while_files_are_added(shelf: Shelf, tmp_path: Path) -> None:
    async def both() -> tuple[list[Any], set[tuple[str, ...]]]:
        async with await watchdown.open_async(tmp_path / "library", create=True) as library:
            adding = asyncio.create_task(library.add(shelf.harbour_file, shelf.meadow_file))
            seen = set()
            while not adding.done():
                page = await library.search("a red car")
                seen.add(tuple(sorted({hit.title_name for hit in page})))
            return await adding, seen

    added, seen = asyncio.run(both())
    assert [one.outcome for one in added] == ["added", "added"]
    assert seen <= {(), ("Harbour",), ("Harbour", "Meadow")}


def test_adds_at_the_same_time_take_turns(shelf: Shelf, tmp_path: Path) -> None:
    async def both() -> list[list[Any]]:
        async with await watchdown.open_async(tmp_path / "library", create=True) as library:
            return await asyncio.gather(library.add(shelf.harbour_file), library.add(shelf.harbour_file))

    outcomes = [one.outcome for added in asyncio.run(both()) for one in added]
    assert sorted(outcomes) == ["added", "unchanged"]
