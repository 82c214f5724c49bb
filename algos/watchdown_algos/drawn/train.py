"""Trains the demo model further on drawn frames; needs the extra `openclip`.

    python -m watchdown_algos.drawn.train SOURCE TARGET --steps 2881

SOURCE holds open_clip_config.json, open_clip_model.safetensors and bpe.txt.gz; TARGET gets the same
files with the new weights. The loss is CLIP's, without the pairs known to be true although they are not
on the diagonal, plus an object head and a count head on the image embedding, both thrown away in the end.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import open_clip  # pyright: ignore[reportMissingImports]  # the extra openclip
import torch  # pyright: ignore[reportMissingImports]  # the extra openclip
from safetensors.torch import save_file  # pyright: ignore[reportMissingImports]  # the extra openclip
from torch.nn import functional  # pyright: ignore[reportMissingImports]  # the extra openclip

from watchdown_algos.drawn.batches import batch_of
from watchdown_algos.drawn.captions import Caption, caption
from watchdown_algos.drawn.clip_tokenizer import clip_tokenizer
from watchdown_algos.drawn.held_out import NAMES
from watchdown_algos.drawn.loose_captions import loose_caption
from watchdown_algos.drawn.picture import Picture
from watchdown_algos.drawn.training_frames import training_frame

CONFIG: Final = "open_clip_config.json"
WEIGHTS: Final = "open_clip_model.safetensors"
MERGES: Final = "bpe.txt.gz"
WARM_UP: Final = 100
OBJECT_WEIGHT: Final = 0.7
COUNT_WEIGHT: Final = 0.3
# Unit vectors are too short for a linear head; this stretches them.
HEAD_SCALE: Final = 8


def load(folder: Path) -> Any:
    """Return the open_clip model of a folder in float32."""
    return open_clip.create_model(f"local-dir:{folder}")


class Trainer:
    """A model, its two heads, the optimizer and the dice; `step` trains on one batch."""

    def __init__(
        self, source: Path, *, steps: int, batch: int = 96, rate: float = 1.2e-3, seed: int = 23
    ) -> None:
        torch.manual_seed(seed)
        self.dice = random.Random(seed)
        self.source, self.steps, self.batch, self.rate, self.done = source, steps, batch, rate, 0
        model = json.loads((source / CONFIG).read_text())["model_cfg"]
        self.tokenizer = clip_tokenizer(source / MERGES, model["text_cfg"]["context_length"])
        self.model = load(source).train()
        self.model.visual.to(memory_format=torch.channels_last)
        self.objects = torch.nn.Linear(model["embed_dim"], len(NAMES))
        self.counts = torch.nn.Linear(model["embed_dim"], 1)
        self.weights = [*self.model.parameters(), *self.objects.parameters(), *self.counts.parameters()]
        matrices = {"params": [w for w in self.weights if w.ndim > 1], "weight_decay": 0.03}
        vectors = {"params": [w for w in self.weights if w.ndim <= 1], "weight_decay": 0.0}
        self.optimizer = torch.optim.AdamW([matrices, vectors], lr=rate, betas=(0.9, 0.98))
        self.confusion = torch.full((len(NAMES), len(NAMES)), 1 / len(NAMES))

    def step(self) -> dict[str, float]:
        """Train on one batch and return its losses by name."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate()
        pictures = batch_of(self.dice, self.batch, self.confusion.numpy())
        describe = (loose_caption if self.dice.random() < 0.5 else caption for _ in pictures)
        captions = [how(picture, self.dice) for how, picture in zip(describe, pictures, strict=True)]
        images = functional.normalize(self.model.visual(self._pixels(pictures)), dim=-1)
        clip = self._clip_loss(images, pictures, captions)
        names = torch.tensor([NAMES.index(picture.object) for picture in pictures])
        two = torch.tensor([float(picture.count > 1) for picture in pictures])
        # The heads begin untrained: at first they learn without pulling at the model.
        seen = (images.detach() if self.done < WARM_UP else images) * HEAD_SCALE
        named = self.objects(seen)
        naming = functional.cross_entropy(named, names)
        counting = functional.binary_cross_entropy_with_logits(self.counts(seen)[:, 0], two)
        self.optimizer.zero_grad()
        (clip + OBJECT_WEIGHT * naming + COUNT_WEIGHT * counting).backward()
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.optimizer.step()
        self.model.logit_scale.data.clamp_(0, math.log(100))
        self._learn_confusion(named.detach(), names)
        self.done += 1
        return {"clip": clip.item(), "object": naming.item(), "count": counting.item()}

    def save(self, target: Path) -> None:
        """Write the model, without its heads, as float32 weights that `export` makes into a model folder."""
        target.mkdir(parents=True, exist_ok=True)
        for name in (CONFIG, MERGES):
            if not (target / name).exists():
                shutil.copy(self.source / name, target)
        state = {name: weight.contiguous() for name, weight in self.model.state_dict().items()}
        part = target / f".{WEIGHTS}.part"
        save_file(state, part)
        part.replace(target / WEIGHTS)

    def _rate(self) -> float:
        """A linear warm-up, then a cosine down to nearly nothing."""
        cosine = 0.5 * (1 + math.cos(math.pi * self.done / self.steps))
        return self.rate * min(1, (self.done + 1) / WARM_UP) * (cosine * 0.995 + 0.005)

    def _pixels(self, pictures: list[Picture]) -> torch.Tensor:
        frames = np.stack([np.asarray(training_frame(picture, self.dice)) for picture in pictures])
        planes = torch.from_numpy(frames).permute(0, 3, 1, 2).float().div_(255).sub_(0.5).div_(0.25)
        return planes.contiguous(memory_format=torch.channels_last)

    def _clip_loss(
        self, images: torch.Tensor, pictures: list[Picture], captions: list[Caption]
    ) -> torch.Tensor:
        ids = torch.tensor([self.tokenizer.encode(caption.text).ids for caption in captions])
        texts = self.model.encode_text(ids, normalize=True)
        true = torch.tensor([[caption.holds_for(picture) for caption in captions] for picture in pictures])
        others = ~torch.eye(len(pictures), dtype=torch.bool)
        scores = (self.model.logit_scale.exp() * images @ texts.T).masked_fill(true & others, -1e4)
        diagonal = torch.arange(len(pictures))
        return (functional.cross_entropy(scores, diagonal) + functional.cross_entropy(scores.T, diagonal)) / 2

    def _learn_confusion(self, named: torch.Tensor, names: torch.Tensor) -> None:
        guesses = named.softmax(1)
        for name in set(names.tolist()):
            self.confusion[name].mul_(0.97).add_(0.03 * guesses[names == name].mean(0))


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--batch", type=int, default=96)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--seed", type=int, default=23)
    given = parser.parse_args()
    torch.set_num_threads(1)
    trainer = Trainer(given.source, steps=given.steps, batch=given.batch, rate=given.rate, seed=given.seed)
    mean: dict[str, float] = {}
    for step in range(1, given.steps + 1):
        losses = trainer.step()
        mean = {name: 0.98 * mean.get(name, loss) + 0.02 * loss for name, loss in losses.items()}
        if step % 50 == 0 or step == given.steps:
            print(f"step {step}", *(f"{name} {loss:.3f}" for name, loss in mean.items()), flush=True)
        if step % 300 == 0:
            trainer.save(given.target)
    trainer.save(given.target)


if __name__ == "__main__":
    main()
