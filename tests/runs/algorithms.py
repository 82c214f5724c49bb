"""Algorithms that the tests of runs work with: a good one, and one for each way to go wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from watchdown_algos.catalogue import AlgorithmCatalogue, Known
from watchdown_algos.contract import Context, RecordAlgorithm, TextAlgorithm, TitleFacts
from watchdown_algos.manifest import Manifest
from watchdown_algos.wants import CueBatch, RecordBatch, Records, TimedText
from watchdown_schemas.record import Record
from watchdown_schemas.types import DialogueLine, Embedding, Label


class Lines(TextAlgorithm):
    """One line per cue."""

    wants = TimedText(batch=2)

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        for cue in batch.cues:
            yield DialogueLine(
                start_ns=cue.start_ns,
                end_ns=cue.end_ns,
                line=cue.number,
                text=cue.text,
                language=batch.language,
                asset=batch.asset,
            )


class Both(Lines):
    """A line and a label per cue."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        for line in super().predict(batch):
            yield line
            yield Label(start_ns=line.start_ns, end_ns=line.end_ns, label="loud")  # type: ignore[attr-defined] # a line


class Loud(RecordAlgorithm):
    """A label for each line, over the lines of an earlier pass."""

    wants = Records(schema="DialogueLine")

    def predict(self, batch: RecordBatch, /) -> Iterator[Record]:
        for span in batch.spans:
            yield Label(label="loud", **span)


class Unmade(Lines):
    """Cannot even be made."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.parameter("missing")


class Unstarted(Lines):
    """Raises at the start."""

    def start(self, title: TitleFacts) -> Iterable[Record]:
        raise RuntimeError(title.title)


class Torn(Lines):
    """Raises after its first record."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        yield from super().predict(batch)
        raise ZeroDivisionError("torn")


class Leaving(Lines):
    """Ends the program."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        del batch
        sys.exit(0)
        yield from ()


class Unfinished(Lines):
    """Raises at the end."""

    def finish(self) -> Iterable[Record]:
        raise ValueError("unfinished")


class Stranger(Lines):
    """Yields what its manifest does not produce."""

    def finish(self) -> Iterable[Record]:
        return [Label(start_ns=0, end_ns=1, label="stranger")]


class Overflowing(Lines):
    """Yields a number that no column can hold, when all else is done."""

    def finish(self) -> Iterable[Record]:
        return [DialogueLine(start_ns=2**70, end_ns=2**71, line=9, text="late")]


class Flat(Lines):
    """Yields a vector though it has no model."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        del batch
        yield Embedding(start_ns=0, end_ns=1, vector=[1.0])


class Late(Lines):
    """Yields lines past the end only."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        for line in super().predict(batch):
            yield line.model_copy(update={"start_ns": 10**15, "end_ns": 10**15 + 1})


class Silent(Lines):
    """Yields nothing."""

    def predict(self, batch: CueBatch, /) -> Iterator[Record]:
        del batch
        yield from ()


def known(
    name: str, consumes: Sequence[str] = ("text",), produces: Sequence[str] = ("DialogueLine",)
) -> Known:
    """Return the algorithm of this module whose class has that name."""
    manifest = Manifest.model_validate(
        {
            "name": name.lower(),
            "version": "1.0.0",
            "summary": "for a test",
            "consumes": consumes,
            "produces": produces,
            "class": f"algorithms:{name}",
        }
    )
    return Known(manifest, "runs", Path(__file__).parent)


LOUD = known("Loud", ["DialogueLine"], ["Label"])


def catalogue(*names: str) -> AlgorithmCatalogue:
    """Return a catalogue of classes of this module and `loud` over their lines."""
    return AlgorithmCatalogue([*map(known, names), LOUD])
