"""What a client that only reads is told when it is asked to write."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from watchdown_schemas.errors import LibraryError

P = ParamSpec("P")
T = TypeVar("T")
# What only whoever writes has installed: the extra `local`.
WRITERS: Final = frozenset({"alembic", "av", "lance", "lancedb", "psycopg", "sqlalchemy", "srt"})


def needs_local(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """Make a call say what to install where it needs a package that only whoever writes has."""

    @wraps(call)
    async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in WRITERS:
                raise
            cause = f"is not installed, so that this client only reads ({call.__name__} needs it)"
            remedy = "Install it with: pip install 'watchdown[cluster,local]'"
            raise LibraryError(f"the package {error.name}", cause, remedy) from error

    return guarded
