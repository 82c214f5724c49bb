"""`watchdown doctor` on settings: what each server is, or what is wrong and what to do about it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.library import serve_models, settings_of
from services.s3 import S3
from services.triton import Triton
from watchdown.cli.main import main

SERVERS = ("database", "storage", "store", "model")
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def settings(
    database_url: str, s3_server: S3, opensearch_url: str, triton: Triton, tmp_path: Path
) -> tuple[Path, str]:
    text = settings_of(database_url, s3_server, opensearch_url, serve_models(triton))
    file = tmp_path / "watchdown.toml"
    file.write_text(text)
    return file, text


def doctor(file: Path, capsys: Capture) -> tuple[int, dict[str, Any]]:
    """Return the exit code, and what was found."""
    code = main(["doctor", "--library", str(file), "--json"])
    return code, {found["what"]: found for found in json.loads(capsys.readouterr().out)}


def test_each_server_is_named_with_its_version_and_nothing_is_made_there(
    settings: tuple[Path, str], capsys: Capture
) -> None:
    file, _ = settings
    _, found = doctor(file, capsys)
    assert {found[part]["state"] for part in SERVERS} == {"ok"}
    for part, version in zip(SERVERS, ("PostgreSQL 1", "S3", "OpenSearch 3.", "Triton 2."), strict=True):
        assert f"({version}" in found[part]["detail"]
    assert found["library"]["state"] == "none"
    assert "has no Watchdown library in it" in found["library"]["detail"]
    assert main(["doctor", "--library", str(file)]) == 0
    assert "Triton 2." in capsys.readouterr().out


def test_what_is_refused_or_not_there_is_told_with_its_remedy(
    settings: tuple[Path, str], database_url: str, s3_server: S3, capsys: Capture
) -> None:
    file, text = settings
    gone = database_url.replace(urlsplit(database_url).path, "/gone")
    file.write_text(text.replace(s3_server.secret_key, "wrong").replace(database_url, gone))
    code, found = doctor(file, capsys)
    assert code == 1
    assert [found[part]["state"] for part in SERVERS] == ["missing", "missing", "ok", "ok"]
    assert "createdb" in found["database"]["remedy"]
    assert "Check the credentials in the settings" in found["storage"]["remedy"]
    assert "not opened" in found["library"]["detail"]


def test_another_server_in_the_place_of_one_is_told(triton: Triton, tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "watchdown.toml"
    other = triton.http.removeprefix("http://")
    file.write_text(f'store = "opensearch://{other}"\nmodel = "triton://{other}"\n')
    code, found = doctor(file, capsys)
    assert code == 1
    assert [found[part]["state"] for part in SERVERS] == ["none", "none", "missing", "missing"]
    assert "`model` names the address of its gRPC" in found["model"]["remedy"]


@pytest.fixture
def silent() -> Iterator[int]:
    """Give the port of a server that accepts connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed(silent: int) -> int:
    """Give a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    assert port != silent
    return port


@pytest.mark.parametrize("how", ["closed", "silent"])
def test_servers_that_do_not_answer_are_all_told_and_hold_nothing_up(
    how: str, request: pytest.FixtureRequest, tmp_path: Path, capsys: Capture
) -> None:
    port = request.getfixturevalue(how)
    file = tmp_path / "watchdown.toml"
    file.write_text(f"""
        database = "postgresql://someone@127.0.0.1:{port}/library"
        storage = "s3://bucket/library"
        store = "opensearch://127.0.0.1:{port}"
        model = "triton://127.0.0.1:{port}"
        [s3]
        endpoint = "http://127.0.0.1:{port}"
        access_key = "key"
        secret_key = "secret"
    """)
    code, found = doctor(file, capsys)
    assert code == 1
    for part in SERVERS:
        assert found[part]["state"] == "missing"
        assert f"127.0.0.1:{port}" in found[part]["detail"]
        assert found[part]["remedy"]


def test_models_are_listed_with_where_the_library_runs_them(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "watchdown.toml"
    file.write_text('store = "lance:lake"\nmodel = "triton://127.0.0.1:8001"\n')
    assert main(["models", "list", "--library", str(file), "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert listed["where"] == "triton://127.0.0.1:8001"
