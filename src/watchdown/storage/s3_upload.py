"""Writing an object of any size to S3 in bounded memory: in parts, and visible only once all are there."""

from __future__ import annotations

import io
import uuid
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from watchdown.storage.s3_calls import ABSENT, CHANGED, Calls, status
from watchdown_schemas.errors import LibraryError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

PART: Final = 8 << 20
SAME_SIZE: Final = 1000  # so many parts, then they double: 10,000 of one size would hold 80 GB only
WRITER: Final = "watchdown-writer"  # metadata by which a writer knows its own object again


class Upload(io.BufferedIOBase):
    """A stream into one object: `finish` makes it visible, `abort` leaves nothing of it."""

    def __init__(self, calls: Calls, key: str) -> None:
        self._calls = calls
        self._key = key
        self._held = bytearray()
        self._position = 0
        self._upload: str | None = None
        self._parts: list[CompletedPartTypeDef] = []
        self._metadata = {WRITER: uuid.uuid4().hex}

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._position

    def write(self, buffer: ReadableBuffer, /) -> int:
        """Take bytes; each time a part is full, send it."""
        if self.closed:
            raise ValueError("I/O operation on closed file")
        view = memoryview(buffer).cast("B")
        taken = 0
        while taken < len(view):
            room = self._part_size - len(self._held)
            self._held += view[taken : taken + room]
            taken += min(room, len(view) - taken)
            if len(self._held) == self._part_size:
                self._send()
        self._position += len(view)
        return len(view)

    @property
    def _part_size(self) -> int:
        return PART << len(self._parts) // SAME_SIZE

    def _send(self) -> None:
        calls, number, body = self._calls, len(self._parts) + 1, bytes(self._held)
        self._held = bytearray()
        if self._upload is None:
            begun = calls(
                "begin to write",
                self._key,
                lambda: calls.client.create_multipart_upload(
                    Bucket=calls.bucket, Key=self._key, Metadata=self._metadata, ChecksumAlgorithm="CRC32"
                ),
            )
            self._upload = begun["UploadId"]
        upload = self._upload
        sent = calls(
            "write",
            self._key,
            lambda: calls.client.upload_part(
                Bucket=calls.bucket,
                Key=self._key,
                UploadId=upload,
                PartNumber=number,
                Body=body,
                ChecksumAlgorithm="CRC32",
            ),
        )
        part: CompletedPartTypeDef = {"ETag": sent["ETag"], "PartNumber": number}
        if "ChecksumCRC32" in sent:
            part["ChecksumCRC32"] = sent["ChecksumCRC32"]
        self._parts.append(part)

    def finish(self) -> None:
        """Send what is left, and make the object visible."""
        calls = self._calls
        if self._upload is None:
            put(calls, self._key, bytes(self._held), self._metadata)
        else:
            if self._held:
                self._send()
            calls("finish writing", self._key, self._complete)
        self.close()

    def _complete(self) -> None:
        assert self._upload is not None
        try:
            self._calls.client.complete_multipart_upload(
                Bucket=self._calls.bucket,
                Key=self._key,
                UploadId=self._upload,
                MultipartUpload={"Parts": self._parts},
            )
        except ClientError as error:
            # An earlier try may have come through, and only its answer been lost.
            if status(error) != ABSENT or not is_own(self._calls, self._key, self._metadata):
                raise

    def abort(self) -> None:
        """Give up what was sent; where even that fails, the bucket's own rule for such remains removes it."""
        calls, upload = self._calls, self._upload
        self._held = bytearray()
        self.close()
        if upload is not None:
            try:
                calls(
                    "give up writing",
                    self._key,
                    lambda: calls.client.abort_multipart_upload(
                        Bucket=calls.bucket, Key=self._key, UploadId=upload
                    ),
                )
            except LibraryError:
                return


def put(calls: Calls, key: str, data: bytes, metadata: dict[str, str] | None = None) -> None:
    """Write an object whole."""
    calls(
        "write",
        key,
        lambda: calls.client.put_object(Bucket=calls.bucket, Key=key, Body=data, Metadata=metadata or {}),
    )


def put_new(calls: Calls, key: str, data: bytes) -> bool:
    """Write an object unless one is there; say whether it was written."""
    metadata = {WRITER: uuid.uuid4().hex}

    def once() -> bool:
        try:
            calls.client.put_object(
                Bucket=calls.bucket, Key=key, Body=data, Metadata=metadata, IfNoneMatch="*"
            )
        except ClientError as error:
            if status(error) != CHANGED:
                raise
            return is_own(calls, key, metadata)  # an earlier try may have won, and only its answer been lost
        return True

    return calls("write", key, once)


def is_own(calls: Calls, key: str, metadata: dict[str, str]) -> bool:
    """Whether the object under a key is the one that this writer wrote."""
    try:
        found = calls.client.head_object(Bucket=calls.bucket, Key=key)
    except ClientError as error:
        if status(error) == ABSENT:
            return False
        raise
    return found["Metadata"].get(WRITER) == metadata[WRITER]
