"""The entry of the command line: the commands, and how errors end them."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import typer

from watchdown.cli import (
    add,
    backfill,
    backfills,
    batches,
    budget,
    check,
    collect,
    dead_letters,
    demo,
    diff,
    doctor,
    forget,
    generations,
    history,
    metrics,
    models,
    note,
    plan,
    quarantine,
    queries,
    rollback,
    run,
    schema,
    search,
    settings,
    show,
    status,
    titles,
    work,
    write,
)
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.output import notice
from watchdown.folder import storage_error
from watchdown_schemas.errors import (
    AlgorithmNotFound,
    CursorExpired,
    LibraryNotFound,
    NotFound,
    QueryError,
    SchemaNotFound,
    SettingsInvalid,
    StorageFull,
    WatchdownError,
    printable,
)

EPILOG = (
    "Exit codes: 0 all went well, 1 something failed and what went well is kept, 2 wrong usage, "
    "3 no such library, title, shot, schema type, algorithm, batch or page, 4 the disk is full, "
    "10 a title is bad and trying again is useless, 130 interrupted, 143 ended from outside."
)

CLUSTER = frozenset({"boto3", "httpx2", "opensearchpy", "psycopg", "tenacity", "tritonclient"})

app = typer.Typer(
    name="watchdown",
    help="Search films by what is said and what is seen.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("add")(add.add)
app.command("search")(search.search)
app.add_typer(titles.group, name="titles")
app.command("runs")(titles.runs)
app.command("show")(show.show)
app.command("status")(status.status)
app.command("plan")(plan.plan)
app.command("metrics")(metrics.metrics)
app.command("backfill")(backfill.backfill)
app.add_typer(backfills.app, name="backfills")
app.add_typer(generations.app, name="generations")
app.add_typer(queries.app, name="queries")
app.command("run")(run.run)
app.command("batch")(batches.batch)
app.command("work")(work.work)
app.command("record")(batches.record)
app.command("validate")(batches.validate)
app.command("load")(batches.load)
app.command("publish")(batches.publish)
app.command("rollback")(rollback.rollback)
app.command("history")(history.history)
app.command("diff")(diff.diff)
app.command("report")(batches.report)
app.command("bundle")(batches.bundle)
app.command("budget")(budget.budget)
app.command("collect")(collect.collect)
app.command("forget")(forget.forget)
app.command("settings")(settings.settings)
app.command("doctor")(doctor.doctor)
app.command("check")(check.check)
app.command("rebuild")(check.rebuild)
app.add_typer(schema.group, name="schema")
app.add_typer(models.group, name="models")
app.add_typer(note.app, name="note")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(write.app, name="write")
app.add_typer(dead_letters.app, name="dead-letters")


@app.callback(invoke_without_command=True)
def _root(
    *,
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True),  # noqa: FBT003 - Typer's form
) -> None:
    if version:
        from watchdown import __version__

        typer.echo(f"watchdown {__version__}")
        raise typer.Exit


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code."""
    streams = [stream for stream in (sys.stdout, sys.stderr) if isinstance(stream, io.TextIOWrapper)]
    for stream in streams:
        stream.reconfigure(errors="backslashreplace")  # a title may have letters that the terminal lacks
    try:
        result = int(app(arguments, standalone_mode=False) or 0)
        for stream in streams:
            stream.flush()
    except WatchdownError as error:
        return _failed(error)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("watchdown"):
            raise
        extra = "local,cluster" if error.name in CLUSTER else "local"
        remedy = f"Install it with: pip install 'watchdown[{extra}]'"
        return _failed(WatchdownError(f"the package {error.name}", "is not installed", remedy))
    except typer.TyperException as error:
        return _usage(error)
    except (BrokenPipeError, SystemExit):  # Rich and Typer exit where the reader of a pipe has gone
        _drop_output()
        return ExitCode.OK
    except OSError as error:
        _drop_output()
        return _failed(storage_error(Path(error.filename or "the output"), error))
    if result == ExitCode.INTERRUPTED:
        notice("interrupted", "what was finished is kept; the same command goes on from there.", "bold")
    return result


def _failed(error: WatchdownError) -> ExitCode:
    notice("error", str(error), "bold red")
    if isinstance(error, StorageFull):
        return ExitCode.NO_SPACE
    if isinstance(error, LibraryNotFound | NotFound | AlgorithmNotFound | SchemaNotFound | CursorExpired):
        return ExitCode.NOT_FOUND
    return ExitCode.USAGE if isinstance(error, QueryError | SettingsInvalid) else ExitCode.FAILED


def _drop_output() -> None:
    """Lead what is still to be printed nowhere, or Python would fail with it once more at its end."""
    with suppress(io.UnsupportedOperation):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage(error: typer.TyperException) -> ExitCode:
    """Say what is wrong with the command line; nothing where the help was shown instead."""
    if message := error.format_message().replace("Value error, ", ""):  # so Pydantic begins it
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "watchdown"
        notice("error", f"{printable(message.rstrip('.'))}. See: {command} --help.", "bold red")
    return ExitCode.USAGE
