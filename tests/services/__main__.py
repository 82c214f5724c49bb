"""The servers by hand: `python -m services up|down|status|build [KIND ...]`, with tests/ on the path."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from services.kinds import KINDS
from services.service import BY_HAND, Failed, Service
from services.tools import Missing


@dataclass(frozen=True, slots=True)
class Line:
    """What there is to say of one server."""

    kind: str
    state: str
    url: str
    version: str


def main() -> int:
    """Do as asked and print a line for each server; 1 where one could not be had."""
    parser = argparse.ArgumentParser(prog="services", description=__doc__)
    parser.add_argument("verb", choices=["up", "down", "status", "build"])
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"all, or some of: {', '.join(KINDS)}")
    parser.add_argument("--name", default=BY_HAND, help="two names are two sets of servers")
    parser.add_argument("--wipe", action="store_true", help="down: remove the data too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    asked = parser.parse_intermixed_args()
    if unknown := set(asked.kinds) - set(KINDS):
        parser.error(f"no such kind: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    services = [KINDS[kind](asked.name) for kind in asked.kinds or KINDS]

    def act(service: Service) -> str:
        try:
            if asked.verb == "up":
                service.up()
            elif asked.verb == "build":
                service.build()
            elif asked.verb == "down":
                service.down(wipe=asked.wipe)
        except (Missing, Failed) as error:
            return f"{service.kind}: {error}"
        return ""

    with ThreadPoolExecutor(len(services)) as together:
        faults = [fault for fault in together.map(act, services) if fault]
    _print(map(_line, services), as_json=asked.json)
    for fault in faults:
        sys.stderr.write(f"\n{fault}\n")
    return 1 if faults else 0


def _line(service: Service) -> Line:
    try:
        version = service.version()
    except Missing as missing:
        version = str(missing)
    if not service.running():
        return Line(service.kind, "down", "", version)
    return Line(service.kind, "up" if service.healthy() else "no answer", service.url, version)


def _print(lines: Iterable[Line], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps([asdict(line) for line in lines], indent=2) + "\n")
        return
    for line in lines:
        sys.stdout.write(f"{line.kind:<11} {line.state:<10} {line.url:<60} {line.version}\n")


if __name__ == "__main__":
    sys.exit(main())
