"""`watchdown work`: what a pod runs. Its exit code says whether another attempt may do better."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Annotated, Final

import typer

from watchdown.cli.batches import BatchOption
from watchdown.cli.exit_codes import ExitCode
from watchdown.cli.options import DEFAULT_LIBRARY, LibraryOption
from watchdown.cli.output import notice
from watchdown_schemas.errors import StorageDenied, WatchdownError, printable

TERMINATION_LOG: Final = Path("/dev/termination-log")  # where Kubernetes looks for the cause
ENDED: Final = "asked to end before it was done"
LONGEST: Final = 4000  # bytes of it that Kubernetes keeps, less some


class _Ended(BaseException):
    """The process was asked to end."""


def work(
    *,
    batch: BatchOption,
    index: Annotated[
        int | None, typer.Option(min=0, metavar="I", help="Only this title of the batch, counted from 0.")
    ] = None,
    cause: Annotated[
        Path | None,
        typer.Option(envvar="TERMINATION_LOG", metavar="FILE", help="Leave there why it did not succeed."),
    ] = None,
    library: LibraryOption = DEFAULT_LIBRARY,
) -> int:
    """Work the titles of a batch with nothing but storage and models; what is finished is not worked again.

    Exit code 10: the title is bad, and no other attempt will do better.
    """
    from watchdown.client.working import working
    from watchdown.settings import Settings

    try:
        with _ended_cleanly(), working(Settings.read(library), batch) as (found, worker):
            errors = []
            for each in range(len(found.items)) if index is None else [index]:
                for manifest in worker(found, each):
                    told = f"{found.items[each].name}: run {manifest.run}: "
                    told += printable(manifest.error) if manifest.error else _counted(manifest.counts)
                    notice("failed" if manifest.error else "done", told)
                    errors += [told] if manifest.error else []
    except _Ended:
        _leave(ENDED, cause)
        notice("ended", ENDED)
        return ExitCode.TERMINATED
    except StorageDenied as error:  # of all titles alike, and of every attempt
        _leave(str(error), cause)
        notice("error", str(error), "bold red")
        return ExitCode.USAGE
    except WatchdownError as error:
        _leave(str(error), cause)
        raise
    if errors:
        _leave("; ".join(errors), cause)
    return ExitCode.BAD_TITLE if errors else ExitCode.OK


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {schema}" for schema, count in sorted(counts.items())) or "no records"


@contextmanager
def _ended_cleanly() -> Iterator[None]:
    """Raise in this thread when the process is asked to end, so that half an attempt is removed."""

    def ended(_number: int, _frame: FrameType | None) -> None:
        raise _Ended

    before = signal.signal(signal.SIGTERM, ended)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(cause: str, named: Path | None) -> None:
    """Leave the cause where whoever started the container looks for it."""
    place = named or TERMINATION_LOG
    if named or place.exists():
        with suppress(OSError):
            place.write_bytes(cause.encode()[:LONGEST])
