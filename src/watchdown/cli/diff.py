"""`watchdown diff RUN_A RUN_B`: what changed from one run of a title to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from watchdown.cli.options import DEFAULT_LIBRARY, JsonOption, LibraryOption
from watchdown.cli.output import notice, print_json, table
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from watchdown.client.results_difference import RecordDifference, RunDifference, TypeDifference


def diff(
    before: Annotated[int, typer.Argument(metavar="RUN_A", help="Number of the run to compare with.")],
    after: Annotated[int, typer.Argument(metavar="RUN_B", help="Number of the run that is asked about.")],
    *,
    limit: Annotated[int, typer.Option(min=0, help="Examples of each kind of difference.")] = 10,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs of one title and algorithm: what appeared, vanished, moved and changed.

    Runs may be staged, loaded, seen or superseded; see `watchdown runs --in TITLE` for their numbers.
    """
    import watchdown

    with watchdown.open(library) as opened:
        found = opened.publication.diff(before, after, examples=limit)
    if as_json:
        print_json(found.model_dump(mode="json"))
    else:
        _print(found)


def _print(found: RunDifference) -> None:
    typer.echo(
        f"{printable(found.title_name)}: {found.algorithm} run {found.before} ({found.before_version}) "
        f"to run {found.after} ({found.after_version})\n"
    )
    columns = ["records", "before", "after", "same", "appeared", "vanished", "moved", "changed"]
    rows = (
        [one.schema_type, *(str(getattr(one, column)) for column in columns[1:]), _remarks(one)]
        for one in found.types
    )
    table([*columns, "remarks"], rows, right=columns[1:])
    for one in found.types:
        if one.examples:
            typer.echo()
            _print_examples(one)
    for note in found.notes:
        notice("note", note)


def _remarks(one: TypeDifference) -> str:
    parts = [f"{name} in {count:,}" for name, count in one.fields.items()]
    if one.vectors:
        least = f"at least {one.vectors.least:.3f}, {one.vectors.pairs:,} pairs"
        parts.append(f"cosine {one.vectors.mean:.3f} ({least})")
    return ", ".join(parts)


def _print_examples(one: TypeDifference) -> None:
    table(
        ["", "time code", "was at", one.schema_type, "remarks"],
        (
            [
                example.what,
                example.timecode or "",
                example.before_timecode or "" if example.timecode != example.before_timecode else "",
                example.says,
                _fields(example),
            ]
            for example in one.examples
        ),
    )
    for what in ("appeared", "vanished", "moved", "changed"):
        more = getattr(one, what) - sum(example.what == what for example in one.examples)
        if more:
            typer.echo(f"and {more:,} more {what}")


def _fields(example: RecordDifference) -> str:
    parts = [f"{name}: {old} → {new}" for name, (old, new) in example.fields.items()]
    if example.what == "moved" and None not in (example.end_ns, example.before_end_ns):
        assert example.start_ns is not None
        assert example.before_start_ns is not None
        shift = (example.start_ns - example.before_start_ns) / 1e9
        parts.append(f"{shift:+.3f} s")
    return ", ".join(parts)
