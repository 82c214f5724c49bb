"""`watchdown doctor`: what works here, what is missing, and how to get it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import typer

from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table

LOCAL = {
    "read media": ("av", "av"),
    "find cuts": ("scenedetect", "scenedetect-headless"),
    "run models": ("onnxruntime", "onnxruntime"),
    "read subtitles": ("ttconv", "ttconv"),
    "split words": ("icu4py", "icu4py"),
    "find stems": ("Stemmer", "PyStemmer"),
    "keep records": ("lancedb", "lancedb"),
    "mask runs": ("lance", "pylance"),
    "keep the ledger": ("sqlalchemy", "SQLAlchemy"),
}
CLUSTER = {
    "reach OpenSearch": ("opensearchpy", "opensearch-py"),
    "reach PostgreSQL": ("psycopg", "psycopg"),
    "reach S3": ("boto3", "boto3"),
    "reach Triton": ("tritonclient", "tritonclient"),
}
LATER = {
    "openclip": "real visual models",
    "nemo": "speech to text",
    "operators": "Airflow",
}
LOW_SPACE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    state: str
    detail: str
    remedy: str = ""


def doctor(*, library: LibraryOption = DEFAULT_LIBRARY, as_json: JsonOption = False) -> int:
    """Say what works here, what is missing, and how to get it."""
    installed = [*packages(LOCAL, "local"), *packages(CLUSTER, "cluster", absent="none")]
    findings = [*_program(), *installed, *_model(), *_library(library)]
    if as_json:
        print_json([asdict(finding) for finding in findings])
    else:
        table(["", "what", "found", "remedy"], ([f.state, f.what, f.detail, f.remedy] for f in findings))
        typer.echo(
            "\nComing with later versions: "
            + ", ".join(f"{what} (extra {extra})" for extra, what in LATER.items())
        )
    return ExitCode.FAILED if any(finding.state == "missing" for finding in findings) else ExitCode.OK


def _program() -> Iterator[Finding]:
    yield Finding("watchdown", "ok", f"{version('watchdown')} on Python {platform.python_version()}")
    yield Finding("processors", "ok", str(os.cpu_count()))


def packages(
    wanted: Mapping[str, tuple[str, str]], extra: str, *, absent: str = "missing"
) -> Iterator[Finding]:
    """Say which packages are installed; `absent` is the state of one that is not."""
    for what, (module, package) in wanted.items():
        if find_spec(module) is None:
            yield Finding(what, absent, package, f"pip install 'watchdown[{extra}]'")
            continue
        try:
            yield Finding(what, "ok", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(what, "ok", f"{package}, version unknown")


def _model() -> Iterator[Finding]:
    if find_spec("onnxruntime") is None:
        return
    from watchdown_algos.discovery import discover
    from watchdown_schemas.errors import WatchdownError

    for known in discover().values():
        spec = known.manifest.model
        if spec is None:
            continue
        try:
            model = known.load_model()
        except WatchdownError as error:
            yield Finding(f"model of {known.manifest.name}", "missing", str(error), error.remedy)
        else:
            fingerprint = model.fingerprint if model else ""
            yield Finding(
                f"model of {known.manifest.name}", "ok", f"{spec.name} {fingerprint}", spec.note or ""
            )


def _library(library: os.PathLike[str]) -> Iterator[Finding]:
    place = Path(library)
    existing = next(folder for folder in [place.absolute(), *place.absolute().parents] if folder.exists())
    free = shutil.disk_usage(existing).free
    low = free < LOW_SPACE
    yield Finding(
        "disk", "low" if low else "ok", f"{free / 1e9:.1f} GB free", "Free some space." if low else ""
    )
    if place.suffix != ".toml" and not (place / "library.db").exists():
        yield Finding(
            "library",
            "none",
            str(place),
            "Make one with: watchdown add FILE, or see one with: watchdown demo",
        )
        return
    import watchdown
    from watchdown_schemas.errors import LibraryNotFound, WatchdownError

    try:
        if place.suffix == ".toml":
            yield from _settings(place)
        with watchdown.open(place) as opened:
            yield Finding(
                "library", "ok", f"{place}: {len(opened.titles())} titles, {len(opened.runs())} runs"
            )
    except WatchdownError as error:
        state = "none" if isinstance(error, LibraryNotFound) else "missing"
        yield Finding("library", state, str(error), error.remedy)


def _settings(file: Path) -> Iterator[Finding]:
    """Say where the parts of a library lie, as its settings have it."""
    from watchdown.settings import Settings

    settings = Settings.read(file)
    for name in ("database", "storage", "store", "model"):
        address = getattr(settings, name)
        yield Finding(name, "ok" if address else "none", str(address) if address else "is not set")
