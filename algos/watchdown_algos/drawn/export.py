"""Makes a model folder out of trained weights: ONNX graphs, a tokenizer file and float16 weights.

    python -m watchdown_algos.drawn.export TRAINED MODEL

Needs the extra `openclip`.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any, Final

import torch  # pyright: ignore[reportMissingImports]  # the extra openclip
from safetensors.torch import save_file  # pyright: ignore[reportMissingImports]  # the extra openclip

from watchdown_algos.drawn.clip_tokenizer import clip_tokenizer
from watchdown_algos.drawn.train import CONFIG, MERGES, WEIGHTS, load

OPSET: Final = 17


class _Tower(torch.nn.Module):  # type: ignore[misc]  # torch is Any where the extra is not installed
    """One encoder of the model as a module that gives unit vectors."""

    def __init__(self, model: Any, encode: str) -> None:
        super().__init__()
        self.model, self.encode = model, encode

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Encode a batch."""
        return getattr(self.model, self.encode)(batch, normalize=True)


class _Eye(_Tower):
    """The encoder of pictures, which takes pixels as they are: uint8 [n, height, width, 3]."""

    def __init__(self, model: Any, mean: list[float], std: list[float]) -> None:
        super().__init__(model, "encode_image")
        deviation = torch.tensor(std).reshape(3, 1, 1)
        self.register_buffer("scale", 1 / (255 * deviation))
        self.register_buffer("shift", torch.tensor(mean).reshape(3, 1, 1) / deviation)

    def forward(self, batch: torch.Tensor) -> torch.Tensor:
        """Normalise pixels as the model was trained, and encode them."""
        planes = batch.permute(0, 3, 1, 2).float()
        return super().forward(planes * self.scale - self.shift)


def export(trained: Path, folder: Path) -> None:
    """Write everything that the algorithm's manifest names, and the weights for open_clip itself."""
    folder.mkdir(parents=True, exist_ok=True)
    config = json.loads((trained / CONFIG).read_text())
    context = config["model_cfg"]["text_cfg"]["context_length"]
    for name in (CONFIG, MERGES):
        shutil.copy(trained / name, folder)
    clip_tokenizer(trained / MERGES, context).save(str(folder / "tokenizer.json"))
    model = load(trained).eval()
    seen = config["preprocess_cfg"]
    pixels = torch.zeros(2, *seen["size"], 3, dtype=torch.uint8)
    _write(_Eye(model, seen["mean"], seen["std"]), pixels, "pixels", folder / "visual.onnx")
    tokens = torch.ones(2, context, dtype=torch.long)
    _write(_Tower(model, "encode_text"), tokens, "tokens", folder / "text.onnx")
    halves = {
        name: weight.half() if weight.is_floating_point() else weight
        for name, weight in model.state_dict().items()
    }
    save_file({name: weight.contiguous() for name, weight in halves.items()}, folder / WEIGHTS)


def _write(tower: _Tower, example: torch.Tensor, name: str, file: Path) -> None:
    torch.onnx.export(
        tower.eval(),
        (example,),
        str(file),
        dynamo=False,
        input_names=[name],
        output_names=["features"],
        dynamic_axes={name: {0: "batch"}, "features": {0: "batch"}},
        opset_version=OPSET,
    )


def main() -> None:
    """Read the command line and export."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("trained", type=Path)
    parser.add_argument("model", type=Path)
    given = parser.parse_args()
    export(given.trained, given.model)


if __name__ == "__main__":
    main()
