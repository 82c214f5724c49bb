"""Triton's `onnxruntime` backend for a server that lacks it: the same configuration, on the CPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as server


class TritonPythonModel:
    """One model instance; the server calls it by these names."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the version's model; it takes a thread a core unless the configuration says how many."""
        config = json.loads(args["model_config"])
        threads = config.get("parameters", {}).get("intra_op_thread_count", {}).get("string_value", "0")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(threads)
        file = config.get("default_model_filename") or "model.onnx"
        path = Path(args["model_repository"]) / args["model_version"] / file
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.inputs = [each["name"] for each in config["input"]]
        self.outputs = [each["name"] for each in config["output"]]
        self.batches = config["max_batch_size"] > 0

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer requests, which the server has gathered: in one run where the model has a batch axis."""
        groups = [requests] if self.batches else [[request] for request in requests]
        return [response for group in groups for response in self._answers(group)]

    def _answers(self, requests: list[Any]) -> list[Any]:
        given = [self._arrays(request) for request in requests]
        whole = [np.concatenate(same) if len(same) > 1 else same[0] for same in zip(*given, strict=True)]
        try:
            found = self.session.run(self.outputs, dict(zip(self.inputs, whole, strict=True)))
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own errors share no narrower base
            # The server frees each response's refusal: one that is shared breaks it.
            return [server.InferenceResponse([], server.TritonError(str(error))) for _ in requests]
        if not self.batches:
            return [self._response(requests[0], found)]
        ends = np.cumsum([len(arrays[0]) for arrays in given])[:-1]
        parts = zip(*(np.split(array, ends) for array in found), strict=True)
        return [self._response(request, part) for request, part in zip(requests, parts, strict=True)]

    def _arrays(self, request: Any) -> list[Any]:
        return [server.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs]

    def _response(self, request: Any, arrays: Any) -> Any:
        asked = request.requested_output_names()
        pairs = zip(self.outputs, arrays, strict=True)
        return server.InferenceResponse(
            [server.Tensor(name, array) for name, array in pairs if name in asked]
        )
