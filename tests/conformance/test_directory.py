"""What a directory must answer: the database, and a store that was told what the database knows."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from sqlalchemy import update

from watchdown.catalogue.database import Database, open_database
from watchdown.catalogue.directory import Directory
from watchdown.catalogue.metadata import Metadata
from watchdown.catalogue.model import Asset, CastMember, Person, Timeline, Title
from watchdown.catalogue.people import People
from watchdown.catalogue.revision import touch
from watchdown.catalogue.rights import Rights
from watchdown.catalogue.schema_types import StoredTypes
from watchdown.catalogue.tables import counters
from watchdown.catalogue.titles import Catalogue
from watchdown.client.database_directory import DatabaseDirectory
from watchdown.client.telling import Telling
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown.stores.opensearch.cluster import Access, Cluster, Layout
from watchdown.stores.opensearch.directory import StoreDirectory
from watchdown_schemas.errors import CursorExpired, NotFound

ADA = Person(id="ada-long", name="Ada Long", aliases=("A. Long", "Ädä"))
BO = Person(id="bo", name="Bo")
RATE = Fraction(24000, 1001)
WAY = (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED)


@dataclass(frozen=True)
class Told:
    """A library's database, its directory, and how the directory is brought up to date."""

    database: Database
    directory: Directory
    telling: Telling | None

    def tell(self) -> None:
        """Tell the directory what has changed, where it is told."""
        if self.telling:
            self.telling.everything()

    def publish(self, title: str, model: str) -> int:
        """Publish a run of a title, and return its number."""
        ledger = Ledger(self.database)
        run = ledger.plan(
            title=title,
            timeline=f"{title}.1",
            algorithm="look",
            version="1.0.0",
            memo_key=uuid.uuid4().hex,
            model=model,
        )
        for state in WAY:
            ledger.step(run.number, state)
        ledger.publish([run.number])
        return run.number


def enter(database: Database, title: str, name: str, languages: tuple[str, ...] = ()) -> None:
    """Enter a title with a subtitle track of each language."""
    timeline = Timeline(
        id=f"{title}.1", title=title, duration_ns=2**40, rate=RATE, start_frame=7, drop_frame=True
    )
    assets = [
        Asset(
            id=f"{title}-{language}",
            title=title,
            timeline=timeline.id,
            kind="text",
            path=f"{title}.{language}.srt",
            fingerprint=f"{title}{language}",
            language=language,
        )
        for language in languages
    ]
    Catalogue(database).add(Title(id=title, name=name, added_at=""), timeline, assets)


