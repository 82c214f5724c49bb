"""A library of its own on the real servers: `python -m services.library DIR` writes DIR/watchdown.toml."""

from __future__ import annotations

import sys
import tempfile
import tomllib
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg

from services.opensearch import OpenSearch
from services.postgresql import PostgreSQL, new_database
from services.s3 import S3
from services.service import Service
from services.triton import Triton
from watchdown.models.export import export
from watchdown_algos.discovery import discover

SETTINGS = """\
# A library on the servers that `make services` starts; delete this file to begin with an empty one.
database = "{database}"
storage = "s3://{bucket}/library"
store = "{store}"
model = "{model}"

[s3]
endpoint = "{endpoint}"
region = "{region}"
access_key = "{access_key}"
secret_key = "{secret_key}"

[opensearch]
prefix = "{prefix}"
replicas = 0  # there is one node
"""


def settings_of(database: str, s3: S3, opensearch: str, model: str = "onnx:") -> str:
    """Return the settings of a new, empty library on these servers, as a watchdown.toml has them."""
    return SETTINGS.format(
        database=database,
        bucket=s3.new_bucket(),
        store=opensearch.replace("http", "opensearch", 1),
        model=model,
        endpoint=s3.url,
        region=s3.region,
        access_key=s3.access_key,
        secret_key=s3.secret_key,
        prefix=f"library_{uuid.uuid4().hex[:12]}",
    )


def serve_models(triton: Triton) -> str:
    """Have the models of all algorithms served, and return the server's URL."""
    with tempfile.TemporaryDirectory() as folder:
        export(discover().values(), Path(folder))
        triton.serve(Path(folder))
    return triton.url


def main(home: Path) -> Path:
    """Start the servers, and make the settings of a library unless there are some that still hold."""
    servers: tuple[Service, ...] = (PostgreSQL(), S3(), OpenSearch(), Triton())
    with ThreadPoolExecutor(len(servers)) as together:
        list(together.map(lambda server: server.up(), servers))
    model, file = serve_models(Triton()), home / "watchdown.toml"
    if not (file.exists() and holds(file, PostgreSQL().url, S3())):
        home.mkdir(parents=True, exist_ok=True)
        file.write_text(settings_of(new_database(PostgreSQL().url), S3(), OpenSearch().url, model), "utf-8")
    return file


def holds(file: Path, postgresql_url: str, s3: S3) -> bool:
    """Whether the servers of a file of settings are these, and still have what it names."""
    said = tomllib.loads(file.read_text("utf-8"))
    if not said["database"].startswith(postgresql_url.rpartition("/")[0]) or said["s3"]["endpoint"] != s3.url:
        return False
    buckets = [bucket["Name"] for bucket in s3.client().list_buckets()["Buckets"]]
    try:
        psycopg.connect(said["database"]).close()
    except psycopg.OperationalError:
        return False
    return said["storage"].removeprefix("s3://").partition("/")[0] in buckets


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]))}\n")
