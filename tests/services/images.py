"""The files of our images, laid out without a container engine: `python -m services.images worker pipeline`.

The process node runs pods from them. `containers/docker-bake.json` says which images there are, a Dockerfile
how one is made: with the same locks and the same wheel as here, where the Python is the one at hand.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from services.cache import locked, made_once
from services.dockerfile import read
from services.environments import digest, locks, make, place, wheel_of

ROOT = Path(__file__).parents[2]
BAKE = ROOT / "containers" / "docker-bake.json"
HOME = "opt/watchdown"
KEPT_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Layout:
    """An image, unpacked."""

    image: str
    digest: str
    root: Path
    env: dict[str, str]

    @property
    def reference(self) -> str:
        """The image as a pod names it."""
        return f"watchdown/{self.image}@sha256:{self.digest}"

    @property
    def entry(self) -> dict[str, Any]:
        """What a process node is told; it puts its `root` where `{root}` stands."""
        return {"root": str(self.root), "env": self.env}


def target(name: str) -> dict[str, Any]:
    """Return a target of the bake file with what it inherits."""
    own = json.loads(BAKE.read_text("utf-8"))["target"][name]
    whole: dict[str, Any] = {}
    for parent in own.get("inherits", []):
        whole |= target(parent)
    return whole | own | {"args": whole.get("args", {}) | own.get("args", {})}


def lay_out(image: str) -> Layout:
    """Lay out an image of this working tree; the same tree has the same digest, and is laid out once.

    Raises:
        Missing: its requirements cannot be had, or the wheel cannot be built.
        ValueError: it has no lock, and so is not one of those that run `watchdown`.
    """
    described = target(image)
    lock, dockerfile = described["args"].get("LOCK"), ROOT / described["dockerfile"]
    if lock is None:
        raise ValueError(f"{image} is not made from a lock of ours: only an engine builds it")
    with TemporaryDirectory() as folder:
        wheel = wheel_of(ROOT, Path(folder))
        known = digest(image, described, dockerfile, *locks(lock), wheel)
        root = place(image, known)
        with made_once(root) as half:
            if half is not None:
                make(half / HOME, lock, wheel)
            else:
                os.utime(root)
    _forget(root)
    env = {
        name: value.replace(f"/{HOME}", f"{{root}}/{HOME}")
        for name, value in read(dockerfile).image.pairs("ENV").items()
    }
    return Layout(image, known, root, env)


def register(images: Path, *layouts: Layout) -> None:
    """Tell a process node of images, beside those that it knows, by the file that it was given."""
    with locked(images.parent):
        known = json.loads(images.read_text("utf-8")) if images.exists() else {}
        known |= {layout.reference: layout.entry for layout in layouts}
        half = images.with_name(f".{images.name}.half")
        half.write_text(json.dumps(known, indent=2), "utf-8")
        half.replace(images)


def _forget(newest: Path) -> None:
    """Remove what was laid out for earlier states of our source, once nobody has asked for it in a week."""
    for old in newest.parent.glob(f"{newest.name.rpartition('-')[0]}-*"):
        with locked(old.with_name(f".{old.name}")):
            if old.exists() and time.time() - old.stat().st_mtime > KEPT_S:
                shutil.rmtree(old)


def main() -> int:
    """Lay out the named images and print their references, as Airflow's connection takes them."""
    parser = argparse.ArgumentParser(prog="services.images", description=__doc__)
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="a target of containers/docker-bake.json")
    parser.add_argument("--register", type=Path, metavar="FILE", help="the images.json of a process node")
    asked = parser.parse_args()
    layouts = [lay_out(image) for image in asked.images]
    if asked.register:
        register(asked.register, *layouts)
    sys.stdout.write(json.dumps({layout.image: layout.reference for layout in layouts}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
