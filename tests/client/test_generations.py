"""A newer model's results beside those that readers see: hidden, compared, shown and taken back at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Self

import pytest

import watchdown
from client.changed_models import NAME, catalogue_with, changed
from client.libraries import services
from services.library import settings_of
from services.postgresql import drop_database, new_database
from watchdown.client import Library, backfilling, backfills
from watchdown.models.canary import verdict
from watchdown.runs.batch import read_batch
from watchdown.runs.states import State
from watchdown.search.query import Description, Dialogue, Query, SimilarTo
from watchdown.search.query_log import QueryLog
from watchdown.storage import keys
from watchdown_algos.catalogue import Known
from watchdown_algos.drawn.film import film_of
from watchdown_algos.drawn.write import write_film
from watchdown_schemas.errors import NotFound, QueryError, RunError

QUERIES = ("a red race car", "a dog in the snow", "night", "a blue helicopter in the sky")
Answers = dict[str, list[tuple[str, int, float, int]]]


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Draw three short films."""
    folder = tmp_path_factory.mktemp("films")
    for number, name in enumerate(("One", "Two", "Three")):
        write_film(film_of(60 + number, name=name, shots=4, seconds=(0.6, 0.8)), folder / f"{name}.mp4")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Known:
    """Give the next version of the embedding algorithm, whose model has learnt something else."""
    return changed(tmp_path_factory.mktemp("newer") / "algorithm", version="2.0.0", noise=0.5)


@pytest.fixture(params=["folder", "servers"])
def place(request: pytest.FixtureRequest, films: Sequence[Path], tmp_path: Path) -> Iterator[Path]:
    """Give a library of the films, made with the older version: Lance and SQLite, then servers."""
    place, database = tmp_path / "library", None
    if request.param == "servers":
        database = new_database(request.getfixturevalue("postgresql_url"))
        place = tmp_path / "watchdown.toml"
        servers = [request.getfixturevalue(name) for name in ("s3_server", "opensearch_url")]
        place.write_text(settings_of(database, *servers))
    with watchdown.open(place, create=True) as library:
        added = library.add(*films, copy=True, only=["shots", NAME])
        assert [one.outcome for one in added] == ["added"] * 3
    yield place
    if database is not None:
        drop_database(database)


def answers(library: Library) -> Answers:
    """Return what each query finds, with its epoch left out."""
    return {query: found(library, query) for query in QUERIES}


def found(library: Library, query: str) -> list[tuple[str, int, float, int]]:
    page = library.search(query, limit=50)
    assert (page.complete, page.notes) == (True, ())
    return [(hit.title_name, hit.start_ns, hit.score, hit.evidence["run"]) for hit in page]


