"""The canary of a model: pairs of a text and a picture that it must tell from all mismatched ones.

It is tried once for each model and kept beside it, so that publishing needs no model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from watchdown.storage import keys
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import Known
from watchdown_algos.contract import Context, Model
from watchdown_algos.encoders import Encoders
from watchdown_algos.manifest import Canary
from watchdown_schemas.errors import ManifestInvalid, ModelUnavailable, StorageNotFound
from watchdown_schemas.ids import short_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Pair(BaseModel):
    """A text, and the file of the picture that it describes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    picture: str


class Verdict(BaseModel):
    """What a model made of its known pairs: `least` is by how much the worst pair beats mismatched ones.

    `tried` names what was tried: pairs, margin and the version of the algorithm. `reason` says why the model
    is not to be trusted, None that it is.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    algorithm: str
    tried: str
    pairs: int
    margin: float
    least: float | None = None
    reason: str | None = None


def judge(storage: Storage, known: Known, model: Model) -> None:
    """Try the installed model of an algorithm on its known pairs, unless that is done; keep the verdict.

    Raises ManifestInvalid where the pairs cannot be read, ModelUnavailable where no server answers.
    """
    if (canary := known.manifest.canary) is None:
        return
    file = known.folder / canary.pairs
    try:
        pairs = [Pair.model_validate_json(line) for line in file.read_text("utf-8").splitlines()]
        pictures = [_pixels(file.parent / pair.picture) for pair in pairs]
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        raise ManifestInvalid(str(file), f"holds no pairs ({error})", "Mend it, or install again") from error
    said = json.dumps([pair.model_dump() for pair in pairs])
    tried = short_hash(known.manifest.version, said, canary.margin)
    before = verdict(storage, model.fingerprint)
    if before is None or before.tried != tried:
        least, reason = _tried(known, model, canary, pairs, pictures)
        found = Verdict(
            algorithm=known.manifest.name,
            tried=tried,
            pairs=len(pairs),
            margin=canary.margin,
            least=least,
            reason=reason,
        )
        storage.put(keys.canary(model.fingerprint), found.model_dump_json(indent=1).encode())


def verdict(storage: Storage, fingerprint: str) -> Verdict | None:
    """Return what is kept of a model; None where it was never tried."""
    try:
        return Verdict.model_validate_json(storage.read(keys.canary(fingerprint)))
    except (StorageNotFound, ValidationError):
        return None


def _tried(
    known: Known, model: Model, canary: Canary, pairs: list[Pair], pictures: list[NDArray[np.uint8]]
) -> tuple[float | None, str | None]:
    """Return by how much the worst pair beats mismatched ones, and why the model is not to be trusted."""
    try:
        encoders = cast("Encoders", known.make(Context(parameters=known.manifest.parameters, model=model)))
        texts = encoders.encode_text([pair.text for pair in pairs])
        scores = np.asarray(texts @ encoders.encode_image(pictures).T, np.float64)
    except ModelUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - an algorithm may raise anything
        return None, f"its known pairs cannot be encoded ({type(error).__name__}: {error})"
    own = np.diag(scores)
    others = scores.copy()
    np.fill_diagonal(others, -np.inf)
    ahead = own - np.maximum(others.max(axis=0), others.max(axis=1))
    worst = int(np.argmin(np.nan_to_num(ahead, nan=-np.inf)))
    if ahead[worst] >= canary.margin:
        return float(ahead[worst]), None
    said = f"the picture for {pairs[worst].text!r} scores {own[worst]:.3f} with it, a mismatched pair "
    said += f"{own[worst] - ahead[worst]:.3f}; {canary.margin:g} more is asked for"
    return (float(ahead[worst]) if np.isfinite(ahead[worst]) else None), said


def _pixels(file: Path) -> NDArray[np.uint8]:
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
