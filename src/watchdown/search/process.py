"""Process a query: words into analysed tokens, descriptions and pictures into vectors of the stored model."""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from watchdown.search.query import Description, Dialogue, Picture, Query, SimilarTo, Words
from watchdown.stores.protocol import Leaf, Searcher, Snapshot, TextLeaf, Types, VectorLeaf
from watchdown.view import View
from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import Context, Model
from watchdown_algos.encoders import Encoders
from watchdown_schemas.errors import AlgorithmNotFound, MediaInvalid, ModelMismatch, NotFound, QueryError
from watchdown_schemas.fields import fields
from watchdown_schemas.language import is_language, normalise_language
from watchdown_schemas.roles import Text
from watchdown_schemas.text import analyse

MAX_PIXELS = 100_000_000


class Kept(Protocol):
    """Gives models of before."""

    def __call__(self, algorithm: str, fingerprint: str, /) -> Model | None:
        """Return a model of an algorithm; None where it is not at hand."""
        ...


def nothing_kept(_algorithm: str, _fingerprint: str, /) -> None:
    """Keep no model of before."""


def text_leaf(
    text: str, languages: Iterable[str], schema: str = "DialogueLine", field: str = "text"
) -> TextLeaf:
    """Return the leaf for words that may be in any of these languages, in a text field of a schema type."""
    words: list[str] = []
    stems: list[tuple[str, ...]] = []
    scope = sorted(set(languages)) or ["und"]
    for chunk in text.split():
        by_language = [analyse(chunk, language) for language in scope]
        for place, word in enumerate(by_language[0].words):
            words.append(word)
            found = (_stem(word, place, analysis.words, analysis.stems) for analysis in by_language)
            stems.append(tuple(dict.fromkeys(found)))
    return TextLeaf(schema, field, tuple(words), tuple(stems))


def _stem(word: str, place: int, words: tuple[str, ...], stems: tuple[str, ...]) -> str:
    """Return the stem of one word; of a script without spaces, its characters."""
    return stems[place] if len(stems) == len(words) else " ".join(analyse(word).stems)


def decode_image(data: bytes, name: str = "the image") -> NDArray[np.uint8]:
    """Return an image file's bytes as upright RGB, uint8 [height, width, 3]."""
    from PIL import ImageOps

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height <= MAX_PIXELS:
                return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    except Image.DecompressionBombError:
        pass
    except Exception as error:
        # The readers of damaged files raise anything.
        raise MediaInvalid(name, "is no image that can be read", "Give a JPEG or PNG file.") from error
    raise MediaInvalid(name, f"has more than {MAX_PIXELS} pixels", "Scale it down.")


