"""What the exit code of `watchdown` tells a script."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """0 all went well; the rest say who must act."""

    OK = 0
    FAILED = 1  # some or all of the work failed; what went well is kept
    USAGE = 2  # the command line is wrong
    NOT_FOUND = 3  # a library, title, shot or cursor that is not there
    NO_SPACE = 4  # the disk is full
    BAD_TITLE = 10  # a worker met a title that no other attempt will get through either
    INTERRUPTED = 130  # Ctrl-C
    TERMINATED = 143  # asked to end by SIGTERM
