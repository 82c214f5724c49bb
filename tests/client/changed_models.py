"""The built-in embedding algorithm with other weights: what a newer version of it ships, or a damaged one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.discovery import discover

NAME = "visual-embedding"
GRAPH, INITIALIZER, DATA_TYPE, RAW_DATA = 7, 5, 2, 9  # the fields of ONNX's messages
FLOAT = 1
LEAST = 4096  # bytes: smaller tensors are biases and scales


def catalogue_with(known: Known) -> AlgorithmCatalogue:
    """Return the built-in algorithms, with this one in the place of its namesake."""
    others = [one for one in discover().values() if one.manifest.name != known.manifest.name]
    return AlgorithmCatalogue([*others, known])


def changed(folder: Path, *, version: str, noise: float) -> Known:
    """Return the built-in embedding algorithm of a version, its weights off by a share of their deviation."""
    known = discover()[NAME]
    shutil.copytree(known.folder, folder)
    for file in sorted((folder / "model").glob("*.onnx")):
        file.write_bytes(with_noise(file.read_bytes(), noise))
    manifest = known.manifest.model_copy(update={"version": version})
    return replace(known, manifest=manifest, folder=folder)


def with_noise(graph: bytes, noise: float) -> bytes:
    """Return an ONNX file whose larger weights are changed at random."""
    dice, data = np.random.default_rng(5), bytearray(graph)
    for begin, end in _weights(graph):
        weights = np.frombuffer(graph[begin:end], np.float32)
        off = dice.normal(0, noise * float(weights.std()), len(weights)).astype(np.float32)
        data[begin:end] = (weights + off).tobytes()
    return bytes(data)


def _weights(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the numbers of each larger float tensor lie in an ONNX file."""
    for number, begin, end in _fields(data, 0, len(data)):
        if number != GRAPH:
            continue
        for inner, first, last in _fields(data, begin, end):
            if inner == INITIALIZER:
                said = {field: (start, stop) for field, start, stop in _fields(data, first, last)}
                kind, raw = data[said[DATA_TYPE][0]], said.get(RAW_DATA, (0, 0))
                if kind == FLOAT and raw[1] - raw[0] >= LEAST:
                    yield raw


def _fields(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, begin and end of each field of a protocol buffer's message."""
    while at < end:
        tag, at = _varint(data, at)
        begin = at
        if tag & 7 == 0:
            _, at = _varint(data, at)
        elif tag & 7 == 2:
            size, begin = _varint(data, at)
            at = begin + size
        else:
            at += {1: 8, 5: 4}[tag & 7]
        yield tag >> 3, begin, at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value, shift, at = value | (byte & 127) << shift, shift + 7, at + 1
        if byte < 128:
            return value, at
