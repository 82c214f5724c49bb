"""A real S3 server: versitygw, built once from its Go module, with the objects as files in a folder."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from services.cache import CACHE, made_once
from services.go import SETTINGS, go
from services.service import HOST, Service, answers
from services.tools import Missing, build

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

VERSION = "v1.8.0"
MODULE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"
OLDEST_GO = (1, 25)  # as its go.mod says
PLACE = CACHE / "versitygw" / VERSION
REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "watchdown", "watchdown-secret"


class S3(Service):
    """One server with one account; buckets are made by whoever uses it."""

    kind = "s3"
    access_key, secret_key, region = ACCESS_KEY, SECRET_KEY, REGION

    @classmethod
    def build(cls) -> None:
        if PLACE.is_dir():
            return
        compiler = go(OLDEST_GO)
        with made_once(PLACE) as half:
            if half is not None:
                settings = SETTINGS | {"GOBIN": str(half), "GOFLAGS": ""}
                build(f"building versitygw {VERSION}", [compiler, "install", MODULE], settings, heavy=True)

    @classmethod
    def version(cls) -> str:
        if not PLACE.is_dir():
            raise Missing(f"versitygw {VERSION} is not built yet")
        return VERSION.removeprefix("v")

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port()}"

    def healthy(self) -> bool:
        return answers(f"{self.url}/health")

    def start(self) -> None:
        [process], data = self.processes, self.folder / "data"
        data.mkdir(parents=True, exist_ok=True)
        if process.find() is None:
            process.start(
                [
                    PLACE / "versitygw",
                    "--port",
                    f"{HOST}:{self.port()}",
                    "--health",
                    "/health",
                    "posix",
                    data,
                ],
                {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY},
            )

    def client(self) -> S3Client:
        """Return a boto3 client of this server."""
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        )

    def new_bucket(self) -> str:
        """Make an empty bucket and return its name."""
        name = f"test-{uuid.uuid4().hex[:16]}"
        self.client().create_bucket(Bucket=name)
        return name
