"""Bad days of a model server: what is asked of it is answered rightly, later, or with an error that helps."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from numpy.typing import NDArray

from models.local_triton import LocalTriton
from watchdown.models.connection import Connection
from watchdown.models.export import export
from watchdown.models.served import TritonModel, TritonModels
from watchdown.models.triton import Refused, Server, Tls
from watchdown_algos.catalogue import Known
from watchdown_algos.contract import Model
from watchdown_algos.discovery import discover
from watchdown_schemas.errors import AlgorithmError, ModelMismatch, ModelUnavailable

KNOWN: Final[Known] = discover()["visual-embedding"]
LONG: Final = 120.0  # more than any server here needs to come back
TOLERANCE: Final = 1e-5


def here() -> Model:
    model = KNOWN.load_model()
    assert model is not None
    return model


def texts(count: int = 3) -> NDArray[np.int64]:
    return here().tokens([f"a dog and {n} cars" for n in range(count)])


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    export([KNOWN], tmp_path)
    return tmp_path


def served_name(repository: Path, graph: str = "text") -> str:
    (found,) = repository.glob(f"*-{graph}-*")
    return found.name


@contextmanager
def model_on(server: LocalTriton, **how: Any) -> Iterator[TritonModel]:
    assert KNOWN.manifest.model is not None
    models = TritonModels(server.address, **how)
    try:
        yield models.model(KNOWN.manifest.name, KNOWN.folder, KNOWN.manifest.model)
    finally:
        models.close()


def is_right(found: NDArray[np.float32], batch: NDArray[Any], graph: str = "text") -> bool:
    return bool(np.abs(found - here()(graph, batch)).max() <= TOLERANCE)


def in_background(pool: ThreadPoolExecutor, model: Model, batch: NDArray[Any]) -> Future[NDArray[np.float32]]:
    """Ask, and return once the question is under way."""
    begun = threading.Event()

    def ask() -> NDArray[np.float32]:
        begun.set()
        return model("text", batch)

    future = pool.submit(ask)
    begun.wait()
    return future


def test_a_server_that_is_down_is_named_with_what_was_tried(repository: Path) -> None:
    server = LocalTriton(repository)
    with model_on(server, deadline=1.5) as model:
        with pytest.raises(ModelUnavailable) as raised:
            model("text", texts())
        assert raised.value.subject == f"{served_name(repository)} on {server.address}"
        assert re.search(
            r"gave up after 1\.5 s \(\d+ tries failed, the last: UNAVAILABLE", raised.value.cause
        )
        assert "See that the server runs" in raised.value.remedy
        with pytest.raises(ModelUnavailable):
            model.warm()
        assert model("text", texts(0)).shape == (0, 128)


def test_who_asks_before_the_server_is_up_is_answered_when_it_is(repository: Path) -> None:
    server = LocalTriton(repository)
    with model_on(server, deadline=LONG) as model, ThreadPoolExecutor() as pool:
        asked = in_background(pool, model, texts())
        with server:
            assert is_right(asked.result(), texts())


def test_a_server_that_dies_and_comes_back_loses_no_answer(repository: Path) -> None:
    batches = [texts(200 + n) for n in range(24)]
    with LocalTriton(repository) as server, model_on(server, deadline=LONG, in_flight=4) as model:
        model.warm()
        with ThreadPoolExecutor(len(batches)) as pool:
            asked = [in_background(pool, model, batch) for batch in batches]
            asked[0].result()
            server.kill()
            assert not all(one.done() for one in asked)
            server.up()
            for one, batch in zip(asked, batches, strict=True):
                assert is_right(one.result(), batch)


def test_a_server_that_hangs_ends_in_an_error_and_answers_when_it_goes_on(repository: Path) -> None:
    with LocalTriton(repository) as server:
        with model_on(server, timeout=0.5, deadline=2) as model:
            model.warm()
            server.pause()
            with pytest.raises(ModelUnavailable) as raised:
                model("text", texts())
            tries = re.search(
                r"after 2 s \((\d) tries failed, the last: DEADLINE_EXCEEDED", raised.value.cause
            )
            assert tries
            assert 1 <= int(tries[1]) <= 4  # each took half a second of the two
            server.resume()
            assert is_right(model("text", texts()), texts())
        server.pause()
        with model_on(server, timeout=LONG, deadline=1) as model:
            with pytest.raises(ModelUnavailable, match=r"gave up after 1 s \(no answer\)"):
                model("text", texts())
            server.resume()


def test_more_callers_than_the_server_has_room_for_are_all_answered(repository: Path) -> None:
    smaller_queues(repository, 2)
    batches = [texts(1 + n) for n in range(64)]
    with LocalTriton(repository) as server:
        assert "Exceeds maximum queue size" in refusals(server, served_name(repository), batches)
        with model_on(server, deadline=LONG, in_flight=64) as model, ThreadPoolExecutor(64) as pool:
            found = list(pool.map(lambda batch: model("text", batch), batches))
    for answer, batch in zip(found, batches, strict=True):
        assert is_right(answer, batch)


def refusals(server: LocalTriton, name: str, batches: list[NDArray[Any]]) -> str:
    """Return what the server says when all is asked at once, and each only once."""

    async def ask(bare: Server) -> list[object]:
        served = await bare.describe(name)
        asked = (bare.infer(served, batch) for batch in batches)
        return list(await asyncio.gather(*asked, return_exceptions=True))

    connection = Connection(lambda: Server(server.address, tls=None, in_flight=len(batches), timeout=LONG))
    found = connection.call(ask)
    connection.close()
    return " ".join(str(one) for one in found if isinstance(one, Refused))


def test_a_server_that_stays_full_ends_in_an_error_that_says_so(repository: Path) -> None:
    smaller_queues(repository, 1)
    with LocalTriton(repository) as server, model_on(server, in_flight=64, deadline=2) as model:
        model.warm()
        with pytest.raises(ModelUnavailable) as raised:
            model("text", np.repeat(texts(1), 300_000, axis=0))
        assert re.search(r"gave up after 2 s \(\d+ tries failed, the last: UNAVAILABLE", raised.value.cause)
        assert "Exceeds maximum queue size" in raised.value.cause
        assert is_right(model("text", texts()), texts())


def smaller_queues(repository: Path, size: int) -> None:
    for config in repository.glob("*/config.pbtxt"):
        config.write_text(config.read_text().replace("max_queue_size: 256", f"max_queue_size: {size}"))


EXPLICIT: Final = ("--model-control-mode=explicit", "--load-model=*")


def test_a_model_that_was_unloaded_is_named_and_asked_again_once_it_is_loaded(repository: Path) -> None:
    name = served_name(repository)
    with LocalTriton(repository, *EXPLICIT) as server, model_on(server, deadline=LONG) as model:
        assert is_right(model("text", texts()), texts())
        server.post(f"repository/models/{name}/unload")
        with pytest.raises(ModelUnavailable) as raised:
            model("text", texts())
        assert raised.value.subject == f"{name} on {server.address}"
        assert "is not loaded (UN" in raised.value.cause
        assert "Let the server load it again" in raised.value.remedy
        picture = np.zeros((1, 3, 64, 64), dtype=np.float32)
        assert is_right(model("visual", picture), picture, "visual")
        server.post(f"repository/models/{name}/load")
        assert is_right(model("text", texts()), texts())


def test_a_server_without_the_model_is_told_apart_from_one_with_another_version(repository: Path) -> None:
    shutil.rmtree(repository / served_name(repository, "text"))
    older = f"visual-embedding-visual-{'0' * 16}"
    (repository / served_name(repository, "visual")).rename(repository / older)
    config = repository / older / "config.pbtxt"
    config.write_text(config.read_text().replace(here().fingerprint, "0" * 16))
    with LocalTriton(repository) as server, model_on(server, deadline=LONG) as model:
        with pytest.raises(
            ModelUnavailable, match=r"is not there\. Write its repository with: watchdown models"
        ):
            model("text", texts())
        with pytest.raises(ModelMismatch) as raised:
            model("visual", np.zeros((1, 3, 64, 64), dtype=np.float32))
        assert f"has model {'0' * 16}, the files here are {here().fingerprint}" in raised.value.cause
        assert server.address in raised.value.subject
        assert "watchdown models export" in raised.value.remedy


def other_weights(repository: Path) -> None:
    """Put a graph of the same shape with other weights in the place of the text graph."""
    graph = repository / served_name(repository) / "1" / "model.onnx"
    weights = bytearray(graph.read_bytes())
    middle = len(weights) // 2
    values = np.frombuffer(weights, dtype=np.float32, count=16_384, offset=middle - middle % 4)
    assert np.isfinite(values).all()
    values *= -1
    graph.write_bytes(weights)


def test_another_fingerprint_under_the_same_name_is_refused(repository: Path) -> None:
    config = repository / served_name(repository) / "config.pbtxt"
    text = config.read_text().replace(
        f'string_value: "{here().fingerprint}"', 'string_value: "fedcba9876543210"'
    )
    config.write_text(text)
    with (
        LocalTriton(repository) as server,
        model_on(server, deadline=LONG) as model,
        pytest.raises(ModelMismatch, match=f"model fedcba9876543210, the files here {here().fingerprint}"),
    ):
        model.warm()


def test_other_weights_under_the_same_name_and_fingerprint_are_refused(repository: Path) -> None:
    other_weights(repository)
    with LocalTriton(repository) as server, model_on(server, deadline=LONG) as model:
        with pytest.raises(ModelMismatch) as raised:
            model("text", texts())
        assert raised.value.cause == f"answers as another model than {here().fingerprint} does"
        assert server.address in raised.value.subject


def test_weights_that_are_swapped_in_use_give_no_wrong_vector(repository: Path) -> None:
    """The server loads them while callers ask: every answer is right or an error, and in the end all are."""
    name = served_name(repository)
    batches = [texts(1 + n % 50) for n in range(400)]
    with LocalTriton(repository, *EXPLICIT) as server, model_on(server, deadline=LONG) as model:
        model.warm()

        def ask(batch: NDArray[Any]) -> NDArray[np.float32] | AlgorithmError:
            try:
                return model("text", batch)
            except ModelMismatch as error:
                return error

        with ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(ask, batch) for batch in batches]
            asked[20].result()
            other_weights(repository)
            server.post(f"repository/models/{name}/load")
            found = [one.result() for one in asked]
        right = [
            is_right(answer, batch)
            for answer, batch in zip(found, batches, strict=True)
            if isinstance(answer, np.ndarray)
        ]
        assert all(right)
        assert right
        assert isinstance(ask(texts()), ModelMismatch)
        export([KNOWN], repository)
        server.post(f"repository/models/{name}/load")
        assert is_right(model("text", texts()), texts())


def test_a_request_that_fails_does_not_fail_those_it_was_run_with(repository: Path) -> None:
    impossible = np.full((1, 24), 10**6, dtype=np.int64)
    with (
        LocalTriton(repository) as server,
        model_on(server, deadline=LONG) as model,
        ThreadPoolExecutor(32) as pool,
    ):
        asked = [pool.submit(model, "text", texts(1 + n)) for n in range(60)]
        wrong = [pool.submit(model, "text", impossible) for _ in range(2)]
        for n, one in enumerate(asked):
            assert is_right(one.result(), texts(1 + n))
        for one in wrong:
            with pytest.raises(ModelUnavailable, match=r"failed .INTERNAL: .*See the log of that server"):
                one.result()


def test_a_connection_that_is_closed_in_use_ends_in_an_error(repository: Path) -> None:
    many = np.repeat(texts(1), 200_000, axis=0)
    with LocalTriton(repository) as server, ThreadPoolExecutor() as pool:
        with model_on(server, deadline=LONG) as model:
            model.warm()
            before = server.answered(served_name(repository))
            asked = in_background(pool, model, many)
            while server.answered(served_name(repository)) == before:
                pass
        with pytest.raises(ModelUnavailable, match="disconnected from while a model ran"):
            asked.result()


def certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate for this machine that only its owner vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    here = x509.IPAddress(IPv4Address("127.0.0.1"))
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(key, SHA256())
    )
    shown, kept = folder / "certificate.pem", folder / "key.pem"
    shown.write_bytes(made.public_bytes(Encoding.PEM))
    kept.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return shown, kept


def test_a_server_is_trusted_by_its_certificate(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    shown, key = certificate(tmp_path_factory.mktemp("tls"))
    secure = ("--grpc-use-ssl=true", f"--grpc-server-cert={shown}", f"--grpc-server-key={key}")
    with LocalTriton(repository, *secure) as server:
        with model_on(server, tls=Tls(roots=shown), deadline=LONG) as model:
            assert is_right(model("text", texts()), texts())
        with (
            model_on(server, tls=Tls(), deadline=1) as model,
            pytest.raises(ModelUnavailable, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            model.warm()
        with (
            model_on(server, tls=Tls(roots=shown.with_name("missing.pem")), deadline=LONG) as model,
            pytest.raises(ModelUnavailable, match=r"missing\.pem: cannot be read \(No such file"),
        ):
            model.warm()
        with (
            model_on(server, deadline=1) as model,
            pytest.raises(ModelUnavailable, match="gave up after 1 s"),
        ):
            model.warm()
