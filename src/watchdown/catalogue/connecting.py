"""Connections, with patience: a server that is away is tried again before a transaction begins."""

from __future__ import annotations

import time

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from watchdown.catalogue.faults import fault_of, refused
from watchdown.settings import Address
from watchdown_schemas.errors import DatabaseUnavailable

FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 5.0


def begun(engine: Engine, address: Address, patience_s: float) -> Connection:
    """Return a connection that is alive; DatabaseUnavailable when there is none for `patience_s` seconds."""
    if address.kind == "sqlite":
        return engine.connect()
    from tenacity import RetryCallState, Retrying, retry_if_exception, wait_random_exponential

    begin = time.monotonic()
    tries = 0

    def away(error: BaseException) -> bool:
        fault = fault_of(address, error) if isinstance(error, DBAPIError) else None
        return isinstance(fault, DatabaseUnavailable) and not refused(error)  # type: ignore[arg-type] # is one

    def impatient(state: RetryCallState) -> bool:
        return time.monotonic() - begin + (state.upcoming_sleep or 0) > patience_s

    def connected() -> Connection:
        nonlocal tries
        tries += 1
        return engine.connect()

    try:
        wait = wait_random_exponential(FIRST_WAIT_S, LONGEST_WAIT_S)
        return Retrying(retry=retry_if_exception(away), wait=wait, stop=impatient, reraise=True)(connected)
    except DBAPIError as error:
        fault = fault_of(address, error)
        if fault is None or tries == 1:
            raise
        seconds = f"{time.monotonic() - begin:.0f} s"
        cause = f"{fault.cause}; tried {tries} times in {seconds}"
        raise DatabaseUnavailable(fault.subject, cause, fault.remedy) from error
