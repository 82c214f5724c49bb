"""The assets of a title, made from its files: the media, text tracks inside it, and side-cars beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from watchdown.catalogue.model import Asset
from watchdown.media.facts import MediaFacts
from watchdown.media.fingerprint import fingerprint
from watchdown.media.place import Place, beside
from watchdown.media.subtitle_packets import TEXT_CODECS
from watchdown.media.timed_text import read_side_car
from watchdown_schemas.errors import MediaInvalid, MediaUnreadable
from watchdown_schemas.ids import short_hash
from watchdown_schemas.text import normalise_language

SIDE_CARS = (".srt", ".vtt")


@dataclass(frozen=True, slots=True)
class Subtitles:
    """A side-car file and its language, where the person said it."""

    place: Place
    language: str | None = None


def where(place: Place) -> str:
    """Return the absolute path of a file, or the address of an object."""
    return str(place.resolve() if isinstance(place, Path) else place)


def kept_path(place: Place) -> str:
    """Return the path or address of a file, as the database can keep it."""
    absolute = where(place)
    try:
        absolute.encode()
    except UnicodeEncodeError:
        raise MediaUnreadable(absolute, "its name is no Unicode text", "Rename it.") from None
    return absolute


def side_cars(media: Place) -> list[Subtitles]:
    """Return the subtitle files that lie beside a media file: film.srt, film.es.srt for film.mp4.

    Where film.2.mp4 lies there too, film.2.srt is left to it.
    """
    near = beside(media)
    films = sorted((other.stem for other in near if other.suffix == media.suffix), key=len)

    def film(stem: str) -> str | None:
        return next((film for film in reversed(films) if f"{stem}.".startswith(f"{film}.")), None)

    return [
        Subtitles(other)
        for other in near
        if other.suffix.lower() in SIDE_CARS and film(other.stem) == media.stem
    ]


def media_asset(title: str, timeline: str, place: Place, content: str, facts: MediaFacts) -> Asset:
    """Return the asset of the media file itself."""
    return Asset(
        id=short_hash("asset", title, content)[:12],
        title=title,
        timeline=timeline,
        kind="video" if facts.video else "audio",
        path=kept_path(place),
        fingerprint=content,
        facts=facts.to_json(),
    )


def embedded(media: Asset, facts: MediaFacts) -> list[Asset]:
    """Return an asset for each subtitle track inside the media file."""
    return [
        Asset(
            id=short_hash("asset", media.title, media.fingerprint, track.index)[:12],
            title=media.title,
            timeline=media.timeline,
            kind="text",
            path=media.path,
            fingerprint=f"{media.fingerprint}#{track.index}",
            language=_tagged(track.language),
            facts={"stream": track.index, "zero_ns": facts.zero_ns},
        )
        for track in facts.text
        if track.codec in TEXT_CODECS  # the others are pictures of text
    ]


def _tagged(language: str) -> str:
    """Return a container's language tag, `und` where it is none."""
    try:
        return normalise_language(language)
    except ValueError:
        return "und"


def side_car(media: Asset, subtitle: Subtitles) -> Asset:
    """Return the asset of a subtitle file; it has the same id whatever its language is said to be."""
    track = read_side_car(subtitle.place)
    content = fingerprint(subtitle.place)
    origin = kept_path(subtitle.place)
    try:
        language = normalise_language(subtitle.language or track.language or "und")
    except ValueError as error:
        raise MediaInvalid(str(subtitle.place), str(error), "Give a tag such as en or pt-BR.") from error
    return Asset(
        id=short_hash("asset", media.title, content)[:12],
        title=media.title,
        timeline=media.timeline,
        kind="text",
        path=origin,
        fingerprint=content,
        language=language,
        facts={"format": track.format, "origin": origin},
    )
