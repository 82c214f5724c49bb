"""A stand-in for the command `watchdown`, which keeps the contract that the operators rely on.

Its library is a folder: `titles.json` lists titles; a title `bad-...` fails for good, `shy-...` once,
and `slow-...` waits for a file `go`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

BAD_TITLE, WRONG_USE = 10, 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="watchdown")
    parser.add_argument("stage")
    parser.add_argument("algorithms", nargs="*")
    for option in ("--titles", "--batch", "--lost"):
        parser.add_argument(option, action="append", default=[])
    parser.add_argument("--over")
    parser.add_argument("--readers", action="store_true")
    parser.add_argument("--apart", action="store_true")
    parser.add_argument("--blocked", type=int, default=0)
    parser.add_argument("--via")
    parser.add_argument("--size", type=int, default=100)
    parser.add_argument("--rate", type=float)
    parser.add_argument("--tolerance", type=float, default=0.0)
    parser.add_argument("--index", type=int, default=0)
    parser.add_argument("--library", default=os.environ.get("WATCHDOWN_LIBRARY"))
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_intermixed_args()
    home = Path(os.environ["WATCHDOWN_STORAGE"] if asked.library == "env:" else asked.library)
    with (home / "calls").open("a") as calls:
        calls.write(json.dumps(sys.argv[1:]) + "\n")
    say(f"{asked.stage} of {home.name}")
    if (home / f"{asked.stage}.fails").exists():
        say(f"{asked.stage} cannot: the server is away")
        return int((home / f"{asked.stage}.fails").read_text())
    answer: dict[str, Any] = STAGES.get(asked.stage, done)(asked, home)
    code = int(answer.pop("code", 0))
    if asked.json:
        sys.stdout.write(json.dumps(answer) + "\n")
    return code


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    if place := os.environ.get("TERMINATION_LOG"):
        Path(place).write_text(text)


def batch(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    over_records = asked.readers or asked.over == "records"
    titles = asked.titles or json.loads((home / "titles.json").read_text())
    algorithms = ["keyframes"] if over_records else asked.algorithms or ["shots"]
    batches = []
    for start in range(0, len(titles), asked.size):
        part = titles[start : start + asked.size]
        name = hashlib.sha256(json.dumps([algorithms, part]).encode()).hexdigest()
        name = name.translate(str.maketrans("01", "gh"))[:24]
        (home / "batches").mkdir(exist_ok=True)
        (home / "batches" / f"{name}.json").write_text(json.dumps(part))
        batches.append({"batch": name, "titles": len(part), "algorithms": algorithms, "image": "worker"})
    return {"plan": "p", "batches": batches, "up_to_date": 0, "blocked": 0, "waiting": []}


def work(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    title = titles_of(asked.batch[0], home)[asked.index]
    if title.startswith("bad-"):
        say(f"{title}: has no picture. Mend its media.")
        return {"code": BAD_TITLE}
    while title.startswith("slow-") and not (home / "go").exists():
        time.sleep(0.1)
    shy = home / f"{title}.shy"
    if title.startswith("shy-") and not shy.exists():
        shy.touch()
        say(f"{title}: the model server is away")
        return {"code": 1}
    (home / "staged").mkdir(exist_ok=True)
    (home / "staged" / f"{asked.batch[0]}-{asked.index}").touch()
    return {}


def record(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    (home / f"{asked.batch[0]}.lost").write_text("\n".join(asked.lost))
    return {"failed": len(asked.lost)}


def validate(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    del home
    return {"report": f"reports/{asked.batch[0]}/docs/index.html"}


def bundle(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    del home
    return {"bundle": f"bundles/{'-'.join(asked.titles)}.zip"}


def report(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    lost = [line for name in asked.batch for line in (home / f"{name}.lost").read_text().splitlines()]
    titles = sum(len(titles_of(name, home)) for name in asked.batch)
    for line in lost:
        say(f"failed: {line}")
    passed = len(lost) + asked.blocked <= asked.tolerance * (titles + asked.blocked)
    return {"failed": lost, "passed": passed, "code": int(not passed)}


def done(asked: argparse.Namespace, home: Path) -> dict[str, Any]:
    (home / f"{asked.batch[0]}.{asked.stage}").touch()
    return {"batch": asked.batch[0]}


def titles_of(name: str, home: Path) -> list[str]:
    return list(json.loads((home / "batches" / f"{name}.json").read_text()))


STAGES = {
    "batch": batch,
    "work": work,
    "record": record,
    "validate": validate,
    "bundle": bundle,
    "report": report,
}

if __name__ == "__main__":
    sys.exit(main())
