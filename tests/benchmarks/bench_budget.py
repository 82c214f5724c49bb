"""The load budget in real processes: rate, changes, cost; on PostgreSQL, too, where its URL is given.

python tests/benchmarks/bench_budget.py [postgresql://USER:PASSWORD@HOST/NAME]
"""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from databases import addresses
from machine import machine

from watchdown.catalogue.database import Database, open_database
from watchdown.load.budget import Budget
from watchdown.load.clock import RealClock
from watchdown.load.leases import Leases
from watchdown.settings import Address

RATE, BATCH, SIZE = 20_000.0, 200, 1_000
LOADER = """
import json, sys, time
from watchdown.catalogue.database import open_database
from watchdown.load.budget import Budget
from watchdown.settings.address import parse
with Budget(open_database(parse(sys.argv[1], {"sqlite", "postgresql"}))) as budget:
    renew, spent, waited = budget.renew, [0.0], [0.0]
    def timed():
        begin, cpu = time.perf_counter(), time.thread_time()
        renew()
        spent[0] += time.thread_time() - cpu
        waited[0] += time.perf_counter() - begin
    budget.renew = timed
    print("ready", flush=True)
    begin, end = time.time(), time.time() + float(sys.argv[2])
    took = []
    while time.time() < end:
        budget.take(int(sys.argv[3]), int(sys.argv[4]))
        took.append(time.time())
    seconds = time.time() - begin
    print(json.dumps({"took": took, "cost": [spent[0] / seconds, waited[0] / seconds]}))
"""


def start(address: Address, seconds: float) -> subprocess.Popen[str]:
    """Start a loader in a process of its own, and wait until it loads."""
    numbers = map(str, (seconds, BATCH, BATCH * SIZE))
    command = [sys.executable, "-c", LOADER, address.reveal(), *numbers]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def results(processes: list[subprocess.Popen[str]]) -> tuple[list[float], list[list[float]]]:
    """Return when batches were taken, and what renewing cost each loader: processor and waiting time."""
    took, cost = [], []
    for process in processes:
        if out := process.communicate()[0]:
            found = json.loads(out)
            took += found["took"]
            cost.append(found["cost"])
    return sorted(took), cost


def rate(took: list[float], begin: float, end: float) -> float:
    """Return the documents in a second over a time."""
    return BATCH * sum(begin <= at < end for at in took) / (end - begin)


def told(what: str, measured: float, wanted: float) -> None:
    """Print a rate beside the one set."""
    off = measured / wanted - 1
    print(f"  {what}: {measured:,.0f} documents/s for {wanted:,.0f} set ({off:+.1%}), aim 5 %")


def steady(address: Address, leases: Leases, count: int) -> None:
    """Measure the rate of some loaders that come and stay."""
    leases.set_limits({"documents": RATE, "bytes": None})
    processes = [start(address, 12) for _ in range(count)]
    begin = time.time() + 1
    took, cost = results(processes)
    told(f"{count} loaders", rate(took, begin, begin + 9), RATE)
    cpu, waited = (max(one[place] for one in cost) for place in (0, 1))
    print(
        f"    renewing costs {cpu:.2%} of a loader's time (aim < 1 %); a thread of its own waits {waited:.2%}"
    )


def in_bytes(address: Address, leases: Leases) -> None:
    """Measure a limit in bytes."""
    leases.set_limits({"documents": None, "bytes": RATE * SIZE})
    processes = [start(address, 8) for _ in range(2)]
    begin = time.time() + 1
    told("2 loaders, limited in bytes", rate(results(processes)[0], begin, begin + 6), RATE)


def joined(address: Address, leases: Leases) -> None:
    """Measure the rate while a second loader joins."""
    leases.set_limits({"documents": RATE, "bytes": None})
    first = start(address, 14)
    begin = time.time() + 1
    time.sleep(5)
    second = start(address, 8)
    told("one joins", rate(results([first, second])[0], begin, begin + 12), RATE)


def died(address: Address, leases: Leases) -> None:
    """Measure the rate once the lease of a killed loader has ended, and how long that took."""
    leases.set_limits({"documents": RATE, "bytes": None})
    first, second = start(address, 22), start(address, 22)
    time.sleep(4)
    second.send_signal(signal.SIGKILL)
    end = time.time()
    took, _ = results([first])
    second.wait()
    told("after one was killed", rate(took, end + 3.5, end + 11), RATE)
    told("  with the lease's end in it", rate(took, end, end + 11), RATE)


def changed(address: Address, leases: Leases) -> None:
    """Measure how long it takes until all loaders go by another rate."""
    for before, after in ((RATE, RATE / 4), (RATE / 4, RATE)):
        leases.set_limits({"documents": before})
        processes = [start(address, 20) for _ in range(3)]
        time.sleep(4)
        leases.set_limits({"documents": after})
        at = time.time()
        took, _ = results(processes)
        told(f"from {before:,.0f} to {after:,.0f}, two seconds later", rate(took, at + 2, at + 7), after)


def unlimited(database: Database, leases: Leases) -> None:
    """Measure what a batch costs where nothing is limited."""
    leases.set_limits({"documents": None, "bytes": None})
    with Budget(database) as budget:
        each = []
        for _ in range(7):
            begin = time.perf_counter()
            for _ in range(10_000):
                budget.take(BATCH, BATCH * SIZE)
            each.append((time.perf_counter() - begin) / 10_000)
    print(f"  unlimited: {statistics.median(each) * 1e6:.1f} us a batch")


@contextmanager
def opened(address: Address) -> Iterator[tuple[Database, Leases]]:
    """Open a database with its leases."""
    database = open_database(address)
    yield database, Leases(database, RealClock())
    database.close()


def main() -> None:
    """Print all figures."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        for address in addresses(Path(folder), sys.argv[1:]):
            print(f"{address.kind}, batches of {BATCH}")
            with opened(address) as (database, leases):
                for count in (1, 2, 5):
                    steady(address, leases, count)
                in_bytes(address, leases)
                joined(address, leases)
                died(address, leases)
                changed(address, leases)
                unlimited(database, leases)


if __name__ == "__main__":
    main()
