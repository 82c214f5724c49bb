"""The budget over real processes: set, changed, paused and resumed by commands while they load."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalogue.databases import DRIVERS, fresh
from client.libraries import make
from watchdown.cli import main
from watchdown.cli.exit_codes import ExitCode
from watchdown.client.opening import opened
from watchdown.load.clock import RealClock
from watchdown.load.leases import LEASE_S, Leases
from watchdown.settings import Address

LOADER = """
import sys
from watchdown.catalogue.database import open_database
from watchdown.load.budget import Budget
from watchdown.load.claim import Claim
from watchdown.settings.address import parse
with Budget(open_database(parse(sys.argv[1], {"sqlite", "postgresql"})), claim=Claim(backfill=7)) as budget:
    print("ready", flush=True)
    while True:
        budget.take(20, 2_000)
"""
LOOK_S, PATIENCE_S = 0.05, 60.0
RATE, FASTER = 400.0, 2_000.0


@contextmanager
def loading(address: Address) -> Iterator[None]:
    """Let two processes load all that they may, until the block ends."""
    command = [sys.executable, "-c", LOADER, address.reveal()]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        yield
    finally:
        for process in processes:
            process.kill()
            process.communicate()


class Watch:
    """Looks at the budget of a library from outside."""

    def __init__(self, leases: Leases) -> None:
        self._leases = leases

    def counted(self) -> tuple[float, int]:
        """Return the time by the budget's own clock, and the documents that were taken until then."""
        found = self._leases.budget()
        return found.at, sum(one["documents"] for one in found.loaders)

    def renewed(self, times: int) -> None:
        """Wait until all loaders have told so often anew what they took."""
        for _ in range(times):
            before = {one["id"]: one["lease_until"] for one in self._leases.loading()}
            self.until(
                lambda before=before: all(
                    one["lease_until"] > before.get(one["id"], 0) for one in self._leases.loading()
                )
            )

    def until(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < deadline
            time.sleep(LOOK_S)

    def most(self, rate: float) -> None:
        """Check that over some renewals no more was taken than a rate allows, and that much was."""
        begin, before = self.counted()
        self.renewed(3)
        end, after = self.counted()
        assert after - before <= 1.1 * rate * (end - begin + LEASE_S)
        self.until(lambda: self.counted()[1] >= before + 2 * rate)


@pytest.mark.feature(25)
@pytest.mark.parametrize("driver", DRIVERS)
def test_the_rate_is_changed_paused_and_resumed_while_processes_load(
    request: pytest.FixtureRequest, driver: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with fresh(request, driver, tmp_path) as address:
        settings = tmp_path / "watchdown.toml"
        settings.write_text(f'database = "{address.reveal()}"\nstorage = "media"\nstore = "lance:lake"\n')
        make(settings).close()

        def budget(*arguments: str) -> str:
            assert main(["budget", *arguments, "--library", str(settings)]) == ExitCode.OK
            return capsys.readouterr().out

        budget("--rate", str(RATE))
        with opened(settings) as services, loading(address):
            watch = Watch(Leases(services.database, RealClock()))
            watch.renewed(1)
            watch.most(RATE)
            assert budget().count("backfill 7") == 2
            budget("--rate", str(FASTER))
            watch.renewed(2)
            watch.most(FASTER)
            assert "Paused: go on with watchdown budget --resume" in budget("--pause")
            watch.renewed(2)
            _, paused = watch.counted()
            watch.renewed(2)
            assert watch.counted()[1] == paused
            assert "Paused" not in budget("--resume")
            watch.most(FASTER)
