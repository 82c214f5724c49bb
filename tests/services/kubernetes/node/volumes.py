"""Folders that stand for the volumes of a pod: nothing can be mounted, so paths are written anew."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.kubernetes.node.images import Waiting

TOKENS = "projected"  # of service accounts, which no pod here needs


@dataclass(frozen=True, slots=True)
class Mounts:
    """The mount paths of one container, each with the folder that is meant."""

    folders: dict[str, Path]

    def place(self, value: str) -> str:
        """Return a variable or an argument; where it is a path in a volume, the path of this machine."""
        for mount in sorted(self.folders, key=len, reverse=True):
            if value == mount or value.startswith(f"{mount}/"):
                return f"{self.folders[mount]}{value.removeprefix(mount)}"
        return value


def mounts(pod: dict[str, Any], container: dict[str, Any], folder: Path) -> Mounts:
    """Make the volumes of a container below a folder.

    Raises:
        Waiting: a volume is of a kind that a process node does not have.
    """
    kinds = {volume["name"]: volume.keys() - {"name"} for volume in pod["spec"].get("volumes", ())}
    folders = {}
    for mount in container.get("volumeMounts", ()):
        kind = kinds[mount["name"]]
        if TOKENS in kind:
            continue
        if "emptyDir" not in kind:
            raise Waiting(
                "CreateContainerConfigError",
                f"volume {mount['name']}: a process node has no {', '.join(kind)}",
            )
        place = folder / mount["name"] / mount.get("subPath", "")
        place.mkdir(parents=True, exist_ok=True)
        folders[mount["mountPath"].rstrip("/")] = place
    return Mounts(folders)
