"""The manifest `algo.toml`: what an algorithm consumes, produces and needs; unknown keys are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from watchdown_schemas.errors import ManifestInvalid
from watchdown_schemas.quality import QualityOverride

MEDIA = frozenset({"video", "audio", "text"})
FILE = "algo.toml"


SchemaName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Za-z0-9]{0,63}$")]
GraphName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(_Strict):
    """The model that the runtime loads for the algorithm."""

    name: str
    dimension: int = Field(gt=0)
    path: str = "model"
    graphs: dict[GraphName, str]
    tokenizer: str | None = None
    context: int | None = None
    note: str | None = None


class Resources(_Strict):
    """What one title's run needs; `gpu` only where it runs the model itself, with no server of models."""

    cpu: float = Field(default=1, gt=0)
    memory_mib: int = Field(default=512, gt=0)
    gpu: int = Field(default=0, ge=0)
    deadline_minutes: int = Field(default=240, gt=0)


class Validation(_Strict):
    """How many bad rows a run may have: `tolerance` is their share of all rows, 0 is none at all.

    A run of nothing but bad rows never passes.
    """

    tolerance: float = Field(default=1, ge=0, le=1)


class Canary(_Strict):
    """Known pairs of a text and a picture, on which the model is tried before its vectors are seen.

    `pairs` is a file of the algorithm's folder, JSON lines of `text` and `picture`, whose files lie beside
    it. The cosine of each pair must exceed those of its text and its picture with any other by `margin`.
    """

    pairs: str
    margin: float = Field(default=0.0, ge=0, le=2)


class Manifest(_Strict):
    """One algorithm's declaration. `consumes` names media (video, audio, text) or schema types.

    `quality` has, by schema type, what is expected of its records otherwise than the type says.
    `image` names what a cluster runs it in; whose images are the same share one decode of a title.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    summary: str
    consumes: tuple[Literal["video", "audio", "text"] | SchemaName, ...] = Field(min_length=1)
    produces: tuple[SchemaName, ...] = Field(min_length=1)
    image: str = Field(default="worker", pattern=r"^[a-z][a-z0-9-]*$")
    entry: str = Field(alias="class", pattern=r"^[a-z_][a-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*$")
    encoders: tuple[Literal["text", "image", "clip"], ...] = ()
    model: ModelSpec | None = None
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)
    resources: Resources = Resources()
    validation: Validation = Validation()
    quality: dict[SchemaName, QualityOverride] = Field(default_factory=dict)
    canary: Canary | None = None

    @field_validator("consumes")
    @classmethod
    def _one_kind_of_input(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if 0 < len(MEDIA & set(value)) < len(value):
            raise ValueError("media and records cannot be consumed in one pass")
        return value

    @field_validator("canary")
    @classmethod
    def _can_be_tried(cls, value: Canary | None, info: ValidationInfo) -> Canary | None:
        encodes = {"text", "image"} <= set(info.data.get("encoders", ()))
        if value and not (encodes and info.data.get("model")):
            raise ValueError("needs a model, and encoders for text and image")
        return value

    @property
    def schema_types(self) -> frozenset[str]:
        """The schema types that it reads, writes or says something of."""
        return frozenset({*self.consumes, *self.produces, *self.quality}) - MEDIA

    @property
    def over_records(self) -> bool:
        """Whether it reads other algorithms' records, and so runs after them."""
        return not MEDIA & set(self.consumes)


def read_manifest(folder: Path) -> Manifest:
    """Read a folder's `algo.toml`; ManifestInvalid says which key is at fault."""
    path = folder / FILE
    try:
        return Manifest.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise ManifestInvalid(str(path), "is not there", "Every algorithm folder has one.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ManifestInvalid(str(path), f"is no TOML: {error}", "Mend the line named.") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ManifestInvalid(str(path), faults, "Mend the keys named.") from error