class Processor:
    """Turns query leaves into store leaves, with the encoders of the algorithm that made the vectors."""

    def __init__(
        self,
        algorithms: AlgorithmCatalogue,
        searcher: Searcher,
        types: Types,
        kept: Kept = nothing_kept,
    ) -> None:
        """Take the installed algorithms; `kept` gives models of before, whose vectors are still there."""
        self._algorithms = algorithms
        self._searcher = searcher
        self._types = types
        self._kept = kept

    def leaves(
        self,
        query: Query,
        view: View,
        *,
        snapshot: Snapshot,
        languages: Callable[[], Iterable[str]],
        models: Mapping[str, set[str]],
    ) -> tuple[Leaf, ...]:
        """Return what the searcher is asked: of vectors a leaf for each model that made some, else one.

        `languages` gives those of the library, `models` has, by algorithm, the fingerprints of the models
        behind the visible runs.
        """
        asked = query.leaf
        if isinstance(asked, Dialogue | Words):
            schema = asked.schema_type if isinstance(asked, Words) else "DialogueLine"
            if wrong := [tag for tag in asked.languages if not is_language(tag)]:
                raise QueryError(wrong[0], "is no language tag", "Give a tag such as en or pt-BR.")
            spoken = tuple(map(normalise_language, asked.languages))
            leaf = text_leaf(asked.text, spoken or languages(), schema, self._text_field(schema))
            about = isinstance(asked, Words)
            leaf = replace(leaf, languages=spoken, floor=query.min_score, about=about)
            if not leaf.words:
                raise QueryError(repr(asked.text), "has no word to search for", "Give a word or two.")
            return (leaf,)
        known = self._visual("text" if isinstance(asked, Description) else "image")
        found = self._models(known, models.get(known.manifest.name, set()))
        if isinstance(asked, SimilarTo):
            vectors = self._of_shot(asked.shot, found, view, snapshot)
        else:
            vectors = {name: self._encode(known, model, asked) for name, model in found.items()}
        return tuple(VectorLeaf("Embedding", name, one, query.min_score) for name, one in vectors.items())

    def _models(self, known: Known, stored: Collection[str]) -> dict[str, Model]:
        """Return by fingerprint the models behind the vectors that are there, as far as they are at hand."""
        name, installed = known.manifest.name, known.load_model()
        assert installed is not None
        if not stored:
            return {installed.fingerprint: installed}
        found = {
            one: installed if one == installed.fingerprint else self._kept(name, one)
            for one in sorted(stored)
        }
        if at_hand := {one: model for one, model in found.items() if model is not None}:
            return at_hand
        raise ModelMismatch(
            name,
            f"searches with model {installed.fingerprint}, the vectors are of {', '.join(sorted(stored))}",
            "Add the media again with this version, or search with the version that added them.",
        )

    def _text_field(self, schema: str) -> str:
        """Return the field of a schema type whose words are searched: the first of text."""
        found = next((field.name for field in fields(self._types[schema]) if field.role(Text)), None)
        if found is None:
            raise QueryError(schema, "has no text to search", "Filter its records: library.records()")
        return found

    def _visual(self, encoder: str) -> Known:
        for known in self._algorithms.values():
            if encoder in known.manifest.encoders:
                return known
        raise AlgorithmNotFound(encoder, "no known algorithm encodes this kind of query", "Install one.")

    def _encode(self, known: Known, model: Model, asked: Description | Picture) -> NDArray[np.float32]:
        context = Context(parameters=known.manifest.parameters, model=model)
        encoders = cast("Encoders", known.make(context))
        if isinstance(asked, Picture):
            return np.asarray(encoders.encode_image([decode_image(asked.image, asked.name)])[0])
        if not asked.text.strip():
            raise QueryError(repr(asked.text), "describes nothing", "Say what the shot should show.")
        return np.asarray(encoders.encode_text([asked.text])[0])

    def _of_shot(
        self, shot: str, models: Collection[str], view: View, snapshot: Snapshot
    ) -> dict[str, NDArray[np.float32]]:
        """Return by model the vector that stands for a shot, where the model embedded its frames."""
        record: Mapping[str, Any] | None = self._searcher.find(
            "Shot", shot, view.within(None), snapshot=snapshot
        )
        if record is None:
            raise NotFound(
                shot, "is no shot here", "Use the id of a visual hit; see: watchdown search --json."
            )
        found = {model: self._mean(record, model, view, snapshot) for model in models}
        if vectors := {model: vector for model, vector in found.items() if vector is not None}:
            return vectors
        raise NotFound(shot, "has no frame that was embedded", "Choose a longer shot.")

    def _mean(
        self, shot: Mapping[str, Any], model: str, view: View, snapshot: Snapshot
    ) -> NDArray[np.float32] | None:
        """Return of a shot's frames the vector nearest to their mean; None where there are none."""
        inside = self._searcher.scan(
            "Embedding",
            view.within(frozenset({shot["title"]})),
            columns=["vector"],
            snapshot=snapshot,
            model=model,
            starting=(shot["start_ns"], shot["end_ns"]),
        )
        vectors = [vector for batch in inside for vector in batch["vector"].to_pylist()]
        if not vectors:
            return None
        frames = np.asarray(vectors, dtype=np.float32)
        nearest: NDArray[np.float32] = frames[int(np.argmax(frames @ frames.mean(axis=0)))]
        return nearest
