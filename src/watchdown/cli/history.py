"""`watchdown history`: what was published when, and what was taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import print_json, table

NAMED = 3


def history(
    title: Annotated[str | None, typer.Argument(help="Only what changed this title; its name or id.")] = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many publications, the newest first.")] = 20,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show publications, newest first: each is one moment, at which everything that it changed was changed.

    `watchdown search --as-of EPOCH` and `watchdown show --as-of EPOCH` look at an earlier one.
    """
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.publication.history(title, limit=limit)
    if as_json:
        print_json([one.model_dump() for one in found])
        return
    if not found:
        typer.echo("Nothing was published yet.")
        return
    of_batches = any(one.batches or one.backfills for one in found)
    table(
        ["epoch", "when", "", "titles", "what", *(["batch", "backfill"] if of_batches else [])],
        (
            [
                str(one.epoch),
                one.at[:19].replace("T", " "),
                one.kind,
                f"{one.titles:,}",
                _changed(one.shown, one.hidden, one.shown_runs, one.hidden_runs),
                *(
                    [_names(one.batches), _names([str(number) for number in one.backfills])]
                    if of_batches
                    else []
                ),
            ]
            for one in found
        ),
        right=["epoch", "titles"],
    )


def _changed(
    shown: Mapping[str, int], hidden: Mapping[str, int], came: Sequence[int], went: Sequence[int]
) -> str:
    """Return what came into view and what left it, in runs of an algorithm's version."""
    if came or went:
        parts = [f"+ {_names([f'run {one}' for one in came])}" if came else ""]
        parts.append(f"- {_names([f'run {one}' for one in went])}" if went else "")
        of = _names(sorted(shown.keys() | hidden.keys()))
        return f"{' '.join(filter(None, parts))} of {of}"
    parts = [f"+{count:,} {name}" for name, count in shown.items()]
    parts += [f"-{count:,} {name}" for name, count in hidden.items()]
    return ", ".join(parts)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
