"""Programs that work on one ledger at the same time, each in a process of its own."""

import json
import sys
from typing import Any

from begun_together import run_together
from watchdown.settings import Address

OPEN = """
import json, sys
from watchdown.catalogue.database import open_database
from watchdown.runs.ledger import Ledger
from watchdown.runs.states import State
from watchdown.settings.address import parse
url, me = sys.argv[1:]
sys.stdin.read()
database = open_database(parse(url, {{"sqlite", "postgresql"}}))
ledger = Ledger(database)
def plan(title, algorithm, key):
    slot = {{"title": title, "timeline": f"{{title}}.1", "algorithm": algorithm}}
    return ledger.plan(**slot, version="1.0.0", memo_key=key, model=None).number
def load(title, algorithm, key):
    number = plan(title, algorithm, key)
    for step in (State.RUNNING, State.STAGED, State.VALIDATED, State.LOADED):
        ledger.step(number, step)
    return number
found = []
{work}
print(json.dumps(found))
"""


def at_once(address: Address, work: str, *names: str) -> list[Any]:
    """Run lines of work in a process per name, begun at one moment; return what each leaves in `found`."""
    program = OPEN.format(work=work)
    commands = [[sys.executable, "-c", program, address.reveal(), name] for name in names]
    return [json.loads(one) for one in run_together(commands)]