class Poller:
    """Searches again and again while other things happen, and remembers each answer that it was given."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._enough = Event()
        self._went_round = Event()
        self._thread = Thread(target=self._poll)
        self.seen: list[Answers] = []
        self.error: BaseException | None = None

    def _poll(self) -> None:
        try:
            while not self._enough.is_set():
                for query in QUERIES:
                    one = {query: found(self._library, query)}
                    if one not in self.seen:
                        self.seen.append(one)
                self._went_round.set()
        except BaseException as error:
            self.error = error
            raise

    def round(self) -> None:
        """Wait until every query was asked once more."""
        for _ in range(2):
            self._went_round.clear()
            while not self._went_round.wait(0.1):
                assert self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        self.round()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        assert self.error is None


def test_a_new_model_is_built_beside_the_old_shown_by_one_flip_and_taken_back_by_one(
    place: Path, newer: Known
) -> None:
    with watchdown.open(place) as library:
        old = answers(library)
        epoch = library.search(QUERIES[0]).epoch
    with (
        watchdown.open(place, algorithms=catalogue_with(newer)) as library,
        watchdown.open(place, algorithms=catalogue_with(newer)) as reader,
    ):
        assert answers(library) == old  # the new version is installed, the old model answers
        with Poller(reader) as poller:
            done = library.backfills.run(NAME, size=1, publish="later")
            assert (done.state, done.loaded, done.published, done.failed) == ("running", 3, 0, 0)
            poller.round()
            assert answers(library) == old
            assert library.search(QUERIES[0]).epoch == epoch
            shifts = library.generations.compare(done.backfill, QUERIES)
            assert answers(library) == old
            promoted = library.generations.promote(done.backfill)
            assert (promoted.epoch, promoted.runs) == (epoch + 1, 3)
            poller.round()
            new = answers(library)
            library.generations.rollback(done.backfill)
            poller.round()
        assert answers(library) == old
        for query in QUERIES:
            assert {hit[2] for hit in old[query]}.isdisjoint(hit[2] for hit in new[query])
            assert [one[query] for one in poller.seen if query in one] == [old[query], new[query]]
        assert {one.query for one in shifts.queries} == set(QUERIES)
        for one in shifts.queries:
            first = [[hit[:2] for hit in side[one.query][:10]] for side in (old, new)]
            longer = max(map(len, first))
            assert one.overlap == len(set(first[0]) & set(first[1])) / longer
            assert [(hit.title_name, hit.start_ns) for hit in one.came] == [
                hit for hit in first[1] if hit not in first[0]
            ]
        [told] = library.generations.list()
        assert (told.models, told.seen) == (
            (_model(newer),),
            tuple(services(library).ledger.models(services(library).ledger.view())[NAME]),
        )
        assert told.state == "done"


@pytest.fixture
def waiting(films: Sequence[Path], newer: Known, tmp_path: Path) -> Iterator[Library]:
    """Give a library in a folder in which a generation waits to be promoted, as backfill 1."""
    with watchdown.open(tmp_path / "library", create=True) as library:
        library.add(*films, only=["shots", NAME])
    with watchdown.open(tmp_path / "library", algorithms=catalogue_with(newer)) as library:
        assert library.backfills.run(NAME, publish="later").loaded == 3
        yield library


def test_a_file_that_is_added_again_leaves_a_generation_hidden(
    waiting: Library, films: Sequence[Path]
) -> None:
    old = answers(waiting)
    [added] = waiting.add(films[0], only=[NAME])
    assert any("is at work in a backfill" in note for note in added.notes)
    assert answers(waiting) == old
    assert waiting.generations.list()[0].ready


def test_a_generation_that_is_taken_up_still_waits(waiting: Library) -> None:
    taken_up = waiting.backfills.run(NAME)
    assert (taken_up.backfill, taken_up.publish, taken_up.loaded, taken_up.published) == (1, "later", 3, 0)
    assert waiting.backfills.run(NAME, publish="all").published == 3  # somebody has changed their mind


def test_a_generation_that_was_cancelled_is_never_seen(waiting: Library) -> None:
    old = answers(waiting)
    assert waiting.backfills.cancel(1).state == "cancelled"
    for act in (waiting.generations.promote, lambda number: waiting.generations.compare(number, QUERIES)):
        with pytest.raises(RunError, match="backfill 1: was cancelled: nothing of it is ever seen"):
            act(1)
    assert answers(waiting) == old


def test_what_is_no_generation_or_not_there_is_named(waiting: Library) -> None:
    other = waiting.backfills.run("shots", publish="batch")
    with pytest.raises(RunError, match="is no generation: it shows each batch as soon as it is loaded"):
        waiting.generations.promote(other.backfill)
    with pytest.raises(NotFound, match="77: is no backfill of this library"):
        waiting.generations.promote(77)
    assert [one.backfill for one in waiting.generations.list()] == [1]


def test_a_generation_is_shown_whole_or_not_at_all(waiting: Library) -> None:
    old, inner = answers(waiting), services(waiting)
    runs = [run for run in inner.ledger.runs() if run.batch]
    inner.ledger.step(runs[0].number, State.FAILED, error="the disk was full")
    with pytest.raises(RunError, match="has 1 of 3 runs that failed, and tolerates 0 of them"):
        waiting.generations.promote(1)
    assert answers(waiting) == old
    assert waiting.generations.compare(1, QUERIES).notes == (
        "2 of 3 runs are loaded: the other titles answer as now",
    )
    retried = waiting.backfills.retry_failed(1)
    assert (retried.state, retried.loaded) == ("running", 3)
    assert waiting.generations.promote(1).runs == 3
    with pytest.raises(RunError, match="was shown already"):
        waiting.generations.promote(1)


def test_a_generation_that_is_at_work_is_not_promoted(waiting: Library) -> None:
    inner = services(waiting)
    assert waiting.backfills.cancel(1).state == "cancelled"
    wish = backfills.Wish(algorithm=NAME, publish="later", size=1)
    number = backfills.begin(inner, wish).backfill.number
    with pytest.raises(RunError, match="has nothing that is loaded"):
        waiting.generations.promote(number)
    first = inner.backfills.batches(number)[0]
    backfilling.worker_of(inner)(read_batch(inner.storage, first), 0)
    for stage in (inner.batches.record, inner.batches.validate, inner.batches.load):
        stage(first)
    with pytest.raises(RunError, match="has 2 of 3 runs that are not loaded yet"):
        waiting.generations.promote(number)
    assert not waiting.generations.list()[0].ready
    assert [run.state for run in backfills.publish(inner, first)] == [State.LOADED]


def test_a_model_that_fails_its_canary_is_not_promoted(waiting: Library, newer: Known) -> None:
    old, storage, key = answers(waiting), services(waiting).storage, keys.canary(_model(newer))
    said = verdict(storage, _model(newer))
    assert said is not None
    storage.put(key, said.model_copy(update={"reason": "it sees nothing"}).model_dump_json().encode())
    with pytest.raises(RunError, match="has 3 of 3 runs that failed"):
        waiting.generations.promote(1)
    assert answers(waiting) == old
    assert waiting.generations.list()[0].failed == 3


def test_queries_come_from_a_file_as_descriptions_and_as_json(waiting: Library, tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    spoken = Query(leaf=Dialogue(text="hello"))
    file.write_text(f"a red race car\n\n  night  \n{spoken.model_dump_json()}\n")
    compared = waiting.generations.compare(1, file, limit=3)
    assert sorted(one.query for one in compared.queries) == ["a red race car", "hello", "night"]
    assert (compared.limit, compared.loaded, compared.runs) == (3, 3, 3)
    of_words = next(one for one in compared.queries if one.query == "hello")
    assert (of_words.overlap, of_words.rank_correlation, of_words.score_shift) == (1, None, None)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "the queries: are none"),
        ("fine\n{broken", "queries.txt, line 2: is no query"),
        ('{"leaf": {"kind": "smell"}}', "queries.txt, line 1: is no query"),
    ],
)
def test_queries_that_cannot_be_asked_are_named(
    waiting: Library, tmp_path: Path, text: str, told: str
) -> None:
    file = tmp_path / "queries.txt"
    file.write_text(text)
    with pytest.raises(QueryError, match=told):
        waiting.generations.compare(1, file)
    with pytest.raises(QueryError, match="cannot be read"):
        waiting.generations.compare(1, tmp_path / "nowhere.txt")


def test_without_a_file_the_queries_that_are_remembered_are_compared(waiting: Library) -> None:
    with pytest.raises(QueryError, match="the queries: are none"):
        waiting.generations.compare(1)
    log = QueryLog(services(waiting).storage, 100)
    gone = Query(leaf=SimilarTo(shot="gone"))
    for query in (*(Query(leaf=Description(text=text)) for text in ("night", "a boat", "night")), gone):
        log.note(query)
    log.flush()
    compared = waiting.generations.compare(1)
    assert sorted(one.query for one in compared.queries) == ["a boat", "night"]
    assert compared.notes == (
        "1 of the queries that are remembered cannot be asked any more, and were left out",
    )


def _model(known: Known) -> str:
    model = known.load_model()
    assert model is not None
    return model.fingerprint
