"""Operators that run one `watchdown` command, shown in the log so that it can be run by hand."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from watchdown_operators.command import Command, surroundings
from watchdown_operators.connection import DEFAULT
from watchdown_operators.hook import WatchdownHook
from watchdown_operators.job import NOT_CONFIGURED, WRONG_USE


class CommandOperator(BaseOperator):
    """Runs `watchdown` with some arguments: errors go to the log, the JSON that it prints is handed on.

    Exit codes 2 and 3 mean wrong use or settings, which trying again does not mend; others may be bad luck.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#dfe8f0"

    def __init__(
        self, *, arguments: Sequence[str] = (), watchdown_conn_id: str = DEFAULT, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.arguments = list(arguments)
        self.watchdown_conn_id = watchdown_conn_id
        self._command: Command | None = None

    def execute(self, context: Context) -> Any:
        """Run the command and return what it printed, or what the operator makes of that."""
        return self.handed_on(self.run(self.arguments_for(context)), context)

    def arguments_for(self, context: Context) -> list[str]:
        """Return the arguments of this task."""
        del context
        return self.arguments

    def handed_on(self, said: Any, context: Context) -> Any:
        """Return what the tasks that follow get."""
        del context
        return said

    def run(self, arguments: Sequence[str]) -> Any:
        """Run one command and return the JSON that it printed."""
        settings = WatchdownHook(self.watchdown_conn_id).settings
        line = [settings.command, *arguments, "--library", settings.library, "--json"]
        self.log.info("By hand: %s", shlex.join(line))
        last: list[str] = []

        def tell(said: str) -> None:
            last[:] = [said]
            self.log.info("%s", said)

        self._command = Command(line, surroundings(os.environ))  # noqa: TID251 # some of it is the command's
        try:
            code, output = self._command.run(tell)
        except (OSError, ValueError) as error:  # ValueError: a NUL is in an argument
            why = error.strerror if isinstance(error, OSError) else error
            raise AirflowFailException(
                f"{settings.command} cannot be started: {why}. See `command` in connection "
                f"{self.watchdown_conn_id}, and the titles in the form."
            ) from None
        return self.judged(arguments[0], code, output, last)

    def on_kill(self) -> None:
        """End the command."""
        if self._command:
            self._command.end()

    def judged(self, stage: str, code: int, output: str, last: list[str]) -> Any:
        """Return the JSON that a command printed, or raise by its exit code."""
        ended = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        cause = f"watchdown {stage} {ended}{': ' if last else ''}{''.join(last)}"
        if code in {WRONG_USE, NOT_CONFIGURED}:
            raise AirflowFailException(cause)
        if code:
            raise AirflowException(cause)
        try:
            return json.loads(output)
        except ValueError:
            raise AirflowFailException(
                f"watchdown {stage} printed no JSON: {output.strip()[:200]!r}. "
                "Is `command` of the connection this release of watchdown?"
            ) from None
