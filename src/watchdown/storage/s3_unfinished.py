"""Uploads in parts that nobody finished: nobody sees them, and everybody pays for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from watchdown.storage.s3_calls import Calls
from watchdown_schemas.errors import StorageNotFound


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload: the whole key of the object that it should become, its id, and when it began."""

    key: str
    upload: str
    began: float


def unfinished(calls: Calls, prefix: str) -> Iterator[Unfinished]:
    """Yield the uploads under a prefix that go on or were left."""
    key, upload = "", ""
    while True:
        page = calls(
            "list unfinished uploads",
            None,
            partial(
                calls.client.list_multipart_uploads,
                Bucket=calls.bucket,
                Prefix=prefix,
                KeyMarker=key,
                UploadIdMarker=upload,
            ),
        )
        for found in page.get("Uploads", []):
            began = found["Initiated"].timestamp() if "Initiated" in found else 0.0
            yield Unfinished(found.get("Key", ""), found.get("UploadId", ""), began)
        if not page.get("IsTruncated"):
            return
        key, upload = page.get("NextKeyMarker", ""), page.get("NextUploadIdMarker", "")


def abort(calls: Calls, found: Unfinished) -> None:
    """Give an upload up; one that is gone by now is no fault."""
    try:
        calls(
            "give up writing",
            found.key,
            lambda: calls.client.abort_multipart_upload(
                Bucket=calls.bucket, Key=found.key, UploadId=found.upload
            ),
        )
    except StorageNotFound:
        return
