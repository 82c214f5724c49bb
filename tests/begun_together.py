"""Programs that each run in a process of their own and begin at one moment."""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack


def run_together(commands: Sequence[Sequence[str]], env: Mapping[str, str] | None = None) -> list[str]:
    """Run programs that read their input to its end before they begin; return what each prints."""
    with ExitStack() as stack:
        processes = [
            stack.enter_context(
                subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
            )
            for command in commands
        ]
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
        said = []
        for process in processes:
            assert process.stdout is not None
            said.append(process.stdout.read())
        assert [process.wait() for process in processes] == [0] * len(commands)
    return said
