"""Models kept with the library, so that its vectors can be searched when a newer model is installed."""

from __future__ import annotations

from pathlib import Path
from shutil import copyfileobj
from threading import Lock
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from watchdown.models.canary import judge
from watchdown.storage import keys
from watchdown.storage.local import LocalStorage
from watchdown.storage.protocol import Storage
from watchdown_algos.catalogue import Known
from watchdown_algos.contract import Model
from watchdown_algos.manifest import ModelSpec
from watchdown_algos.model_files import ModelFiles
from watchdown_algos.models import Models
from watchdown_schemas.errors import ModelMismatch, StorageNotFound

CARD: Final = "model.json"
MIB: Final = 1 << 20


class Card(BaseModel):
    """What is said of a kept model: whose it is, and what algo.toml said of it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    algorithm: str
    version: str
    spec: ModelSpec


class KeptModels:
    """The models behind published vectors: data only; the code that encodes is what is installed."""

    def __init__(self, storage: Storage, work: Path, models: Models) -> None:
        """Keep them in `storage`; what must lie on this machine is fetched into `work`."""
        self._storage = storage
        self._work = work
        self._models = models
        self._judged: set[str] = set()
        self._found: dict[str, Model | None] = {}
        self._finding = Lock()

    def keep(self, known: Known) -> None:
        """Keep the model that is installed for an algorithm, and what its canary says, unless that is done.

        The card comes last: a model that has one is whole. Raises ModelUnavailable where no server answers.
        """
        model = known.load_model()
        if not isinstance(model, ModelFiles):
            return
        card = keys.model(model.fingerprint, CARD)
        if not self._storage.exists(card):
            for file in model.files:
                name = file.relative_to(model.path).as_posix()
                key = keys.model(model.fingerprint, name)
                with file.open("rb") as source, self._storage.create(key) as target:
                    copyfileobj(source, target, MIB)
            told = Card(algorithm=known.manifest.name, version=known.manifest.version, spec=_spec(known))
            self._storage.put_new(card, told.model_dump_json().encode())
        elif model.fingerprint in self._judged:
            return
        judge(self._storage, known, model)
        self._judged.add(model.fingerprint)

    def model(self, algorithm: str, fingerprint: str) -> Model | None:
        """Return a kept model of an algorithm; None where it was not kept.

        Raises ModelMismatch where its files are not what they were.
        """
        with self._finding:
            if fingerprint not in self._found:
                self._found[fingerprint] = self._fetch(algorithm, fingerprint)
            return self._found[fingerprint]

    def _fetch(self, algorithm: str, fingerprint: str) -> Model | None:
        key = keys.model(fingerprint, CARD)
        try:
            card = Card.model_validate_json(self._storage.read(key))
        except StorageNotFound:
            return None
        except ValidationError as error:
            raise _changed(self._storage.place(key), fingerprint) from error
        if card.algorithm != algorithm:
            return None
        folder = self._folder(fingerprint)
        found = self._models.model(algorithm, folder, card.spec.model_copy(update={"path": "."}))
        if found.fingerprint != fingerprint:
            raise _changed(self._storage.place(keys.model(fingerprint, "").rstrip("/")), fingerprint)
        return found

    def _folder(self, fingerprint: str) -> Path:
        """Return a folder of this machine with the files of a model: where they are kept, or a copy."""
        home = self._storage
        if not isinstance(home, LocalStorage):
            home = LocalStorage(self._work)
            for stored in self._storage.list(keys.model(fingerprint, "")):
                if not home.exists(stored.key):
                    with self._storage.open(stored.key) as source, home.create(stored.key) as target:
                        copyfileobj(source, target, MIB)
        return home.fetch(keys.model(fingerprint, CARD), self._work).parent


def _spec(known: Known) -> ModelSpec:
    assert known.manifest.model is not None
    return known.manifest.model


def _changed(place: str, fingerprint: str) -> ModelMismatch:
    remedy = "Copy the model's files there again, or run the algorithm over the titles again"
    return ModelMismatch(place, f"is no longer the model {fingerprint}", remedy)
