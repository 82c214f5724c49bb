"""Frames as the model is trained on them: clean ones, and ones that went through a lens and a codec."""

from __future__ import annotations

import random
from io import BytesIO
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageEnhance, ImageFilter

from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image as Pixels

SIDE: Final = 64
SCALERS: Final = (
    *(Image.Resampling.BILINEAR, Image.Resampling.BILINEAR),
    *(Image.Resampling.BOX, Image.Resampling.BICUBIC),
)


def training_frame(picture: Picture, dice: random.Random) -> Pixels:
    """Draw a picture with a training seed, 64 x 64 pixels; half of the frames are softened."""
    # 40 bits: `held_out.FIRST_UNSEEN_SEED` rests on it.
    seed, jitter = dice.getrandbits(40), dice.getrandbits(30) if dice.random() < 0.5 else None
    if dice.random() < 0.5:
        return draw(picture, seed, out=SIDE, supersample=2, jitter=jitter)
    side = dice.choice((128, 128, 128, 192, 256))
    return soften(draw(picture, seed, out=side, supersample=1, jitter=jitter), dice)


def soften(image: Pixels, dice: random.Random) -> Pixels:
    """Do to a square picture what a hand-held camera, a lens and a codec do; returns 64 x 64 pixels."""
    side = image.width
    if dice.random() < 0.4:
        cut = dice.uniform(0, 0.09) * side
        x, y = dice.uniform(0, cut), dice.uniform(0, cut)
        window = (x, y, side - (cut - x), side - (cut - y))
        image = image.resize((side, side), Image.Resampling.BILINEAR, box=window)
    if dice.random() < 0.3:
        image = ImageEnhance.Brightness(image).enhance(dice.uniform(0.85, 1.15))
    if dice.random() < 0.2:
        image = ImageEnhance.Contrast(image).enhance(dice.uniform(0.85, 1.15))
    if dice.random() < 0.3:
        image = image.filter(ImageFilter.GaussianBlur(dice.uniform(0.3, 1.3) * side / 128))
    if dice.random() < 0.75:
        if dice.random() < 0.7:
            image = image.resize((side, side * 9 // 16), Image.Resampling.BILINEAR)
        coded = BytesIO()
        image.save(coded, "JPEG", quality=dice.randint(35, 80))
        image = Image.open(coded)
    return image.resize((SIDE, SIDE), dice.choice(SCALERS))
