"""A PostgreSQL server for the tests of this branch, with the face of `services.postgresql.PostgreSQL`."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

BIN = Path("/usr/lib/postgresql/15/bin")
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


class Server:
    """One server, which can be stopped and started again."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="watchdown-postgresql-"))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (self.home / "password").write_text("watchdown")
        if AS_NOBODY:
            os.chown(self.home, 65534, 65534)
        made = ["--auth=scram-sha-256", "--username=watchdown", f"--pwfile={self.home / 'password'}"]
        self._run("initdb", *made, "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://watchdown:watchdown@127.0.0.1:{self.port}/postgres"

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [*AS_NOBODY, str(BIN / program), "-D", str(self.home / "data"), *arguments]

    def _run(self, program: str, *arguments: str) -> None:
        command = self._command(program, *arguments)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def healthy(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2):
            return True
        return False

    def up(self) -> str:
        (self.home / "data" / "postmaster.pid").unlink(missing_ok=True)
        options = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
        with (self.home / "log").open("ab") as log:
            command = self._command("postgres", "-p", str(self.port), "-c", "max_connections=200", *options)
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/")
        while not self.healthy():
            time.sleep(0.1)
        return self.url

    def down(self) -> None:
        self._end(signal.SIGINT)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def _end(self, by: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(by)
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.home)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start a server for the session, and give the URL of its database."""
    server = Server()
    yield server.up()
    server.remove()


@pytest.fixture
def own_postgresql() -> Iterator[Server]:
    """Give a server of the test's own, which it may stop, kill and pause."""
    server = Server()
    server.up()
    yield server
    server.resume() if server.process else None
    server.remove()
