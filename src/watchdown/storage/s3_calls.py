"""Calls to an S3 server: repeated where it may help, within a deadline, and every fault by its name."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.exceptions as faults
import urllib3.exceptions
from botocore.config import Config
from botocore.parsers import ResponseParserError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from watchdown_schemas.errors import (
    LibraryError,
    StorageChanged,
    StorageDenied,
    StorageFull,
    StorageNotFound,
    StorageUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

T = TypeVar("T")

CONNECT_SECONDS: Final = 5
CONNECTIONS: Final = 32
ABSENT: Final = 404
CHANGED: Final = 412
REFUSED: Final = 403
BUSY: Final = frozenset({408, 409, 429, 500, 502, 503, 504})
SLOW_DOWN: Final = frozenset({"RequestTimeout", "SlowDown", "Throttling", "ThrottlingException"})
DENIED: Final = frozenset(
    {"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "XAdminUserNotFound"}
)
FORBIDDEN: Final = frozenset({"AccessDenied", "AllAccessDisabled"})
ALLOW: Final = "Check the credentials in the settings, and what their policy allows"
NO_SPACE: Final = frozenset({"InsufficientStorage", "QuotaExceeded", "XMinioStorageFull"})


class Broken(Exception):
    """An answer is not whole, or came too slowly; what is missing is asked for again."""


class Calls:
    """One server's client, and the one way to call it."""

    def __init__(
        self,
        bucket: str,
        *,
        endpoint: str | None,
        region: str | None,
        access_key: str | None,
        secret_key: str | None,
        patience: float,
    ) -> None:
        self.bucket: Final = bucket
        self.patience: Final = patience
        session = boto3.Session(access_key, secret_key, region_name=region or "us-east-1")
        self.client: Final[S3Client] = session.client(
            "s3",
            endpoint_url=endpoint,
            config=Config(
                signature_version="s3v4",  # links are signed the old way by default, which servers refuse
                retries={"mode": "standard", "total_max_attempts": 1},  # repeated here, with one deadline
                connect_timeout=min(CONNECT_SECONDS, patience),
                read_timeout=max(1.0, patience / 3),
                max_pool_connections=CONNECTIONS,
                s3={"addressing_style": "path" if endpoint else "auto"},
                response_checksum_validation="when_required",
            ),
        )
        self.server: Final = _without_user(str(self.client.meta.endpoint_url))
        user, at, _host = urlsplit(endpoint or "").netloc.rpartition("@")
        self._login = user + at
        self._bucket_is_there = False

    def __call__(self, doing: str, key: str | None, call: Callable[[], T], *, missing: T | None = None) -> T:
        """Return what a call gives, made again for `patience` seconds where it fails for a while.

        Args:
            doing: What is tried, for the error: `read`, `write`.
            key: The whole key of the object; None for the bucket.
            call: Does it; may be called several times.
            missing: What to return where there is no such object, instead of raising StorageNotFound.
        """
        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_delay(self.patience),
            wait=wait_random_exponential(multiplier=0.1, max=5),
            retry_error_callback=_last,
        )
        try:
            found = retrying(call)
        except LibraryError:
            raise
        except (faults.BotoCoreError, faults.ClientError, urllib3.exceptions.HTTPError, Broken) as error:
            if status(error) == ABSENT and key is not None:
                self._check_bucket()  # an answer without a body does not say what is missing
                if missing is not None:
                    return missing
            self._raise(doing, key, error, int(retrying.statistics.get("attempt_number", 1)))
        self._bucket_is_there = True
        return found

    def _check_bucket(self) -> None:
        if not self._bucket_is_there:
            self("list", None, lambda: self.client.list_objects_v2(Bucket=self.bucket, MaxKeys=1))

    def raise_undeleted(self, key: str | None, said: str, message: str) -> NoReturn:
        """Raise for an object that a call for many could not delete: StorageDenied, or what may pass."""
        told = f"{said}: {message}"
        if said in FORBIDDEN:
            subject, cause = f"{self.place(key)} at {self.server}", f"refuses to delete ({told})"
            raise StorageDenied(subject, cause, ALLOW)
        raise Broken(f"{self.place(key)} stays: {told}")

    def place(self, key: str | None) -> str:
        """Return the address of an object, or of the bucket."""
        return f"s3://{self.bucket}" if key is None else f"s3://{self.bucket}/{key}"

    def _raise(self, doing: str, key: str | None, error: Exception, tries: int) -> NoReturn:
        subject = f"{self.place(key)} at {self.server}"
        said, told = code(error), _told(error)
        if self._login:
            told = told.replace(self._login, "")
        if status(error) == CHANGED:
            cause = "was replaced while it was read"
            raise StorageChanged(subject, cause, "Repeat the command: it reads the new one") from error
        if said == "NoSuchBucket" or (key is None and status(error) == ABSENT and said not in DENIED):
            remedy = "Create the bucket, or name another one in the settings"
            raise StorageNotFound(
                f"s3://{self.bucket} at {self.server}", "is no bucket there", remedy
            ) from error
        if isinstance(error, faults.NoCredentialsError | faults.PartialCredentialsError):
            remedy = "Set the access key and the secret key in the settings"
            raise StorageDenied(subject, f"could not {doing}: no credentials are given", remedy) from error
        if said in DENIED or status(error) == REFUSED:
            raise StorageDenied(subject, f"refuses to {doing} ({told})", ALLOW) from error
        if status(error) == ABSENT:
            remedy = "Check the address, and that nothing removes objects from the library"
            raise StorageNotFound(subject, "is not there", remedy) from error
        if said in NO_SPACE:
            raise StorageFull(
                subject, f"is full ({told})", "Free some space and repeat the command"
            ) from error
        times = f"{tries} time{'s' * (tries > 1)}"
        remedy = "Check that the server runs and can be reached from here, then repeat the command"
        raise StorageUnavailable(subject, f"could not {doing}, tried {times} ({told})", remedy) from error


def status(error: BaseException | None) -> int | None:
    """Return the HTTP status of a server's refusal, None for any other fault."""
    if isinstance(error, faults.ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)) or None
    return None


def code(error: BaseException) -> str:
    """Return what S3 calls a refusal, "" for any other fault."""
    return str(_error(error).get("Code", "")) if isinstance(error, faults.ClientError) else ""


def _error(refusal: faults.ClientError) -> Mapping[str, Any]:
    return refusal.response.get("Error", {})


def _may_pass(error: BaseException) -> bool:
    """Whether a fault may be gone when the call is made again."""
    if isinstance(error, faults.ClientError):
        return status(error) in BUSY or code(error) in SLOW_DOWN
    if isinstance(error, faults.SSLError | urllib3.exceptions.SSLError | ssl.SSLError):
        return False
    passing = (
        Broken,
        faults.ConnectionError,
        faults.HTTPClientError,
        ResponseParserError,
        urllib3.exceptions.HTTPError,
    )
    return isinstance(error, passing)


def _last(state: RetryCallState) -> Any:
    """Raise the last fault as it is, once there is no more time."""
    assert state.outcome is not None
    return state.outcome.result()


def _told(error: Exception) -> str:
    if isinstance(error, faults.ClientError):
        reason = _error(error).get("Message") or "no reason given"
        return f"{status(error)} {code(error)}: {reason}"
    return str(error)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
