"""Record ids: a hash of run, schema type and the type's declared key, so a replay writes the same ids."""

from __future__ import annotations

import hashlib
import json
from base64 import b32encode

ID_BYTES = 15  # 24 base32 characters without padding; 120 bits


def short_hash(*parts: str | float | None) -> str:
    """Return 24 lower-case characters that identify the parts in their order."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    digest = hashlib.blake2b(text.encode(), digest_size=ID_BYTES).digest()
    return b32encode(digest).decode().lower()


def record_id(run: int, schema: str, key: tuple[str | int | float | None, ...]) -> str:
    """Return the id of the record with that key in that run."""
    return short_hash(run, schema, *key)
