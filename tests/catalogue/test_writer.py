"""The writer's lock: one process has it, and it is free once that process has died."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from watchdown.catalogue.database import open_database
from watchdown.catalogue.writer import writer_lock
from watchdown.settings import Address

HOLD = """
import sys
from watchdown.catalogue.database import open_database
from watchdown.catalogue.writer import writer_lock
from watchdown.settings.address import parse
database = open_database(parse(sys.argv[1], {"sqlite", "postgresql"}))
with writer_lock(database).held(lambda: None):
    print("held", flush=True)
    sys.stdin.read()
"""


class StillHeldError(Exception):
    """What the one who waits says."""


def impatient() -> None:
    raise StillHeldError


@contextmanager
def holder(address: Address) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, address.reveal()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


def test_the_lock_is_held_by_one_and_given_back(address: Address) -> None:
    database = open_database(address)
    one, other = writer_lock(database), writer_lock(database)
    with one.held(impatient), pytest.raises(StillHeldError), other.held(impatient):
        pytest.fail("two have the lock")
    with other.held(impatient):
        pass
    database.close()


def test_the_one_who_waits_is_asked_again_and_again_and_gets_the_lock(address: Address) -> None:
    database = open_database(address)
    asked = 0
    with holder(address) as process:

        def waiting() -> None:
            nonlocal asked
            asked += 1
            if asked == 3:
                assert process.stdin is not None
                process.stdin.close()

        with writer_lock(database).held(waiting):
            assert asked >= 3
        process.wait()
    database.close()


def test_a_process_that_dies_lets_go_of_the_lock(address: Address) -> None:
    database = open_database(address)
    with holder(address) as process:
        with pytest.raises(StillHeldError), writer_lock(database).held(impatient):
            pytest.fail("two have the lock")
        process.kill()
        process.wait()
        with writer_lock(database).held(lambda: None):
            pass
    database.close()


def test_what_fails_under_the_lock_gives_it_back(address: Address) -> None:
    database = open_database(address)
    with pytest.raises(StillHeldError), writer_lock(database).held(impatient):
        raise StillHeldError
    with writer_lock(database).held(impatient), database.writing():
        pass
    database.close()


def test_locks_of_other_names_do_not_wait_for_the_writer(address: Address) -> None:
    database = open_database(address)
    with writer_lock(database).held(pytest.fail), writer_lock(database, "loader").held(pytest.fail):
        with database.writing():
            pass
        with pytest.raises(StillHeldError), writer_lock(database, "loader").held(impatient):
            pytest.fail("the lock is held already")
    database.close()
