"""Triton's `onnxruntime` backend on a machine without the compiled one: the same models, run from Python.

A request is answered as the compiled backend does: those that wait together are one run of the graph.
"""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton


class TritonPythonModel:
    """One instance of one model of the repository."""

    def initialize(self, args: dict) -> None:
        """Load the graph of the version asked for."""
        config = json.loads(args["model_config"])
        self.inputs = [one["name"] for one in config["input"]]
        self.outputs = [one["name"] for one in config["output"]]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        file = Path(args["model_repository"], args["model_version"], config["default_model_filename"])
        self.session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def execute(self, requests: list) -> list:
        """Run the graph once for all requests at hand."""
        asked = {
            name: [triton.get_input_tensor_by_name(one, name).as_numpy() for one in requests]
            for name in self.inputs
        }
        lengths = [len(rows) for rows in asked[self.inputs[0]]]
        joined = {name: rows[0] if len(rows) == 1 else np.concatenate(rows) for name, rows in asked.items()}
        found = self.session.run(self.outputs, joined)
        ends = np.cumsum(lengths)
        return [
            triton.InferenceResponse(
                [
                    triton.Tensor(name, rows[end - n : end])
                    for name, rows in zip(self.outputs, found, strict=True)
                ]
            )
            for n, end in zip(lengths, ends, strict=True)
        ]
