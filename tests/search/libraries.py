"""A synthetic library of shots, frames, keyframes and lines in a store, published by hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conformance.stores import MODEL, Store, lines
from watchdown.catalogue.directory import Known as KnownTitle
from watchdown.catalogue.model import Timeline, Title
from watchdown.search.answer import Search
from watchdown.search.query import Description, Dialogue, Query, SimilarTo
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import Context, Model
from watchdown_algos.manifest import Manifest
from watchdown_schemas.errors import NotFound
from watchdown_schemas.types import STANDARD_TYPES, Embedding, Keyframe, Shot

Vectors = NDArray[np.float32]
SHOTS: Final = 50  # of each title, two seconds each, a frame every half second
SECOND: Final = 10**9
COLOURS: Final = ("red", "green", "blue", "yellow")


class TinyModel:
    """A model of four colours: a text is near the frames that were drawn for its words."""

    dimension = 32

    def __init__(self, fingerprint: str = "model", shift: int = 0) -> None:
        """Give each fingerprint a `shift`: the vectors of one model are nothing to another."""
        self.fingerprint = fingerprint
        self._shift = shift

    def __call__(self, graph: str, batch: Any) -> Vectors:
        raise NotImplementedError(graph, batch)

    def tokens(self, texts: list[str]) -> Any:
        raise NotImplementedError(texts)

    def text(self, text: str) -> Vectors:
        """Return the unit vector of a text."""
        vector = np.full(self.dimension, 0.01, np.float32)
        vector[[self._shift + COLOURS.index(word) for word in text.split() if word in COLOURS]] = 1
        return vector / np.linalg.norm(vector)


@dataclass(frozen=True)
class TinyKnown(Known):
    """An embedding algorithm whose encoders are the tiny model's."""

    model: TinyModel = field(default_factory=TinyModel)

    def load_model(self) -> Model | None:
        return self.model

    def make(self, context: Context) -> Any:
        return self if context.model in (None, self.model) else replace(self, model=context.model)

    def encode_text(self, texts: list[str]) -> Vectors:
        """Return the unit vectors of texts."""
        return np.stack([self.model.text(text) for text in texts])

    def encode_image(self, pixels: list[NDArray[np.uint8]]) -> Vectors:
        """Return the unit vector of the colour that a picture is full of."""
        return np.stack([self.model.text(COLOURS[int(one.mean((0, 1)).argmax())]) for one in pixels])


MANIFEST: Final = Manifest.model_validate(
    {
        "name": "tiny",
        "version": "1.0.0",
        "summary": "for a test",
        "consumes": ["video"],
        "produces": ["Embedding"],
        "class": "algo:Tiny",
        "encoders": ["text", "image"],
        "model": {"name": "tiny", "dimension": 32, "graphs": {}},
    }
)


class SyntheticLibrary:
    """Titles of fifty shots in a store, searched through the core."""

    def __init__(self, store: Store, titles: int = 2) -> None:
        self.store = store
        self.views: list[View] = [View(epoch=0, last_run=0, visible=frozenset())]
        self.titles = {f"t{n}": Title(id=f"t{n}", name=f"Film {n}", added_at="") for n in range(titles)}
        self.made_by = {"tiny": {"model"}}
        self.kept: dict[str, TinyModel] = {}
        self._last_run = 0
        self.search = Search(
            types=STANDARD_TYPES,
            searcher=store.searcher,
            algorithms=AlgorithmCatalogue([TinyKnown(MANIFEST, "nowhere", Path())]),
            directory=self,
            kept=lambda _algorithm, fingerprint: self.kept.get(fingerprint),
        )
        for number, title in enumerate(self.titles):
            self.publish(self.shots(title), self.frames(title, number), self.lines(title))

    def known(self, titles: Collection[str]) -> dict[str, KnownTitle]:
        """Return titles with their timelines."""
        cut = partial(Timeline, duration_ns=2 * SHOTS * SECOND, rate=Fraction(25))
        return {
            one: KnownTitle(self.titles[one], {f"{one}.1": cut(id=f"{one}.1", title=one)}) for one in titles
        }

    def languages(self) -> list[str]:
        """Return the languages of the lines."""
        return ["en", "es"]

    def models(self, view: View) -> dict[str, set[str]]:
        """Return the model behind the frames."""
        del view
        return self.made_by

    def view(self, epoch: int | None = None) -> View:
        """Return what readers see now, or saw at an epoch."""
        try:
            return self.views[-1 if epoch is None else epoch]
        except IndexError:
            raise NotFound(str(epoch), "is no epoch", "Ask again.") from None

    def publish(self, *runs: int, instead_of: frozenset[int] = frozenset()) -> None:
        """Make runs visible at a new epoch, and others no more."""
        visible = (self.views[-1].visible | set(runs)) - instead_of
        self.views.append(View(epoch=len(self.views), last_run=self._last_run, visible=visible))

    def run(self, title: str, *records: Any, model: str = MODEL) -> int:
        """Write the records of a new run, which nobody sees yet."""
        self._last_run += 1
        for schema in {type(record) for record in records}:
            self.store.write(self._last_run, [one for one in records if type(one) is schema], title, model)
        return self._last_run

    def shots(self, title: str) -> int:
        """Write a run of shots of two seconds, with their keyframes."""
        starts = [at * 2 * SECOND for at in range(SHOTS)]
        shots = [Shot(start_ns=at, end_ns=at + 2 * SECOND, number=n) for n, at in enumerate(starts)]
        keyframes = [
            Keyframe(
                start_ns=at + SECOND,
                end_ns=at + SECOND + 40_000_000,
                shot_start_ns=at,
                shot_end_ns=at + 2 * SECOND,
                thumbnail=f"{title}/{at}",
            )
            for at in starts
        ]
        return self.run(title, *shots, *keyframes)

    def frames(self, title: str, seed: int, model: str = MODEL, shift: int = 0) -> int:
        """Write a run of four frames per shot; each shot has a colour of its own, never twice the same."""
        dice = np.random.default_rng(seed)
        found = []
        for shot in range(SHOTS):
            look = np.abs(dice.normal(size=32)) * 0.2
            look[shift + shot % len(COLOURS)] += 1
            for quarter in range(4):
                vector = look + 0.02 * dice.normal(size=32)
                start = shot * 2 * SECOND + quarter * SECOND // 2
                unit = (vector / np.linalg.norm(vector)).astype(np.float32)
                found.append(Embedding(start_ns=start, end_ns=start + SECOND // 2, vector=unit))
        return self.run(title, *found, model=model)

    def lines(self, title: str) -> int:
        """Write a run of a line per shot."""
        texts = [f"{title} says line number {n} about the curtain" for n in range(SHOTS)]
        return self.run(title, *lines(*texts))


def seen(text: str, titles: tuple[str, ...] | None = None) -> Query:
    return Query(leaf=Description(text=text), titles=titles)


def spoken(text: str, titles: tuple[str, ...] | None = None) -> Query:
    return Query(leaf=Dialogue(text=text), titles=titles)


def like(shot: str, titles: tuple[str, ...] | None = None) -> Query:
    return Query(leaf=SimilarTo(shot=shot), titles=titles)
