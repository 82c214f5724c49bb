"""Forgetting a title: no trace of it anywhere, and nobody else is told a difference; on both deployments."""

from __future__ import annotations

import io
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import watchdown
from client.deployments import DEPLOYMENTS, deployed, entered
from client.libraries import SECOND, services
from watchdown.catalogue.model import Asset, CastMember, Person
from watchdown.client import Library
from watchdown.runs.states import State
from watchdown.storage import keys
from watchdown_schemas.errors import CursorExpired, NotFound, RunError
from watchdown_schemas.types import Note

LOST, KEPT = "aa0001f00d00", "bb0002f00d00"
PRINT, OTHER = "a1" * 32, "b2" * 32


@pytest.fixture(params=DEPLOYMENTS)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with deployed(request, request.param, tmp_path) as place:
        yield place


def asset(title: str, content: str, path: str, *, copied: bool) -> Asset:
    return Asset(
        id=f"{title[:6]}{len(path)}",
        title=title,
        timeline=f"{title}.1",
        kind="video",
        path=path,
        fingerprint=content,
        copied=copied,
        facts={},
    )


@pytest.fixture
def library(place: Path) -> Iterator[Library]:
    with entered(place, LOST, KEPT) as library:
        fill(library)
        yield library


def fill(library: Library) -> None:
    """Write runs in several states, and everything else that a library may have of titles."""
    parts = services(library)
    for title, content in ((LOST, PRINT), (KEPT, OTHER)):
        source = keys.source(content, "film.mp4")
        films = [
            asset(title, content, source, copied=True),
            asset(title, f"{content}#2", source, copied=True),
            asset(title, f"{content[:-1]}c", f"/films/{title}.srt", copied=False),
        ]
        found = parts.catalogue.title(title)
        parts.catalogue.add(found, parts.timeline(title), films)
        parts.storage.put(source, b"film")
        parts.metadata.set(title, {"genre": "drama"})
        parts.people.set_cast(title, [CastMember(person=Person(id="ada", name="Ada"), character="Bo")])
        for version in (1, 2):
            rows = [
                Note(start_ns=at, end_ns=at + 1, note=f"n{at}", text=f"Lantern {at} in {title}", author="ada")
                for at in range(20)
            ]
            run = library.write("Note", rows, title, algorithm="hand", version=f"{version}.0.0").run
            parts.storage.put(f"{keys.derived(content, run)}sprites-0000.jpg", b"1")
            parts.storage.put(keys.refused(run, "Note"), b"1")
            parts.storage.put(keys.dead_letters(run, "Note"), b"1")
        library.notes.save(title, "A private thought", author="bo", start_ns=1, end_ns=2)
        stuck = parts.ledger.plan(
            title=title, timeline=f"{title}.1", algorithm="x", version="1.0.0", memo_key="k", model=None
        )
        parts.ledger.step(stuck.number, State.RUNNING)
        parts.storage.put(f"{keys.staged(stuck.number)}a/Note.parquet", title.encode())
        parts.storage.put(keys.batch(f"of-{title}"), f'{{"title": "{title}"}}'.encode())
        parts.storage.put(f"reports/of-{title}/report.json", f'{{"title": "{title}"}}'.encode())
        parts.storage.put(f"reports/of-{title}/docs/index.html", b"<p>of nobody</p>")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr(f"{title}/hand-1.0.0-Note.jsonl", "{}")
        parts.storage.put(keys.bundle(f"of-{title}"), packed.getvalue())
        spool = parts.shelf.work / content
        spool.mkdir(parents=True)
        (spool / "stills.jpegs").write_bytes(b"1")


def told(library: Library, title: str) -> list[Any]:
    return [
        [(hit.text, hit.run) for hit in library.search("lantern", schema_type="Note", titles=[title]).hits],
        library.count("Note", titles=[title]),
        [one.model_dump() for one in library.records("Note", titles=[title])],
        [(run.number, run.state) for run in services(library).ledger.runs(title)],
        [key for key in listed(library) if title in key or OTHER in key],
        services(library).people.cast(title),
    ]


def listed(library: Library) -> list[str]:
    areas = (keys.STAGED, keys.MEDIA, keys.BATCHES, keys.REPORTS, keys.BUNDLES, keys.QUARANTINE)
    storage = services(library).storage
    return [stored.key for area in (*areas, keys.DEAD_LETTERS) for stored in storage.list(area)]


