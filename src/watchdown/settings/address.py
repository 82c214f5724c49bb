"""Addresses: where a part of a library lies, its kind first, and no password in what is shown of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from pydantic import SecretStr

FILES: Final = frozenset({"sqlite", "lance", "folder"})
SERVERS: Final = frozenset({"postgresql", "s3", "opensearch", "opensearch+https", "triton"})
HIDDEN: Final = frozenset({"password", "sslpassword"})  # options of PostgreSQL that are secrets
PORTS: Final = {"postgresql": 5432, "opensearch": 9200, "opensearch+https": 9200, "triton": 8001}


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where one part lies. `path` is a file's path, a bucket's prefix or a database's name.

    Printed, it is the URL without password; `reveal` gives it whole, for the driver alone.
    """

    kind: str
    host: str = ""
    port: int | None = None
    path: str = ""
    username: str | None = None
    password: SecretStr | None = None
    options: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)

    @property
    def file(self) -> Path:
        """The path of an address of this machine."""
        return Path(self.path)

    @property
    def server(self) -> str:
        """Host and port, as people and clients write them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" if self.port is not None else host

    def below(self, home: Path) -> Address:
        """Return the address with a relative path made one below `home`."""
        return replace(self, path=str(home / self.path)) if self.kind in FILES else self

    def __str__(self) -> str:
        return self._url(whole=False)

    def reveal(self) -> str:
        """Return the whole URL, the password in it."""
        return self._url(whole=True)

    def _url(self, *, whole: bool) -> str:
        if self.kind == "folder":
            return self.path
        if self.kind not in SERVERS:
            return f"{self.kind}:{'///' if self.kind == 'sqlite' else ''}{self.path}"
        user = "" if self.username is None else quote(self.username, safe="")
        if self.password:
            user += f":{quote(self.password.get_secret_value(), safe='') if whole else '***'}"
        shown = {
            name: value if whole or name not in HIDDEN else "***" for name, value in self.options.items()
        }
        options = f"?{urlencode(shown, quote_via=quote)}" if shown else ""
        place = f"/{quote(self.path)}" if self.path else ""
        return f"{self.kind}://{user}{'@' if user else ''}{self.server}{place}{options}"


def parse(text: object, kinds: Collection[str], *, default: str | None = None) -> Address:
    """Return the address that `text` is, one of `kinds`; what has no kind is of kind `default`.

    Raises ValueError, whose message has nothing of the text but its kind: the rest may be a secret.
    """
    if not isinstance(text, str):
        raise ValueError("is no text")  # noqa: TRY004 - what Pydantic turns into a fault of the field
    kind, colon, rest = text.partition(":")
    if default and kind not in kinds and (not colon or "/" in kind or not rest.startswith("//")):
        kind, rest = default, text
    elif not colon or kind not in kinds:
        told = f"{kind}: is none of them" if colon and kind.replace("+", "").isalnum() else "has no kind"
        raise ValueError(f"must begin with {' or '.join(sorted(one + ':' for one in kinds))}; {told}")
    if kind in SERVERS:
        return _server(kind, text)
    path = rest.removeprefix("///") if kind == "sqlite" else rest
    if kind in FILES and (not path.strip() or "\0" in path):
        raise ValueError("names no file or folder")
    return Address(kind=kind, path=str(Path(path).expanduser()) if kind in FILES else path)


def _server(kind: str, text: str) -> Address:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        cause = "has no usable host and port; write / : @ ? # of a name or password as %2F %3A %40 %3F %23"
        raise ValueError(cause) from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.fragment:
        raise ValueError("has a # in it; write it as %23")
    if (parts.username or parts.password) and kind != "postgresql":
        raise ValueError("has a user or password in it; give them in their own settings")
    if options and kind != "postgresql":
        raise ValueError("has options behind a ?, which only postgresql: takes")
    if not parts.hostname and "host" not in options:
        raise ValueError("names no bucket" if kind == "s3" else "names no host")
    path = unquote(parts.path.removeprefix("/"))
    if kind == "postgresql" and (not path or "/" in path):
        raise ValueError("names no database: the name stands behind the host and a slash")
    if path and kind not in {"postgresql", "s3"}:
        raise ValueError("has a path behind host and port, which that server does not take")
    return Address(
        kind=kind,
        host=parts.hostname or "",
        port=port or (PORTS.get(kind) if parts.hostname else None),
        path=path.rstrip("/"),
        username=unquote(parts.username) if parts.username else None,
        password=SecretStr(unquote(parts.password)) if parts.password else None,
        options=options,
    )
