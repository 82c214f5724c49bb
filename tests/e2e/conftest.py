"""The command line as a person calls it, and a small drawn library to call it on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.s3_for_now import s3_server
from watchdown.cli import main
from watchdown_algos.drawn.film import DrawnLine, Film, film_of
from watchdown_algos.drawn.write import write_film, write_srt

__all__ = ["s3_server"]

SECOND = 1_000_000_000
LINES = (
    DrawnLine(start_ns=SECOND // 2, end_ns=SECOND, language="en", text="The lantern in the harbour is out."),
    DrawnLine(start_ns=SECOND, end_ns=2 * SECOND, language="en", text="Nobody sails past the black rocks."),
    DrawnLine(start_ns=SECOND, end_ns=2 * SECOND, language="es", text="El farol del puerto está apagado."),
)


@dataclass(frozen=True)
class Said:
    """How a call of the program ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The error lines, each without its `error: `."""
        return [line.removeprefix("error: ") for line in self.err.splitlines() if line.startswith("error: ")]


Call = Callable[..., Said]


@dataclass(frozen=True)
class Shelf:
    """A library of two drawn films, `Harbour` with subtitles in two languages and `Meadow` without."""

    library: Path
    harbour: Film
    harbour_file: Path
    meadow_file: Path


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Call:
    """Give a function that calls `watchdown` with arguments."""

    def called(*arguments: object) -> Said:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        return Said(code, *capsys.readouterr())

    return called


@pytest.fixture(scope="session")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """Draw the films and add them."""
    folder = tmp_path_factory.mktemp("shelf")
    harbour = film_of(41, name="Harbour", shots=3, seconds=(0.9, 1.1))
    meadow = film_of(42, name="Meadow", shots=2, seconds=(0.9, 1.1))
    files = [folder / f"{film.name}.mp4" for film in (harbour, meadow)]
    for film, file in zip((harbour, meadow), files, strict=True):
        write_film(film, file)
    for language in ("en", "es"):
        spoken = (line for line in LINES if line.language == language)
        write_srt(spoken, folder / f"Harbour.{language}.srt")
    assert main(["add", *map(str, files), "--library", str(folder / "library"), "--json"]) == 0
    return Shelf(folder / "library", harbour, *files)
