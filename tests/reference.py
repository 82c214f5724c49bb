"""The pages of docs/reference, made from the code: `python tests/reference.py --write`."""

import html
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from watchdown.metrics.names import Metric

HOME = Path(__file__).parents[1] / "docs" / "reference"


def command_line() -> str:
    """Return the page of the command line, as Typer writes it."""
    command = [sys.executable, "-m", "typer", "watchdown.cli.main", "utils", "docs", "--name", "watchdown"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return html.unescape(made).strip() + "\n"


def settings() -> str:
    """Return the page of settings: every key with its variable, default and what to write."""
    from watchdown.settings import Settings

    lines = [
        "# Settings",
        "",
        "The keys of a `watchdown.toml`. A variable of the environment goes before the file.",
        "[From the folder to servers](../servers.md) says what they are for.",
    ]
    sections = {name: field for name, field in Settings.model_fields.items() if _section(field)}
    plain = {name: field for name, field in Settings.model_fields.items() if name not in sections}
    lines += _table("", plain)
    for name, field in sections.items():
        lines += ["", f"## [{name}]", *_table(f"{name}.", _section(field).model_fields)]
    return "\n".join(lines) + "\n"


def _section(field: Any) -> Any:
    return field.annotation if hasattr(field.annotation, "model_fields") else None


def _table(prefix: str, fields: Mapping[str, Any]) -> list[str]:
    rows = ["", "| key | variable | default | what to write |", "| --- | --- | --- | --- |"]
    for name, field in fields.items():
        variable = f"WATCHDOWN_{prefix}{name}".upper().replace(".", "__")
        default = "must be given" if field.is_required() else str(field.default)
        shown = "none" if field.default is None else f"`{default}`" if not field.is_required() else default
        rows.append(f"| `{name}` | `{variable}` | {shown} | {field.description} |")
    return rows


def metrics() -> str:
    """Return the page of metrics: every name with its kind, labels and meaning."""
    from watchdown.metrics.names import LIBRARY, PROCESS

    lines = ["# Metrics", "", "[Watch a library](../watch-a-library.md) says how they are had.", ""]
    lines += [
        "## Of a library",
        "",
        "Told by `watchdown metrics`, read from the database whenever it is asked.",
    ]
    lines += _metrics(LIBRARY)
    lines += ["", "## Of a process at work", ""]
    lines += ["Told to whom [`[telemetry]`](settings.md#telemetry) names."]
    lines += _metrics(PROCESS)
    return "\n".join(lines) + "\n"


def _metrics(table: Iterable[Metric]) -> list[str]:
    rows = ["", "| name | kind | labels | meaning |", "| --- | --- | --- | --- |"]
    for one in table:
        labels = ", ".join(f"`{label}`" for label in one.labels) or "none"
        rows.append(f"| `{one.name}` | {one.kind} | {labels} | {one.help} |")
    return rows


PAGES = {"cli.md": command_line, "settings.md": settings, "metrics.md": metrics}


def main() -> None:
    """Write every page."""
    HOME.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (HOME / name).write_text(make(), "utf-8")


if __name__ == "__main__" and "--write" in sys.argv:
    main()
