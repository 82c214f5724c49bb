"""Judges a model folder on frames, colours and scenes that training never showed; prints a table.

    python -m watchdown_algos.drawn.evaluate [MODEL]

Cells are hit@1 / hit@10 / precision@10, the last divided by the number of right frames where that is below
ten; first on frames as drawn, then on the same frames after H.264.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from watchdown_algos.contract import Context
from watchdown_algos.drawn.galleries import (
    FRAMES_OF_A_SHOT,
    Drawn,
    after_video,
    as_drawn,
    library_frames,
    moved_frames,
    single_frames,
)
from watchdown_algos.drawn.held_out import UNSEEN_COLOURS
from watchdown_algos.drawn.picture import SIZES, Picture
from watchdown_algos.drawn.queries import UNSEEN, Query, coloured, objects, pairs_of_objects, questions
from watchdown_algos.manifest import read_manifest
from watchdown_algos.onnx_model import OnnxModel
from watchdown_algos.visual_embedding.algo import VisualEmbedding

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors: TypeAlias = NDArray[np.float32]

Row: TypeAlias = tuple[str, int, list[float]]
Film: TypeAlias = Callable[[Iterable[Drawn]], Iterator["NDArray[np.uint8]"]]


def rows(embedding: VisualEmbedding, film: Film) -> Iterator[Row]:
    """Yield the name, the number of queries and the values of each row of the table."""
    singles, library = single_frames(), library_frames()
    moved = moved_frames(singles)
    # One film for all: each frame lands between others, as in a cut film.
    vectors = embed(embedding, film(chain(singles, moved.values(), library)))
    alone, again, shots = np.split(vectors, [len(singles), len(singles) + len(moved)])
    pictures = [frame.picture for frame in singles]
    for name, queries in questions(pictures).items():
        yield score(name, embedding, queries, alone, pictures)
    wide = [number for number, picture in enumerate(pictures) if picture.size == "wide"]
    yield score(
        'wide frames only: "a <colour> <object>", unseen pair',
        embedding,
        coloured(UNSEEN),
        alone[wide],
        [pictures[number] for number in wide],
    )
    named = (alone @ embedding.encode_text([query.text for query in objects()]).T).argmax(1)
    right = np.array(
        [objects()[n].wanted["object"] == p.object for n, p in zip(named, pictures, strict=True)]
    )
    for size in SIZES:
        of_size = np.array([picture.size == size for picture in pictures])
        yield f"object named right among 33, {size}", int(of_size.sum()), [float(right[of_size].mean())]
    yield reverse("reverse search: shifted frame of a shot", again @ alone.T, list(moved))
    yield from library_rows(embedding, shots, library)


def library_rows(embedding: VisualEmbedding, vectors: Vectors, frames: list[Drawn]) -> Iterator[Row]:
    """Yield the rows of the 600 shots, whose best frame counts."""
    pictures = [frame.picture for frame in frames[::FRAMES_OF_A_SHOT]]
    there = {(picture.object, picture.colour) for picture in pictures}
    twos = sorted({picture.object for picture in pictures if picture.count > 1})
    for name, queries in {
        'library: "a <colour> <object>", pair never seen': coloured(sorted(there & UNSEEN_COLOURS)),
        'library: "a <colour> <object>", seen pair': coloured(sorted(there - UNSEEN_COLOURS)),
        'library: "a <object>"': objects(),
        'library: "two <objects>"': pairs_of_objects(twos),
    }.items():
        yield score(name, embedding, queries, vectors, pictures, group=FRAMES_OF_A_SHOT)
    by_shot = vectors.reshape(len(pictures), FRAMES_OF_A_SHOT, -1)
    others = np.delete(by_shot, 1, axis=1)
    scores = np.einsum("qd,sfd->qsf", by_shot[:, 1], others).max(2)
    yield reverse("library: reverse search", scores, range(len(pictures)))


def embed(embedding: VisualEmbedding, frames: Iterable[NDArray[np.uint8]]) -> Vectors:
    """Return the vectors of frames, one row each."""
    return np.concatenate([embedding.encode_image([frame]) for frame in frames])


def score(
    name: str,
    embedding: VisualEmbedding,
    queries: list[Query],
    vectors: Vectors,
    pictures: Sequence[Picture],
    *,
    group: int = 1,
) -> Row:
    """Score text queries; `group` vectors make one picture, and the best one counts."""
    texts = embedding.encode_text([query.text for query in queries])
    scores = (texts @ vectors.T).reshape(len(queries), -1, group).max(2)
    judged = []
    for query, of_query in zip(queries, scores, strict=True):
        right = query.right(pictures)
        if right.any():
            best = right[np.argsort(-of_query)[:10]]
            judged.append((float(best[0]), float(best.any()), int(best.sum()) / min(10, int(right.sum()))))
    return name, len(judged), np.mean(judged, axis=0).tolist()


def reverse(name: str, scores: Vectors, own: Sequence[int]) -> Row:
    """Score picture queries: `own` says which column of `scores` is right for each row."""
    mine = scores[np.arange(len(scores)), list(own)]
    better = (scores > mine[:, None]).sum(1)
    return name, len(scores), [float((better < 1).mean()), float((better < 10).mean())]


def shipped() -> VisualEmbedding:
    """Return the algorithm with the model that it ships."""
    return algorithm_with(Path(str(files("watchdown_algos.visual_embedding"))) / "model")


def algorithm_with(folder: Path) -> VisualEmbedding:
    """Return the algorithm with the model of a folder, laid out as its manifest says."""
    manifest = read_manifest(Path(str(files("watchdown_algos.visual_embedding"))))
    assert manifest.model is not None
    return VisualEmbedding(Context(model=OnnxModel(folder, manifest.model), parameters=manifest.parameters))


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path, nargs="?")
    given = parser.parse_args()
    embedding = algorithm_with(given.model) if given.model else shipped()
    print("| query | queries | drawn | H.264 |\n|---|---|---|---|")
    for (name, count, drawn), (_, _, video) in zip(
        rows(embedding, as_drawn), rows(embedding, after_video), strict=True
    ):
        cells = (" / ".join(f"{value:.2f}" for value in values) for values in (drawn, video))
        print(f"| {name} | {count} |", " | ".join(cells), "|")


if __name__ == "__main__":
    main()
