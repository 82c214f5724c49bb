from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from botocore.exceptions import ClientError
from opensearchpy import OpenSearch as Client

from services.fixtures import Own
from services.opensearch import OpenSearch
from services.postgresql import PostgreSQL, new_database
from services.process import ended
from services.s3 import S3
from services.service import Service

SMALL = {OpenSearch: {"heap": "512m"}}


def test_opensearch_finds_the_nearest_vectors(opensearch_url: str) -> None:
    index = f"near-{uuid.uuid4().hex}"
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
    vector = {"type": "knn_vector", "dimension": 2, "method": method}
    with Client(opensearch_url) as client:
        client.indices.create(
            index=index, body={"settings": {"index.knn": True}, "mappings": {"properties": {"v": vector}}}
        )
        for number, place in enumerate([[1.0, 0.0], [0.0, 1.0], [0.9, 0.1]]):
            client.index(index=index, id=str(number), body={"v": place}, params={"refresh": "true"})
        query = {"size": 2, "query": {"knn": {"v": {"vector": [1.0, 0.0], "k": 2}}}}
        found = client.search(index=index, body=query)
        client.indices.delete(index=index)
    assert [hit["_id"] for hit in found["hits"]["hits"]] == ["0", "2"]


def test_postgresql_answers_in_a_database_of_the_tests_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select version(), current_database()").fetchone()
    assert row is not None
    assert row[0].startswith("PostgreSQL ")
    assert database_url.endswith(f"/{row[1]}")


def test_s3_writes_an_object_once(s3_server: S3) -> None:
    bucket = s3_server.new_bucket()
    client = s3_server.client()
    client.put_object(Bucket=bucket, Key="a/b", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError) as refused:
        client.put_object(Bucket=bucket, Key="a/b", Body=b"second", IfNoneMatch="*")
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 412
    assert client.get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"first"


def put(service: Service) -> str:
    """Write something and return where it is."""
    if isinstance(service, PostgreSQL):
        url = new_database(service.url)
        with psycopg.connect(url) as connection:
            connection.execute("create table kept as select 'kept' as word")
        return url
    if isinstance(service, S3):
        bucket = service.new_bucket()
        service.client().put_object(Bucket=bucket, Key="key", Body=b"kept")
        return bucket
    with Client(service.url) as client:
        client.indices.create(index="kept")
        client.index(index="kept", id="1", body={"word": "kept"})
    return "kept"


def got(service: Service, place: str) -> str:
    """Read what was written."""
    if isinstance(service, PostgreSQL):
        with psycopg.connect(place) as connection:
            [(word,)] = connection.execute("select word from kept").fetchall()
    elif isinstance(service, S3):
        word = service.client().get_object(Bucket=place, Key="key")["Body"].read().decode()
    else:
        with Client(service.url) as client:
            word = client.get(index=place, id="1")["_source"]["word"]
    return str(word)


@pytest.mark.parametrize("kind", [PostgreSQL, S3, OpenSearch])
def test_a_server_is_killed_and_comes_back_with_its_data_is_paused_and_goes_on(
    own_server: Own, kind: type[Service]
) -> None:
    service = own_server(kind, **SMALL.get(kind, {}))
    url, place = service.url, put(service)
    service.kill()
    assert not service.running()
    assert not service.healthy()
    assert service.up() == url
    assert got(service, place) == "kept"
    service.pause()
    assert service.running()
    assert not service.healthy()
    service.resume()
    assert service.healthy()
    family = [p for process in service.processes if (p := process.find())]
    family += [child for process in family for child in process.children(recursive=True)]
    service.down()
    assert all(map(ended, family))


def test_two_processes_that_start_a_server_at_once_start_one(own_server: Own) -> None:
    service = own_server(PostgreSQL)
    service.down()
    command = [sys.executable, "-m", "services", "up", service.kind, "--name", service.name, "--json"]
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with ThreadPoolExecutor(2) as both:
        said = both.map(lambda _: subprocess.check_output(command, env=surroundings), range(2))
        urls = {json.loads(lines)[0]["url"] for lines in said}
    assert urls == {service.url}
    data = str(service.folder / "data")
    servers = [p for p in psutil.process_iter(["cmdline"]) if data in (p.info["cmdline"] or ())]
    assert servers == [service.processes[0].find()]
