"""A PostgreSQL server for the tests of this branch, until `services.fixtures` brings the real one."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
        if AS_NOBODY:
            os.chown(self.home, 65534, 65534)
        self.run("initdb", "--auth=trust", "--username=watchdown", "--encoding=UTF8", "--locale=C.UTF-8")

    def run(self, program: str, *arguments: str) -> None:
        command = [*AS_NOBODY, str(BIN / program), "-D", str(self.home / "data"), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")

    def start(self) -> None:
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.home}"
        self.run("pg_ctl", "-w", "-l", str(self.home / "log"), "-o", f"{options} -c fsync=off", "start")

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "-w", "-m", mode, "stop")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Start a server for the session, and give the URL of its database."""
    server = Server()
    server.start()
    yield f"postgresql://watchdown@127.0.0.1:{server.port}/postgres"
    server.stop("immediate")
    shutil.rmtree(server.home)
