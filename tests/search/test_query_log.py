"""The log of queries: written some at a time, bounded, and never in the way of a search."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.storages import made, storage_code
from watchdown.search.query import Description, Picture, Query
from watchdown.search.query_log import AT_ONCE, LONGEST_S, QueryLog, clear, logged
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown_schemas.errors import StorageDenied


@pytest.fixture(params=["local", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    return made(storage_code(request.param, tmp_path, lambda: request.getfixturevalue("s3_server")))


def asked(number: int) -> Query:
    return Query(leaf=Description(text=f"shot {number}"))


def texts(storage: Storage) -> list[str]:
    return [one.query.describe() for one in logged(storage)]


def test_queries_of_several_processes_are_read_newest_first(storage: Storage) -> None:
    for log, numbers in ((QueryLog(storage, 100), (1, 2)), (QueryLog(storage, 100), (3,))):
        for number in numbers:
            log.note(asked(number))
        log.flush()
        log.flush()  # nothing is written twice
    assert texts(storage) == ["shot 3", "shot 2", "shot 1"]
    assert clear(storage) == 3
    assert texts(storage) == []


def test_only_about_the_newest_are_kept(storage: Storage) -> None:
    log = QueryLog(storage, 4)
    for first in range(0, 9, 3):
        for number in range(first, first + 3):
            log.note(asked(number))
        log.flush()
    assert texts(storage) == [f"shot {number}" for number in range(8, 2, -1)]


def test_many_are_written_at_once_and_few_after_a_while(storage: Storage) -> None:
    now = 0.0
    log = QueryLog(storage, 1000, elapsed=lambda: now)
    for number in range(AT_ONCE - 1):
        log.note(asked(number))
    assert texts(storage) == []
    log.note(asked(AT_ONCE))
    assert len(texts(storage)) == AT_ONCE
    log.note(asked(0))
    now = LONGEST_S
    log.note(asked(1))
    assert len(texts(storage)) == AT_ONCE + 2


def test_a_log_that_is_off_and_pictures_are_not_noted(storage: Storage) -> None:
    for log, query in (
        (QueryLog(storage, 0), asked(1)),
        (QueryLog(storage, 9), Query(leaf=Picture(image=b"x"))),
    ):
        log.note(query)
        log.flush()
    assert list(storage.list(keys.QUERIES)) == []


class ReadOnly(LocalStorage):
    """A storage that somebody may only read."""

    tries = 0

    def put(self, key: str, data: bytes) -> None:
        self.tries += len(data) > 0
        raise StorageDenied(key, "may not be written", "Ask for the right")


def test_who_may_not_write_searches_on_and_logs_no_more(tmp_path: Path) -> None:
    storage = ReadOnly(tmp_path)
    log = QueryLog(storage, 9)
    for number in range(3):
        log.note(asked(number))
        log.flush()
    assert storage.tries == 1


@pytest.mark.parametrize("line", [b"", b"no json", b'{"at": "now"}'])
def test_lines_that_are_none_are_left_out(storage: Storage, line: bytes) -> None:
    log = QueryLog(storage, 9)
    log.note(asked(1))
    log.flush()
    [stored] = storage.list(keys.QUERIES)
    storage.put(stored.key, storage.read(stored.key) + line)
    assert texts(storage) == ["shot 1"]
