"""Asks components of a cluster over HTTPS, as its administrator."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.kubernetes.certificates import AUTHORITY
from services.service import ANSWER_S


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who may do all; `keys` is the folder of certificates."""

    keys: Path

    def get(self, url: str) -> str | None:
        """Return what is answered, or None where nothing is, or no success."""
        try:
            with self._open(urllib.request.Request(url)) as answer:
                return str(answer.read().decode())
        except OSError:
            return None

    def read(self, url: str) -> dict[str, Any]:
        """Return an object, empty where there is none."""
        said = self.get(url)
        return json.loads(said) if said else {}

    def create(self, url: str, thing: Mapping[str, object]) -> None:
        """Make an object unless it is there."""
        asked = urllib.request.Request(url, json.dumps(thing).encode(), {"Content-Type": "application/json"})
        try:
            self._open(asked).close()
        except urllib.error.HTTPError as error:
            if error.code != 409:
                raise

    def _open(self, asked: urllib.request.Request) -> Any:
        context = ssl.create_default_context(cafile=str(self.keys / f"{AUTHORITY}.crt"))
        context.load_cert_chain(self.keys / "admin.crt", self.keys / "admin.key")
        direct = urllib.request.ProxyHandler({})
        opener = urllib.request.build_opener(direct, urllib.request.HTTPSHandler(context=context))
        return opener.open(asked, timeout=ANSWER_S)
