"""`watchdown show TITLE`: what exists of a title, as numbers and as lanes over its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from watchdown.cli.options import DEFAULT_LIBRARY, AsOfOption, JsonOption, LibraryOption
from watchdown.cli.output import clock, print_json, table
from watchdown.cli.titles_import import plain, played
from watchdown_schemas.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from watchdown.client.results import TitleSummary

WIDTH = 64


def lane(ranges: Sequence[tuple[int, int]], duration_ns: int, *, cuts: bool) -> str:
    """Return one line of `WIDTH` cells: filled where records lie, or with a bar where a range begins."""
    cells = ["·"] * WIDTH
    for start, end in ranges:
        first = min(WIDTH - 1, start * WIDTH // max(1, duration_ns))
        last = min(WIDTH, max(first + 1, -(-end * WIDTH // max(1, duration_ns))))
        cells[first:last] = ["│" if cuts else "█", *["─" if cuts else "█"] * (last - first - 1)]
    return "".join(cells)


def show(
    title: Annotated[str, typer.Argument(help="A title's name or id.")],
    *,
    as_of: AsOfOption = None,
    library: LibraryOption = DEFAULT_LIBRARY,
    as_json: JsonOption = False,
) -> None:
    """Show what exists of a title: what it is known by, assets, records, coverage and its time line."""
    import watchdown

    with watchdown.open(library) as opened:
        summary = opened.show(title, as_of=as_of)
    if as_json:
        print_json(summary.model_dump())
    else:
        _print(summary)


def _print(summary: TitleSummary) -> None:
    rate = summary.rate if "/" not in summary.rate else f"{summary.rate} ({eval_rate(summary.rate):.3f})"
    typer.echo(f"{printable(summary.name)}  {summary.id}")
    typer.echo(
        f"{clock(summary.duration_ns)} long, {rate} frames per second, from {summary.start_timecode}\n"
    )
    for name, value in _known_by(summary):
        typer.echo(f"{printable(name):14} {printable(value)}")
    typer.echo()
    table(
        ["kind", "language", "file"],
        ([one["kind"] or "", one["language"] or "", one["path"] or ""] for one in summary.assets),
    )
    typer.echo()
    table(
        ["records", "of", "by", "run", "covers"],
        (
            [
                str(one.count),
                one.schema_type,
                f"{one.algorithm} {one.version}",
                str(one.run),
                f"{one.share:.0%}",
            ]
            for one in summary.coverage
        ),
        right=["records", "run", "covers"],
    )
    typer.echo()
    console = Console(highlight=False, width=WIDTH + 24)
    for one in summary.coverage:
        cells = lane(one.ranges, summary.duration_ns, cuts=one.schema_type == "Shot")
        console.print(Text(f"{one.schema_type:14} {cells}"))
    end = clock(summary.duration_ns)
    console.print(Text(f"{'':14} 0{end:>{WIDTH - 1}}"))
    typer.echo(f"status: {printable(summary.status)}  (watchdown status {summary.id})")
    for note in summary.notes:
        typer.echo(f"note: {printable(note)}")


def _known_by(summary: TitleSummary) -> Iterator[tuple[str, str]]:
    """Yield what was imported of a title, by name."""
    for name, value in summary.metadata.items():
        yield name, plain(value)
    if summary.cast:
        yield "cast", ", ".join(map(played, summary.cast))
    yield "rights", ", ".join(summary.rights) or "everyone"


def eval_rate(rate: str) -> float:
    """Return a rate such as 24000/1001 as a number."""
    from fractions import Fraction

    return float(Fraction(rate))