@pytest.mark.feature(80)
def test_a_forgotten_title_is_nowhere_and_the_others_are_as_they_were(library: Library, place: Path) -> None:
    before, parts = told(library, KEPT), services(library)
    there = library.collection.forget(LOST, dry_run=True)
    assert not there.proven
    assert all(there.left[where] for where in ("database", "store", "files", "scratch"))
    assert told(library, KEPT) == before
    gone = library.collection.forget(LOST)
    assert gone.proven
    assert (gone.name, len(gone.runs)) == (LOST, 4)
    assert gone.untouched == (f"/films/{LOST}.srt",)
    assert [one.id for one in library.titles()] == [KEPT]
    assert told(library, KEPT) == before
    assert not any(LOST in key or PRINT in key for key in listed(library))
    for asked in (lambda: library.show(LOST), lambda: library.search("lantern", titles=[LOST])):
        with pytest.raises(NotFound):
            asked()
    assert {hit.title for hit in library.search("lantern", schema_type="Note", limit=99).hits} == {KEPT}
    if place.suffix != ".toml":
        for path in place.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                assert not any(word.encode() in content for word in (LOST, PRINT)), path
    with pytest.raises(NotFound):
        library.collection.forget(LOST)
    assert parts.people.person("ada").name == "Ada"


def test_pages_that_showed_it_end_and_new_searches_never_fail(library: Library, place: Path) -> None:
    page = library.search("lantern", schema_type="Note", limit=5)
    done, seen = threading.Event(), list[set[str]]()

    def read() -> None:
        with watchdown.open(place) as other:
            while not done.is_set() or not seen:
                seen.append({hit.title for hit in other.search("lantern", schema_type="Note", limit=99).hits})

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert library.collection.forget(LOST).proven
    finally:
        done.set()
        reader.join()
    assert {KEPT} <= seen[-1] <= {KEPT, LOST}
    with pytest.raises(CursorExpired):
        library.search("lantern", schema_type="Note", limit=5, after=page.cursor)


def test_media_that_were_taken_in_may_be_kept(library: Library) -> None:
    gone = library.collection.forget(LOST, keep_media=True)
    assert gone.proven
    kept = services(library).storage.place(keys.source(PRINT, "film.mp4"))
    assert gone.untouched == (kept, f"/films/{LOST}.srt")
    assert [key for key in listed(library) if PRINT in key] == [keys.source(PRINT, "film.mp4")]


def test_a_source_that_another_title_has_as_well_stays(library: Library) -> None:
    parts, shared = services(library), keys.source("cd" * 32, "lines.srt")
    parts.storage.put(shared, b"1")
    for title in (LOST, KEPT):
        one = asset(title, "cd" * 32, shared, copied=True)
        parts.catalogue.add(parts.catalogue.title(title), parts.timeline(title), [one])
    library.collection.forget(LOST, keep_media=True)
    assert shared in listed(library)


def test_a_title_in_a_batch_that_is_worked_on_is_refused_and_stays(library: Library) -> None:
    parts = services(library)
    open_ones = [run.number for run in parts.ledger.runs(states=[State.RUNNING])]
    parts.ledger.assign("busy", open_ones)
    before = [told(library, title) for title in (LOST, KEPT)]
    with pytest.raises(RunError, match="worked on"):
        library.collection.forget(LOST)
    assert [told(library, title) for title in (LOST, KEPT)] == before
    parts.ledger.step(parts.ledger.runs(KEPT, [State.RUNNING])[0].number, State.FAILED)
    assert library.collection.forget(LOST).proven


def test_a_title_comes_back_as_a_new_one(library: Library, place: Path) -> None:
    library.collection.forget(LOST)
    with entered(place, LOST) as again:
        assert again.count("Note", titles=[LOST]) == 0
        row = Note(start_ns=0, end_ns=SECOND, note="n", text="A lantern anew", author="ada")
        again.write("Note", [row], LOST, algorithm="hand")
        found = again.search("lantern anew", schema_type="Note", titles=[LOST]).hits
        assert [hit.text for hit in found] == ["A lantern anew"]
