"""Triton as it speaks: one server over gRPC, its refusals as statuses, and its configuration files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from watchdown.models.repository import FINGERPRINT, PROOF
from watchdown_algos.model_files import Tensor
from watchdown_schemas.errors import ModelUnavailable, WatchdownError

try:
    from google.protobuf import json_format, text_format
    from grpc.aio import UsageError
    from tritonclient.grpc import InferInput, InferRequestedOutput
    from tritonclient.grpc.aio import InferenceServerClient
    from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig
    from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype
except ModuleNotFoundError as error:
    raise WatchdownError(
        f"the package {error.name}", "is not installed", "Install it with: pip install 'watchdown[cluster]'"
    ) from error

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A server that comes back is found within a second, not after the two minutes that gRPC would wait at last;
# one whose machine has vanished is noticed by the missing answers to pings.
CHANNEL: Final = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
]
# Away, stopping, full, or slower than a request may be: that is how Triton says "not now".
PASSING: Final = frozenset({"UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "CANCELLED"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Tls:
    """How a server is trusted, and how we show who we are; all are PEM files.

    Without `roots` the authorities that gRPC brings are trusted.
    """

    roots: Path | None = None
    certificate: Path | None = None
    key: Path | None = None


class Refused(Exception):
    """A call failed: `status` is the name of gRPC's code, `passing` whether it may go well in a moment."""

    def __init__(self, error: InferenceServerException) -> None:
        self.status: Final = str(error.status()).removeprefix("StatusCode.")
        self.passing: Final = self.status in PASSING
        super().__init__(f"{self.status}: {error.message()}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A graph as a server describes it."""

    name: str
    max_batch: int
    asked: Tensor
    answered: Tensor
    fingerprint: str
    proof: str
    on_gpu: bool = False


class Server:
    """One server. Made and used on one event loop; what it does not do is raised as Refused."""

    def __init__(self, address: str, *, tls: Tls | None, in_flight: int, timeout: float) -> None:
        secure: dict[str, Any] = {}
        if tls is not None:
            files = {
                "root_certificates": tls.roots,
                "certificate_chain": tls.certificate,
                "private_key": tls.key,
            }
            secure = {"ssl": True, **{name: str(path) for name, path in files.items() if path}}
        self.address: Final = address
        try:
            self._client = InferenceServerClient(address, channel_args=CHANNEL, **secure)
        except OSError as error:
            cause = f"cannot be read ({error.strerror})"
            remedy = f"Name the PEM file for the connection to {address}"
            raise ModelUnavailable(str(error.filename), cause, remedy) from error
        self._room = asyncio.Semaphore(in_flight)
        self._timeout = timeout
        self._described: dict[str, Served] = {}

    async def infer(self, served: Served, *rows: NDArray[Any]) -> NDArray[Any]:
        """Run a model on rows, joined; return what comes out, one row for each."""
        async with self._room:
            joined = np.concatenate(rows)
            asked = InferInput(served.asked.name, list(joined.shape), np_to_triton_dtype(joined.dtype))
            asked.set_data_from_numpy(joined)
            wanted = [InferRequestedOutput(served.answered.name)]
            told = await self._answer(
                self._client.infer(served.name, [asked], outputs=wanted, client_timeout=self._timeout)
            )
        answer: NDArray[Any] = told.as_numpy(served.answered.name)
        return answer

    async def describe(self, name: str, *, again: bool = False) -> Served:
        """Return what the server tells of a model; asked once, unless `again`."""
        if again or name not in self._described:
            told = await self._answer(self._client.get_model_config(name, client_timeout=self._timeout))
            config = told.config
            self._described[name] = Served(
                name=name,
                max_batch=config.max_batch_size,
                asked=_tensor(config.input[0]),
                answered=_tensor(config.output[0]),
                fingerprint=config.parameters[FINGERPRINT].string_value,
                proof=config.parameters[PROOF].string_value,
                on_gpu=any(group.kind == group.KIND_GPU for group in config.instance_group),
            )
        return self._described[name]

    def is_on_gpu(self, name: str) -> bool:
        """Whether a model that was described runs on a graphics card."""
        return name in self._described and self._described[name].on_gpu

    async def states(self) -> dict[str, str]:
        """Return all models that the server knows, each with its state and the reason for it."""
        index = await self._answer(self._client.get_model_repository_index(client_timeout=self._timeout))
        return {model.name: f"{model.state} {model.reason}".strip() for model in index.models}

    async def version(self) -> str:
        """Return the server's version."""
        told = await self._answer(self._client.get_server_metadata(client_timeout=self._timeout))
        return str(told.version)

    async def _answer(self, call: Awaitable[Any]) -> Any:
        try:
            return await call
        except InferenceServerException as error:
            raise Refused(error) from error
        except UsageError:
            cause = "was disconnected from while a model ran"
            raise ModelUnavailable(self.address, cause, "Open the library again") from None

    async def close(self) -> None:
        """Close the connection."""
        await self._client.close()


def _tensor(told: Any) -> Tensor:
    dtype = triton_to_np_dtype(DataType.Name(told.data_type).removeprefix("TYPE_"))
    return Tensor(told.name, np.dtype(dtype).name, tuple(told.dims))


def config_pbtxt(configuration: dict[str, Any]) -> str:
    """Return a model's configuration as the text of its `config.pbtxt`."""
    return str(text_format.MessageToString(json_format.ParseDict(configuration, ModelConfig())))
