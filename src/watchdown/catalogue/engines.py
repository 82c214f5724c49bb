"""The engines behind a database: how SQLite and PostgreSQL are connected to, and how a transaction begins."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event

from watchdown.settings import Address

BUSY_SECONDS: Final = 30
CONNECT_SECONDS: Final = 5
STATEMENT_SECONDS: Final = 120
GONE_SECONDS: Final = 30  # after which a peer that answers nothing counts as gone, on either side
POOLED: Final = 10

WRITER: Final = "transaction"  # the writer of catalogue and ledger

# Keyed by schema, so that one database may hold several libraries.
KEY: Final = "hashtextextended('watchdown {} ' || current_schema(), 0)"
_LOCK: Final = f"SELECT pg_advisory_xact_lock({KEY})"


def engine_of(address: Address) -> Engine:
    """Return the engine of an address; nothing is connected yet."""
    return _postgresql(address) if address.kind == "postgresql" else _sqlite(address)


def options_of(engine: Engine, *, writer: str | None) -> Engine:
    """Return the engine for transactions that read one state, or that hold a writer's lock from their start.

    Writers of different names do not wait for one another where the database can tell them apart.
    """
    if writer or engine.dialect.name == "sqlite":
        return engine.execution_options(writer=writer)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(address: Address) -> Engine:
    url = URL.create("sqlite", database=address.path)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's transactions, not the driver's
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that turns to writing later can fail at once, without waiting.
        writer = connection.get_execution_options().get("writer")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return engine


def _postgresql(address: Address) -> Engine:
    url = URL.create(
        "postgresql+psycopg",
        username=address.username,
        password=address.password.get_secret_value() if address.password else None,
        host=address.host or None,
        port=address.port if address.host else None,
        database=address.path,
        query=dict(address.options) | {"options": _session(address.options.get("options", ""))},
    )
    engine = create_engine(
        url,
        pool_pre_ping=True,
        pool_size=POOLED,
        max_overflow=POOLED,
        pool_timeout=BUSY_SECONDS,
        connect_args={
            "application_name": "watchdown",
            "connect_timeout": CONNECT_SECONDS,
            "keepalives_idle": GONE_SECONDS // 3,
            "keepalives_interval": GONE_SECONDS // 6,
            "keepalives_count": 4,
            "tcp_user_timeout": GONE_SECONDS * 1000,
            **{name: value for name, value in address.options.items() if name in _OVERRULED},
        },
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # In READ COMMITTED each statement behind the lock sees what earlier holders of it committed.
        if writer := connection.get_execution_options().get("writer"):
            connection.exec_driver_sql(_LOCK.format(writer))

    return engine


_OVERRULED: Final = frozenset({"application_name", "connect_timeout"})


def _session(own: str) -> str:
    """Return the settings of a session: ours, and behind them those of the address, which overrule ours."""
    ours = {
        "statement_timeout": STATEMENT_SECONDS * 1000,
        "lock_timeout": BUSY_SECONDS * 1000,
        "idle_in_transaction_session_timeout": STATEMENT_SECONDS * 1000,
        "tcp_keepalives_idle": GONE_SECONDS // 3,  # a lock of a machine that died goes free this soon
        "tcp_keepalives_interval": GONE_SECONDS // 6,
        "tcp_keepalives_count": 4,
    }
    return " ".join([*(f"-c {name}={value}" for name, value in ours.items()), own]).strip()
