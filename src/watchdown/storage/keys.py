"""Keys: how the objects of a library are called, wherever they lie; no other module knows their layout."""

from __future__ import annotations

import re
from typing import Final

from watchdown_schemas.errors import StorageKeyInvalid, printable

LONGEST: Final = 1024  # bytes: the most that S3 takes
LONGEST_PART: Final = 255  # bytes: the most that file systems take
PARTIAL: Final = ".partial"  # ends the names of files that are not whole yet

BATCHES: Final = "batches/"
QUARANTINE: Final = "quarantine/"
REPORTS: Final = "reports/"
BUNDLES: Final = "bundles/"
DEAD_LETTERS: Final = "dead-letters/"
STAGED: Final = "staged/"
MEDIA: Final = "media/"
MODELS: Final = "models/"
QUERIES: Final = "queries/"
_ROWS: Final = re.compile(r"[a-z-]+/(\d+)-([A-Z][A-Za-z0-9]*)(?:\.good)?\.parquet")


def check_key(key: str) -> str:
    """Return a key that every storage can hold; StorageKeyInvalid says what is wrong with another."""
    if cause := _objection(key):
        raise StorageKeyInvalid(printable(key) or "''", cause, "Name it like media/film/poster.jpg")
    return key


def _objection(key: str) -> str | None:
    try:
        parts = [part.encode() for part in key.split("/")]
    except UnicodeEncodeError:
        return "is no Unicode text"
    if "\0" in key:
        return "holds a NUL"
    if any(part in (b"", b".", b"..") for part in parts):
        return "has a part that is empty or made of points"
    if any(part.startswith(b".") and part.endswith(PARTIAL.encode()) for part in parts):
        return f"has a part like .name{PARTIAL}, which is kept for files that are not whole yet"
    if sum(map(len, parts)) + len(parts) > LONGEST or any(len(part) > LONGEST_PART for part in parts):
        return f"is longer than {LONGEST} bytes, or a part of it than {LONGEST_PART}"
    return None


def batch(name: str) -> str:
    """What workers were asked to do."""
    return f"{BATCHES}{name}.json"


def staged(run: int) -> str:
    """Return the prefix of what the attempts of a run wrote, and of the manifest of the one that counts."""
    return f"{STAGED}{run}/"


def left_by(run: int) -> tuple[str, ...]:
    """Return the prefixes of all that a run which is never seen may have left: staged, refused, dead rows."""
    return staged(run), f"{QUARANTINE}{run}-", f"{DEAD_LETTERS}{run}-"


def manifest(run: int) -> str:
    """What the attempt wrote that finished first."""
    return f"{staged(run)}manifest.json"


def attempt(run: int, name: str) -> str:
    """Return the prefix of what one attempt at a run wrote."""
    return f"{staged(run)}{name}/"


def opened(run: int) -> str:
    """What whoever writes a run part by part said when it was started."""
    return f"{staged(run)}opened.json"


def entered(run: int) -> str:
    """Return the prefix of what names the parts of a run that is written part by part."""
    return f"{staged(run)}entered/"


def part(run: int, name: str) -> str:
    """What a part holds; once this is there, the part is."""
    return f"{entered(run)}{name}.json"


def part_files(run: int, name: str = "") -> str:
    """Return the prefix of what attempts at a part wrote, or at all parts."""
    return f"{staged(run)}parts/{name}/" if name else f"{staged(run)}parts/"


def part_attempt(name: str, attempt: str) -> str:
    """Return what an attempt at a part is called among the attempts at its run."""
    return f"parts/{name}/{attempt}"


def agreed(run: int, schema: str) -> str:
    """How long the vectors are that a run's parts hold."""
    return f"{staged(run)}vectors-{schema}.json"


def closing(run: int) -> str:
    """Once this is there, a run takes no further parts."""
    return f"{staged(run)}closing.json"


def closed(run: int) -> str:
    """Which parts a run has, for good."""
    return f"{staged(run)}closed.json"


def run_of(staged_key: str) -> int:
    """Return the run that a key under `STAGED` belongs to."""
    return int(staged_key.removeprefix(STAGED).partition("/")[0])


def refused(run: int, schema: str) -> str:
    """Rows of a run that validation refused."""
    return f"{QUARANTINE}{run}-{schema}.parquet"


def dead_letters(run: int, schema: str) -> str:
    """Rows of a run that a store refused."""
    return f"{DEAD_LETTERS}{run}-{schema}.parquet"


def held(run: int, schema: str) -> str:
    """Return the key of the good rows of a run that was held back."""
    return f"{QUARANTINE}{run}-{schema}.good.parquet"


def rows_of(key: str) -> tuple[int, str] | None:
    """Return the run and schema type of refused, held or dead rows; None for the key of something else."""
    found = _ROWS.fullmatch(key)
    return (int(found[1]), found[2]) if found else None


def report(name: str) -> str:
    """Return the prefix of the verdict on a batch."""
    return f"{REPORTS}{name}/"


def bundle(name: str) -> str:
    """Results, for people to take away."""
    return f"{BUNDLES}{name}.zip"


def derived(fingerprint: str, run: int) -> str:
    """Return the prefix of what a run made of an asset for people to see."""
    return f"{MEDIA}{fingerprint}/{run}/"


def source(fingerprint: str, name: str) -> str:
    """Return the key of a media file that was taken in."""
    return f"{MEDIA}{fingerprint}/source/{name}"


def queries(name: str) -> str:
    """Some of the queries that were asked, in the order of their names."""
    return f"{QUERIES}{name}.jsonl"


def canary(fingerprint: str) -> str:
    """What a model made of the pairs that it must tell apart."""
    return model(fingerprint, "canary.json")


def model(fingerprint: str, name: str) -> str:
    """Return the key of a file of a model that made vectors of the library."""
    return f"{MODELS}{fingerprint}/{name}"
