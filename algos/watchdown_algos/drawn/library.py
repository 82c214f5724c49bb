"""Draws the demo's library: six films with subtitles, and `truth.json`, which says what is where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from watchdown_algos.drawn.film import Film
from watchdown_algos.drawn.script import scripts
from watchdown_algos.drawn.write import write_film, write_srt, write_whole

TRUTH: Final = "truth.json"


def draw_library(folder: Path, progress: Callable[[str], object] | None = None) -> dict[str, Any]:
    """Draw the six films that are not there yet and return the truth about all of them.

    Args:
        folder: Where `NAME.mp4`, `NAME.LANGUAGE.srt` and `truth.json` go; made if it is missing.
        progress: Called with the name of each film when it lies there.

    Returns:
        `shots`: title, start_ns, end_ns, object, colour, scene; `lines`: title, start_ns, end_ns,
        language, text. The title is the film's name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    films = []
    for script in scripts():
        film = script.film()
        for language in film.languages:
            subtitles = folder / f"{film.name}.{language}.srt"
            if not subtitles.exists():
                write_srt((line for line in film.lines if line.language == language), subtitles)
        video = folder / f"{film.name}.mp4"
        if not video.exists():
            write_film(film, video, sound=script.sound)
        films.append(film)
        if progress:
            progress(film.name)
    truth = truth_of(films)
    if not (folder / TRUTH).exists():
        write_whole(json.dumps(truth, ensure_ascii=False, indent=1), folder / TRUTH)
    return truth


def truth_of(films: list[Film]) -> dict[str, Any]:
    """Return what is to be seen and heard in the films, as `truth.json` holds it."""
    shots = [
        {
            "title": film.name,
            "start_ns": shot.start_ns,
            "end_ns": shot.end_ns,
            "object": shot.picture.object,
            "colour": shot.picture.colour,
            "scene": shot.picture.scene,
        }
        for film in films
        for shot in film.shots
    ]
    lines = [
        {
            "title": film.name,
            "start_ns": line.start_ns,
            "end_ns": line.end_ns,
            "language": line.language,
            "text": line.text,
        }
        for film in films
        for line in film.lines
    ]
    return {"shots": shots, "lines": lines}
