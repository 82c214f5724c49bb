"""A real PostgreSQL: the machine's own server, or the one in a wheel."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import uuid
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import DuplicateDatabase, DuplicateObject

from services.process import unprivileged
from services.service import HOST, Service
from services.tools import build, wheels

OLDEST = 14
DEBIAN = Path("/usr/lib/postgresql")
USER = PASSWORD = "watchdown"
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    # What a killed server has written is safe without these; they are for when the machine fails.
    "fsync": "off",
    "full_page_writes": "off",
}


class PostgreSQL(Service):
    """One server; its user is the superuser `watchdown`, with a password."""

    kind = "postgresql"
    stop_by = signal.SIGINT  # SIGTERM would wait for its clients to leave

    def __init__(self, name: str = "dev", *, settings: dict[str, str] | None = None) -> None:
        """Describe an instance.

        Args:
            name: Two names are two servers.
            settings: More of what postgresql.conf may hold.
        """
        super().__init__(name)
        self._settings = SETTINGS | (settings or {})

    @classmethod
    def build(cls) -> None:
        _programs()

    @classmethod
    def version(cls) -> str:
        return str(_version(_programs(bring=False)))

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{PASSWORD}@{HOST}:{self.port()}/postgres"

    def healthy(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=2) as connection:
            return connection.execute("select 1").fetchone() == (1,)
        return False

    def start(self) -> None:
        [process], programs, data = self.processes, _programs(), self.folder / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(programs, data)
        if process.find() is None:
            (data / "postmaster.pid").unlink(
                missing_ok=True
            )  # of a killed server; another process may have its pid
            options = [option for item in self._settings.items() for option in ("-c", "=".join(item))]
            process.start(
                [
                    *unprivileged(self.folder),
                    *(programs / "postgres", "-D", data, "-p", str(self.port()), *options),
                ]
            )

    def _initialise(self, programs: Path, data: Path) -> None:
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(parents=True)
        password = self.folder / "password"
        password.write_text(PASSWORD)
        made = ["--username", USER, "--pwfile", password, "--auth=scram-sha-256"]
        kinds = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        build("initdb", [*unprivileged(self.folder), programs / "initdb", "-D", data, *made, *kinds])


def new_database(url: str) -> str:
    """Make an empty database on the server of a URL and return its URL."""
    name = f"test_{uuid.uuid4().hex[:16]}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return f"{url.rpartition('/')[0]}/{name}"


def own_database(url: str, name: str, password: str) -> str:
    """Return the URL of a user and its database, both of that name, made where they are not there."""
    user = sql.Identifier(name)
    with psycopg.connect(url, autocommit=True) as connection:
        with suppress(DuplicateObject):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(user))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(user, sql.Literal(password)))
        with suppress(DuplicateDatabase):
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user))
    place = url.rpartition("@")[2].rpartition("/")[0]
    return f"postgresql://{name}:{password}@{place}/{name}"


def drop_database(url: str) -> None:
    """Remove the database of a URL, whoever is connected to it."""
    name = str(conninfo_to_dict(url)["dbname"])
    with psycopg.connect(f"{url.rpartition('/')[0]}/postgres", autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _programs(*, bring: bool = True) -> Path:
    """Return the folder with `initdb` and `postgres`."""
    found = [Path(path).resolve().parent for name in ("postgres", "initdb") if (path := shutil.which(name))]
    found += sorted(DEBIAN.glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for folder in found:
        if (folder / "postgres").exists() and _version(folder) >= OLDEST:
            return folder
    [initdb] = wheels("postgresql", bring=bring).glob("*/pginstall18/bin/initdb")
    return initdb.parent


def _version(programs: Path) -> float:
    said = subprocess.run(
        [programs / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    number = re.search(r"\d+\.\d+|\d+", said)
    return float(number[0]) if number else 0.0
