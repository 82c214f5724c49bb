"""What Triton is told of a graph: its name, and the configuration that serves CPUs and GPUs alike."""

from __future__ import annotations

import re
from typing import Any, Final

from watchdown_algos.model_files import Tensor

FINGERPRINT: Final = "watchdown_fingerprint"
PROOF: Final = "watchdown_proof"
GRAPH_FILE: Final = "model.onnx"
VERSION: Final = "1"
NAME: Final = re.compile(r"(?P<stem>[a-z][a-z0-9-]*-[a-z][a-z0-9_]*)-(?P<fingerprint>[0-9a-f]{16})")

# Rows that are run at once at most: a fraction of a GPU's memory, and enough to fill it.
MAX_BATCH: Final = 128
# With one instance Triton's batcher sleeps through the end of a run while requests wait; the second one also
# takes its rows in while the first computes. No batch size is preferred: waiting for one only cost time.
INSTANCES: Final = 2
# On a CPU, threads that share a run spend their time waiting for one another; the instances fill the cores.
THREADS: Final = 1
# How long a request may wait for others to be run with; a lone query is late by no more.
QUEUE_DELAY_US: Final = 500
# What waits longer or behind more is refused, and the client comes again: memory stays bounded.
QUEUE_TIMEOUT_US: Final = 10_000_000
QUEUE_SIZE: Final = 256

TYPES: Final = {
    "float16": "TYPE_FP16",
    "float32": "TYPE_FP32",
    "float64": "TYPE_FP64",
    "int32": "TYPE_INT32",
    "int64": "TYPE_INT64",
    "uint8": "TYPE_UINT8",
}


def stem(algorithm: str, graph: str) -> str:
    """Return what the names of a graph's versions have in common."""
    return f"{algorithm}-{graph}"


def name(algorithm: str, graph: str, fingerprint: str) -> str:
    """Return the name that a graph is served under; each request states the fingerprint by it."""
    return f"{stem(algorithm, graph)}-{fingerprint}"


def configuration(
    served: str, fingerprint: str, proof: str, asked: Tensor, answered: Tensor
) -> dict[str, Any]:
    """Return the configuration of a graph in the words of Triton's `ModelConfig`."""
    row = {"data_type": TYPES[asked.dtype], "dims": list(asked.shape)}
    return {
        "name": served,
        "backend": "onnxruntime",
        "default_model_filename": GRAPH_FILE,
        "max_batch_size": MAX_BATCH,
        "input": [{"name": asked.name, **row}],
        "output": [{"name": answered.name, "data_type": TYPES[answered.dtype], "dims": list(answered.shape)}],
        "instance_group": [{"kind": "KIND_AUTO", "count": INSTANCES}],
        "dynamic_batching": {
            "max_queue_delay_microseconds": QUEUE_DELAY_US,
            "default_queue_policy": {
                "timeout_action": "REJECT",
                "default_timeout_microseconds": QUEUE_TIMEOUT_US,
                "max_queue_size": QUEUE_SIZE,
            },
        },
        "model_warmup": [
            {"name": f"{size} rows", "batch_size": size, "inputs": {asked.name: {**row, "zero_data": True}}}
            for size in (1, MAX_BATCH)
        ],
        "parameters": {
            FINGERPRINT: {"string_value": fingerprint},
            PROOF: {"string_value": proof},
            "intra_op_thread_count": {"string_value": str(THREADS)},
        },
    }
