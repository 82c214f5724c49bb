"""The manifest `algo.toml`: what an algorithm consumes, produces and needs; unknown keys are refused."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from watchdown_schemas.errors import ManifestInvalid
from watchdown_schemas.types import STANDARD_TYPES

MEDIA = frozenset({"video", "audio", "text"})
FILE = "algo.toml"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(_Strict):
    """The model that the runtime loads for the algorithm."""

    name: str
    dimension: int = Field(gt=0)
    path: str = "model"
    graphs: dict[str, str]
    tokenizer: str | None = None
    context: int | None = None
    note: str | None = None


class Resources(_Strict):
    """What one title's run needs."""

    cpu: float = Field(default=1, gt=0)
    memory_mib: int = Field(default=512, gt=0)


class Manifest(_Strict):
    """One algorithm's declaration. `consumes` names media (video, audio, text) or schema types."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: str = Field(pattern=r"^\d+\.\d+\.\d+$")
    summary: str
    consumes: tuple[str, ...] = Field(min_length=1)
    produces: tuple[str, ...] = Field(min_length=1)
    entry: str = Field(alias="class", pattern=r"^[a-z_][a-z0-9_]*:[A-Za-z_][A-Za-z0-9_]*$")
    encoders: tuple[Literal["text", "image", "clip"], ...] = ()
    model: ModelSpec | None = None
    parameters: dict[str, bool | int | float | str] = Field(default_factory=dict)
    resources: Resources = Resources()

    @field_validator("consumes")
    @classmethod
    def _one_kind_of_input(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if 0 < len(MEDIA & set(value)) < len(value):
            raise ValueError("media and records cannot be consumed in one pass")
        return value

    @field_validator("consumes", "produces")
    @classmethod
    def _known(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = STANDARD_TYPES.keys() | (MEDIA if info.field_name == "consumes" else set())
        if unknown := sorted(set(value) - known):
            raise ValueError(f"{', '.join(unknown)} is none of {', '.join(sorted(known))}")
        return value

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
