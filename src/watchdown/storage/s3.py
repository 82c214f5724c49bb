"""The storage of many machines: a bucket, or a part of one, on any server that speaks S3."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from watchdown.storage.keys import check_key
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Stored
from watchdown.storage.read_ahead import ReadAhead
from watchdown.storage.s3_calls import Broken, Calls
from watchdown.storage.s3_unfinished import abort, unfinished
from watchdown.storage.s3_upload import Upload, put, put_new

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, ObjectIdentifierTypeDef
    from urllib3 import BaseHTTPResponse

AT_ONCE: Final = 1000  # the most that S3 deletes in one call
BLOCK: Final = 64 * 1024
PATIENCE: Final = 60.0


class S3Storage:
    """Objects of a bucket under a prefix. One client for all threads; repeats calls for `patience` seconds.

    Without keys, the machine's own credentials are used, as every AWS client finds them.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint: str | None = None,
        region: str | None = None,
        access_key: str | None = None,
        secret_key: str | None = None,
        patience: float = PATIENCE,
    ) -> None:
        self._calls = Calls(
            bucket,
            endpoint=endpoint,
            region=region,
            access_key=access_key,
            secret_key=secret_key,
            patience=patience,
        )
        self._prefix = f"{check_key(prefix.strip('/'))}/" if prefix.strip("/") else ""

    def __repr__(self) -> str:
        return f"S3Storage({self._calls.place(self._prefix)} at {self._calls.server})"

    def place(self, key: str) -> str:
        """Return the address of an object."""
        return self._calls.place(self._whole(key))

    def _whole(self, key: str) -> str:
        return self._prefix + check_key(key)

    def open(self, key: str) -> BinaryIO:
        """Open an object for reading and seeking, by ranges of the one object that is there now."""
        whole, calls = self._whole(key), self._calls
        head = calls("read", whole, lambda: calls.client.head_object(Bucket=calls.bucket, Key=whole))
        fetch = partial(self._fetch, whole, head["ETag"])
        return cast("BinaryIO", ReadAhead(head["ContentLength"], fetch))

    def read(self, key: str) -> bytes:
        """Return an object's content."""
        with self.open(key) as file:
            return file.read()

    def _fetch(self, whole: str, etag: str, start: int, length: int) -> bytes:
        """Return a range; where its body breaks off, only what is missing is asked for again."""
        calls, data = self._calls, bytearray()
        deadline = time.monotonic() + calls.patience

        def go_on() -> None:
            found = calls.client.get_object(
                Bucket=calls.bucket,
                Key=whole,
                Range=f"bytes={start + len(data)}-{start + length - 1}",
                IfMatch=etag,
            )
            _read_body(found, data, length, deadline)

        calls("read", whole, go_on)
        return bytes(data)

    def put(self, key: str, data: bytes) -> None:
        """Write an object, replacing what is there; the server checks its content."""
        put(self._calls, self._whole(key), data)

    def put_new(self, key: str, data: bytes) -> bool:
        """Write an object unless one is there: the server lets one writer through."""
        return put_new(self._calls, self._whole(key), data)

    @contextmanager
    def create(self, key: str) -> Iterator[BinaryIO]:
        """Give a stream to write an object to, which is there once the block ends without an error."""
        upload = Upload(self._calls, self._whole(key))
        try:
            yield cast("BinaryIO", upload)
            upload.finish()
        except BaseException:
            upload.abort()
            raise

    def exists(self, key: str) -> bool:
        """Say whether an object is there."""
        whole, calls = self._whole(key), self._calls

        def look() -> bool:
            calls.client.head_object(Bucket=calls.bucket, Key=whole)
            return True

        return calls("look for it", whole, look, missing=False)

    def list(self, prefix: str = "") -> Iterator[Stored]:
        """Yield the objects whose key starts with a prefix, in the order of their keys' UTF-8 bytes."""
        calls, whole, after = self._calls, self._prefix + prefix, ""
        while True:
            page = calls(
                "list",
                None,
                partial(calls.client.list_objects_v2, Bucket=calls.bucket, Prefix=whole, StartAfter=after),
            )
            for found in page.get("Contents", []):
                after = found.get("Key", "")
                if not after.endswith("/"):  # how other tools mark folders
                    at = found["LastModified"].timestamp() if "LastModified" in found else 0.0
                    yield Stored(after.removeprefix(self._prefix), found.get("Size", 0), at)
            if not page["IsTruncated"]:
                return

    def copy(self, source: str, target: str) -> None:
        """Copy an object inside the server, in parts where it is large."""
        calls, origin, goal = self._calls, self._whole(source), self._whole(target)
        calls(
            "copy",
            origin,
            lambda: calls.client.copy({"Bucket": calls.bucket, "Key": origin}, calls.bucket, goal),
        )

    def delete(self, keys: Iterable[str]) -> None:
        """Remove objects; those that are not there are no fault."""
        left = iter(keys)
        while some := [self._whole(key) for key in islice(left, AT_ONCE)]:
            self._delete([{"Key": key} for key in some])

    def _delete(self, objects: Sequence[ObjectIdentifierTypeDef]) -> None:
        calls = self._calls

        def once() -> None:
            answer = calls.client.delete_objects(
                Bucket=calls.bucket, Delete={"Objects": objects, "Quiet": True}
            )
            for fault in answer.get("Errors", []):
                calls.raise_undeleted(fault.get("Key"), fault.get("Code", ""), fault.get("Message", ""))

        calls("delete", None, once)

    def delete_all(self, prefix: str) -> None:
        """Remove every object whose key starts with a prefix."""
        self.delete(stored.key for stored in self.list(prefix))

    def half_made(self, before: float, *, remove: bool) -> Iterator[Stored]:
        """Yield the uploads in parts that began before a time and never finished."""
        for found in unfinished(self._calls, self._prefix):
            if found.began < before:
                if remove:
                    abort(self._calls, found)
                yield Stored(f"{found.key.removeprefix(self._prefix)}?{found.upload}", 0, found.began)

    def link(self, key: str, seconds: int) -> str:
        """Return a signed URL that gives the object to whoever has it, for so long."""
        calls = self._calls
        return calls.client.generate_presigned_url(
            "get_object", Params={"Bucket": calls.bucket, "Key": self._whole(key)}, ExpiresIn=seconds
        )

    def fetch(self, key: str, folder: Path) -> Path:
        """Return a copy of an object that never changes, made in `folder` unless it is there."""
        address = f"{self.place(key)} at {self._calls.server}"
        name = f"{hashlib.sha256(address.encode()).hexdigest()[:32]}/{key.rpartition('/')[2]}"
        copies = LocalStorage(folder)
        if not copies.exists(name):
            with self.open(key) as file, copies.create(name) as copy:
                shutil.copyfileobj(file, copy, BLOCK)
        return copies.fetch(name, folder)


def _read_body(found: GetObjectOutputTypeDef, data: bytearray, length: int, deadline: float) -> None:
    """Add a body to `data` until that is so long; Broken where it ends before, or comes too slowly."""
    with found["Body"] as body:
        raw = cast("BaseHTTPResponse", body)  # has `read1`: waiting for a whole block could take for ever
        while len(data) < length:
            block = raw.read1(min(BLOCK, length - len(data)))
            if not block:
                raise Broken(f"the answer broke off after {len(data)} of {length} bytes")
            data += block
            if time.monotonic() > deadline:
                raise Broken(f"the answer is too slow: {len(data)} of {length} bytes came in time")
