"""Finds images by their references in a JSON file: folders that are laid out as images are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


class Waiting(Exception):
    """A container cannot start yet; `reason` is what Kubernetes calls it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Image:
    """A folder that stands for the root of an image, and the image's own environment."""

    root: Path
    env: dict[str, str]

    def inside(self, path: str) -> str:
        """Return where an absolute path of the image lies here; what the image lacks is the machine's."""
        here = self.root / path.lstrip("/")
        return str(here) if path.startswith("/") and here.exists() else path


def find(images: Path, reference: str, policy: str) -> Image:
    """Return an image.

    Raises:
        Waiting: there is none of that reference; nothing is ever pulled.
    """
    try:
        said = json.loads(images.read_text("utf-8"))[reference]
        root = Path(said["root"])
        env = {name: value.replace("{root}", str(root)) for name, value in said.get("env", {}).items()}
    except KeyError as error:
        reason = "ErrImageNeverPull" if policy == "Never" else "ErrImagePull"
        raise Waiting(reason, f'image "{reference}" is not on this node, which pulls none') from error
    except (OSError, ValueError) as error:
        raise Waiting("ImageInspectError", f"{images}: {error}") from error
    return Image(root, env)
