"""Ledger operations in a second, of one process and of four; on PostgreSQL, too, where its URL is given.

python tests/benchmarks/bench_ledger.py [postgresql://USER:PASSWORD@HOST/NAME]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from databases import addresses
from machine import machine
from sqlalchemy import insert

from watchdown.catalogue.database import open_database
from watchdown.catalogue.tables import timelines, titles
from watchdown.settings import Address

TIMES = 400
PROGRAM = """
import os, sys, time
from watchdown.catalogue.database import open_database
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown.settings.address import parse
url, what, name, times = sys.argv[1:]
ledger = Ledger(open_database(parse(url, {"sqlite", "postgresql"})))
count = 0

def plan():
    global count
    count += 1
    slot = {"title": "t", "timeline": "t.1", "algorithm": f"{what} {name} {os.getpid()} {count}"}
    return ledger.plan(**slot, version="1.0.0", memo_key="k", model=None).number

def loaded():
    number = plan()
    for state in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
        ledger.step(number, state)
    return number

def step(number):
    for state in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
        ledger.step(number, state)

made = {"step": plan, "publish": loaded}.get(what, lambda: None)
call = {
    "plan": lambda _: plan(),
    "step": step,
    "publish": lambda number: ledger.publish([number]),
    "view": lambda _: Ledger(ledger._database).view(),
}[what]
given = [made() for _ in range(int(times))]
ledger.view()
print("ready", flush=True)
sys.stdin.readline()
begin = time.perf_counter()
for one in given:
    call(one)
print((4 if what == "step" else 1) * len(given) / (time.perf_counter() - begin))
"""


def rate(address: Address, what: str, count: int) -> float:
    """Return operations in a second, of some processes together."""
    command = [sys.executable, "-c", PROGRAM, address.reveal(), what]
    processes = [
        subprocess.Popen(
            [*command, str(name), str(TIMES)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for name in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return sum(float(process.communicate()[0]) for process in processes)


def prepare(address: Address) -> None:
    """Enter the title that all runs are of."""
    database = open_database(address)
    with database.writing() as connection:
        connection.execute(insert(titles).values(id="t", name="t", added_at=""))
        timeline = {"id": "t.1", "title": "t", "duration_ns": 1, "rate_numerator": 25, "rate_denominator": 1}
        connection.execute(insert(timelines).values(**timeline, start_frame=0))
    database.close()


def main() -> None:
    """Print operations in a second, for 1 and 4 processes."""
    print(machine())
    print(f"{'operations a second':22}{'1 process':>12}{'4 processes':>14}")
    with tempfile.TemporaryDirectory() as folder:
        for address in addresses(Path(folder), sys.argv[1:]):
            prepare(address)
            for what in ("plan", "step", "publish", "view"):  # of the 2,000 runs that were published
                one, four = rate(address, what, 1), rate(address, what, 4)
                print(f"{address.kind + ' ' + what:22}{one:12,.0f}{four:14,.0f}")


if __name__ == "__main__":
    main()
