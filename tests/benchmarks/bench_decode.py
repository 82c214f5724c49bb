"""Shots, embedding and keyframes of a 1080p file against one bare PyAV decode of it, in CPU time."""

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Self

import av
from footage import grained
from machine import machine

import watchdown
from watchdown_algos.onnx_model import OnnxModel


def bare_decode(path: Path) -> float:
    """Decode every frame and drop it; return CPU seconds."""
    start = time.process_time()
    with av.open(str(path)) as container:
        container.streams.video[0].thread_count = 1
        for _frame in container.decode(video=0):
            pass
    return time.process_time() - start


class Clock:
    """Counts the CPU time of the model's own runs."""

    def __init__(self) -> None:
        self.spent = 0.0
        self._run = OnnxModel.__call__

    def __enter__(self) -> Self:
        def timed(model: OnnxModel, graph: str, batch: object) -> object:
            start = time.process_time()
            try:
                return self._run(model, graph, batch)
            finally:
                self.spent += time.process_time() - start

        OnnxModel.__call__ = timed
        return self

    def __exit__(self, *_error: object) -> None:
        OnnxModel.__call__ = self._run


def whole_add(path: Path) -> tuple[float, float]:
    """Add the file to a new library; return CPU seconds without the model, and the model's."""
    with tempfile.TemporaryDirectory() as folder, watchdown.open(folder, create=True) as library:
        with Clock() as clock:
            start = time.process_time()
            (added,) = library.add(path)
            spent = time.process_time() - start
        assert added.outcome == "added", added
    return spent - clock.spent, clock.spent


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file", nargs="?", type=Path, help="a video of your own")
    parser.add_argument("--seconds", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=3)
    wishes = parser.parse_args()
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path = wishes.file or grained(Path(folder) / "film.mp4", wishes.seconds)
        whole_add(path)
        ratios, bares, models = [], [], []
        for _ in range(wishes.rounds):
            bare = bare_decode(path)
            spent, model = whole_add(path)
            ratios.append(spent / bare)
            bares.append(bare)
            models.append(model)
        size = path.stat().st_size
    bare, model = statistics.median(bares), statistics.median(models)
    print(f"bare decode {bare:.2f} CPU s of {size / 1e6:.1f} MB; the model's own time {model:.2f} CPU s")
    each = [round(ratio, 2) for ratio in ratios]
    print(f"add without the model / bare decode: median {statistics.median(ratios):.2f} of {each}, aim 1.5")


if __name__ == "__main__":
    main()
