from __future__ import annotations

import hashlib
from pathlib import Path

from watchdown.media.fingerprint import BLOCK, fingerprint


def test_the_fingerprint_is_of_the_whole_content(tmp_path: Path) -> None:
    content = bytes(range(256)) * 10_000
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(content[:-1] + b"x")
    told: list[int] = []
    assert fingerprint(tmp_path / "a", told.append) == hashlib.sha256(content).hexdigest()
    assert fingerprint(tmp_path / "b") != fingerprint(tmp_path / "a")
    assert told[:1] == [BLOCK]
    assert told[-1] == len(content)
