from __future__ import annotations

from storage.s3_for_now import s3_server

__all__ = ["s3_server"]
