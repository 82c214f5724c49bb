"""The wrong address, credentials or protocol of an OpenSearch: told, with what to do about it."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.stores import view
from services.s3 import S3
from storage.fault_proxy import Fault, FaultProxy
from stores.certificates import certified
from stores.loads import Loads, told
from watchdown.stores.opensearch.cluster import Layout
from watchdown.stores.opensearch.signing import signer
from watchdown_schemas.errors import StoreDenied, StoreUnavailable

BASIC = "Basic " + base64.b64encode(b"ada:secret").decode()
REFUSAL = {"type": "security_exception", "reason": "no permissions for [indices:data/write/bulk]"}
NO_RIGHT = Fault(
    status=403, said=json.dumps({"error": {"root_cause": [REFUSAL], **REFUSAL}, "status": 403}).encode()
)


def uses(loads: Loads) -> list[Callable[[], Any]]:
    """Return all that may be the first thing asked of a server."""
    return [
        lambda: loads.load(10),
        lambda: loads.sink.delete([1]),
        lambda: loads.searcher.snapshot(view([1])),
        lambda: loads.store.rows("Shot", view([1]), at={f"{loads.layout.prefix}-shot": "pin"}),
    ]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


@pytest.fixture
def proxy(opensearch_url: str) -> Iterator[FaultProxy]:
    with FaultProxy(opensearch_url).running() as proxy:
        yield proxy


@pytest.mark.parametrize("use", range(4))
def test_a_server_that_is_down_is_told_with_what_was_tried(use: int) -> None:
    loads = Loads(f"http://127.0.0.1:{closed_port()}", timeout_s=0.5)
    with told(StoreUnavailable, loads.cluster.server, "Connection refused", "tried", "times"):
        uses(loads)[use]()


def test_a_server_that_comes_while_it_is_asked_for_is_waited_for(opensearch_url: str) -> None:
    proxy = FaultProxy(opensearch_url)
    proxy.fail(Fault(cut=-1), times=3)
    loads = Loads(proxy.url)
    with proxy.running():
        loads.load(10)
        loads.assert_whole(10)
        loads.remove()


@pytest.mark.parametrize("use", range(4))
def test_the_address_of_another_server_is_told(s3_server: S3, use: int) -> None:
    loads = Loads(s3_server.url)
    with pytest.raises((StoreUnavailable, StoreDenied)) as raised:
        uses(loads)[use]()
    assert loads.cluster.server in str(raised.value)


def test_an_answer_that_is_none_of_an_opensearch_is_told(proxy: FaultProxy) -> None:
    for said in (b"[]", b"<html>Welcome</html>", b'"no"'):
        proxy.fail(Fault(status=200, said=said))
        with told(StoreUnavailable, proxy.url, "does not answer as OpenSearch does", "`store`"):
            Loads(proxy.url).load(10)


@pytest.mark.parametrize("use", range(4))
@pytest.mark.parametrize("password", ["wrong-secret", None])
def test_wrong_credentials_are_told_at_once(proxy: FaultProxy, password: str | None, use: int) -> None:
    proxy.demands = BASIC
    loads = Loads(proxy.url, username=password and "ada", password=password)
    with told(StoreDenied, proxy.url, "credentials", "401", "opensearch.username"):
        uses(loads)[use]()
    assert len(proxy.seen) == 1


def test_the_right_credentials_go_with_every_request(proxy: FaultProxy) -> None:
    proxy.demands = BASIC
    loads = Loads(proxy.url, username="ada", password="secret")
    loads.load(10)
    loads.assert_whole(10)
    loads.remove()
    assert {request.authorization for request in proxy.seen} == {BASIC}


def test_a_right_that_is_lacking_is_told_by_its_name(proxy: FaultProxy) -> None:
    loads = Loads(proxy.url, username="ada", password="secret")
    proxy.fail(NO_RIGHT, path="_bulk")
    with told(StoreDenied, proxy.url, "does not allow it", "indices:data/write/bulk"):
        loads.load(10)
    assert len([one for one in proxy.seen if "_bulk" in one.path]) == 1
    loads.load(10)
    loads.assert_whole(10)
    loads.remove()


def test_every_request_is_signed_where_the_server_is_amazons(
    proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    loads = Loads(proxy.url, signer=signer("eu-central-1", "es"))
    loads.load(10)
    loads.assert_whole(10)
    loads.remove()
    for request in proxy.seen:
        assert request.authorization is not None
        scheme, scope, signed, _ = request.authorization.split()
        assert scheme == "AWS4-HMAC-SHA256"
        assert scope.startswith("Credential=AKIDEXAMPLE/")
        assert "/eu-central-1/es/aws4_request" in scope
        assert "host;x-amz-content-sha256;x-amz-date" in signed


def test_no_credentials_to_sign_with_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StoreDenied, match="no AWS credentials") as raised:
        signer("eu-central-1", "es")
    assert "AWS_ACCESS_KEY_ID" in raised.value.remedy


def test_a_server_without_tls_is_told_at_once(opensearch_url: str) -> None:
    loads = Loads(opensearch_url.replace("http:", "https:"))
    with told(StoreUnavailable, opensearch_url, "TLS", "opensearch://") as raised:
        loads.load(10)
    assert "tried" not in raised.cause


def test_a_server_that_wants_tls_is_told(opensearch_url: str, tmp_path: Path) -> None:
    side, trusted = certified(tmp_path)
    with FaultProxy(opensearch_url, tls=side).running() as proxy:
        with told(StoreUnavailable, proxy.url, "opensearch+https:"):
            Loads(proxy.url.replace("https:", "http:"), timeout_s=1).load(10)
        stranger = Loads(proxy.url)
        with told(StoreUnavailable, proxy.url, "certificate", "opensearch.ca") as raised:
            stranger.load(10)
        assert "tried" not in raised.cause
        loads = Loads(proxy.url, ca=str(trusted), layout=Layout(prefix=stranger.layout.prefix, replicas=0))
        loads.load(10)
        loads.assert_whole(10)
        loads.remove()