@pytest.fixture(params=["database", "opensearch"])
def library(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    database = open_database(tmp_path / "library.db")
    catalogue, ledger = Catalogue(database), Ledger(database)
    if request.param == "database":
        directory = DatabaseDirectory(catalogue, ledger, Metadata(database), People(database))
        yield Told(database, directory, None)
    else:
        layout = Layout(prefix=f"t{uuid.uuid4().hex[:12]}", replicas=0)
        cluster = Cluster(Access(url=request.getfixturevalue("opensearch_url")), layout)
        told = StoreDirectory(cluster)
        yield Told(database, told, Telling(database, ledger, StoredTypes(database), told))
        cluster.request("remove them", "DELETE", f"/{layout.prefix}-*")
        cluster.close()
    database.close()


@pytest.fixture
def filled(library: Told) -> Told:
    """Three titles, two of them of one name."""
    database = library.database
    enter(database, "heat", "Heat", ("en", "pt-BR"))
    enter(database, "heat2", "Heat", ("en",))
    enter(database, "sea", "The Sea: a 'film' / 海")
    Metadata(database).set("heat", {"season": 2, "genre": ("drama", "crime"), "colour": True, "code": "2"})
    Metadata(database).set("sea", {"season": 2.5, "genre": ("sea",), "colour": False})
    People(database).set_cast("heat", [CastMember(person=ADA, character="Pilot", aliases=("P.",))])
    People(database).set_cast("sea", [CastMember(person=BO), CastMember(person=ADA)])
    Rights(database).set("sea", ["editors", "owners"])
    library.tell()
    return library


def test_an_empty_library_answers_with_nothing(library: Told) -> None:
    library.tell()
    directory = library.directory
    view = directory.view()
    assert (view.epoch, view.last_run, view.visible) == (0, 0, frozenset())
    assert (directory.titles(), set(directory.languages()), directory.models(view)) == ([], set(), {})
    assert (
        list(directory.people("Ada")),
        directory.titles_with("ada"),
        directory.titles_having("a", ["b"]),
    ) == (
        [],
        frozenset(),
        frozenset(),
    )
    with pytest.raises(NotFound, match="is no title here"):
        directory.title("heat")


def test_titles_are_found_by_name_and_id(filled: Told) -> None:
    directory = filled.directory
    assert [one.id for one in directory.titles()] == ["heat", "heat2", "sea"]
    assert directory.title("The Sea: a 'film' / 海").id == directory.title("sea").id == "sea"
    with pytest.raises(NotFound, match=r"is the name of 2 titles\. Use an id: heat, heat2"):
        directory.title("Heat")
    known = directory.known({"heat", "sea"})
    assert known["heat"].timeline == Timeline(
        id="heat.1", title="heat", duration_ns=2**40, rate=RATE, start_frame=7, drop_frame=True
    )
    assert known["sea"].title.name == "The Sea: a 'film' / 海"
    assert set(directory.languages()) == {"en", "pt-BR"}


def test_metadata_is_of_its_kind(filled: Told) -> None:
    having = filled.directory.titles_having
    for name, values, expected in (
        ("season", [2], {"heat"}),
        ("season", [2.0, "2"], {"heat"}),
        ("season", [2.5], {"sea"}),
        ("season", ["2"], set()),
        ("code", ["2"], {"heat"}),
        ("code", [2], set()),
        ("genre", ["crime", "sea"], {"heat", "sea"}),
        ("genre", ["crim"], set()),
        ("colour", [True], {"heat"}),
        ("colour", [1], set()),
        ("nothing", ["crime"], set()),
    ):
        assert having(name, values) == expected, (name, values)


def test_people_are_known_by_all_their_names(filled: Told) -> None:
    directory = filled.directory
    for name in ("Ada Long", "ADA LONG", "a long", "ada", "ada-long"):
        assert list(directory.people(name)) == [ADA], name
    assert list(directory.people("Pilot")) == []
    assert directory.titles_with("ada-long") == {"heat", "sea"}
    assert list(directory.cast("heat")) == [CastMember(person=ADA, character="Pilot", aliases=("P.",))]
    assert [member.person for member in directory.cast("sea")] == [BO, ADA]
    assert list(directory.cast("heat2")) == []


def test_changes_are_seen_once_they_are_told(filled: Told) -> None:
    renamed = Person(id="ada-long", name="Ada Short")
    People(filled.database).put(renamed)
    Metadata(filled.database).set("heat", {"season": None})
    enter(filled.database, "new", "New", ("ja",))
    filled.tell()
    directory = filled.directory
    assert list(directory.people("Ada Short")) == [renamed]
    assert list(directory.people("Ada Long")) == []
    assert directory.titles_having("season", [2]) == frozenset()
    assert directory.title("New").id == "new"
    assert set(directory.languages()) == {"en", "ja", "pt-BR"}


@pytest.mark.feature(14)
def test_what_is_visible_goes_from_epoch_to_epoch(filled: Told) -> None:
    directory = filled.directory
    first = filled.publish("heat", "m1")
    filled.tell()
    second = filled.publish("heat", "m2")
    before = directory.view(1)
    filled.tell()
    third = filled.publish("sea", "m2")
    filled.tell()
    assert (before.visible, directory.view(1).visible) == ({first}, {first})
    assert directory.view(2).visible == {second}
    view = directory.view()
    assert (view.epoch, view.last_run, view.visible) == (3, third, {second, third})
    assert directory.models(view) == {"look": {"m2"}}
    with pytest.raises(NotFound, match="4: is no epoch of this library"):
        directory.view(4)


def test_what_is_told_late_or_twice_turns_nothing_back(filled: Told) -> None:
    if filled.telling is None:
        return
    run = filled.publish("heat", "m1")
    older = Ledger(filled.database).view()
    filled.publish("sea", "m1")
    filled.tell()
    told = filled.directory
    assert isinstance(told, StoreDirectory)
    newest = told.view()
    told.show(older, {"look": {"m1"}})
    told.enter([], 1)
    filled.tell()
    assert told.view() == newest
    assert told.view().visible > {run}
    assert told.title("sea").id == "sea"
    assert told.rights("sea") == {"editors", "owners"}


def test_an_epoch_whose_runs_were_removed_is_refused_and_never_answered_in_part(library: Told) -> None:
    enter(library.database, "t", "A Film")
    for model in ("a", "b", "c"):
        library.publish("t", model)
        library.tell()
    assert len(library.directory.view(1).visible) == 1
    with library.database.writing() as connection:
        oldest = counters.c.name == "oldest"
        connection.execute(update(counters).where(oldest).values(value=3))
    library.tell()
    for epoch in (1, 2):
        with pytest.raises(CursorExpired, match="kept no more"):
            library.directory.view(epoch)
    assert library.directory.view(3) == library.directory.view()
    assert library.directory.view(0).visible == frozenset()
    with pytest.raises(NotFound):
        library.directory.view(4)


def test_a_title_that_is_forgotten_is_known_no_more_and_may_come_back(library: Told) -> None:
    if library.telling is None:
        return
    enter(library.database, "t", "A Film", ("de",))
    enter(library.database, "u", "Another")
    library.tell()
    store = library.telling._directory
    for _ in range(2):
        store.forget(["t", "a/b"])
        assert [one.id for one in library.directory.titles()] == ["u"]
        assert library.directory.known(["t"]) == {}
        assert library.directory.languages() == set()
    with library.database.writing() as connection:
        touch(connection, ["t"])
    library.tell()
    assert [one.id for one in library.directory.titles()] == ["t", "u"]
