"""From what a subtitle says to clean cues: mark-up off, speakers and sounds told apart."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from watchdown_algos.wants import Cue

DIALOGUE: Final = "dialogue"
SOUND: Final = "sound"

_TAG: Final = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z]\w*|[\d:.]{5,}|(?<=/))(?P<rest>[^<>]*)>")
_CLASSES: Final = re.compile(r"^\S+")
_OVERRIDE: Final = re.compile(r"\{\\[^{}]*\}")
_SPEAKER_CHANGE: Final = re.compile("(?:>>+|[-\u2010\u2013\u2014](?![-\u2010\u2013\u2014\\d]))\\s*")
_NAME: Final = re.compile(
    r"(?:\((?P<round>[^()]{1,40})\)|\[(?P<square>[^\[\]]{1,40})\]|(?P<plain>[^\W\d_][^:]{1,39})):(?:\s+|$)"
)
_SOUND: Final = re.compile(r"(?:[♩♪♫♬\s]|\[[^\[\]]*\]|\([^()]*\)|\uff08[^\uff08\uff09]*\uff09)+")


def clean_cues(
    number: int, start_ns: int, end_ns: int, raw: str, *, kind: str = DIALOGUE, speaker: str | None = None
) -> list[Cue]:
    """Return a subtitle as cues of the same time and number, one for each change of speaker.

    Speakers come from `speaker`, from `<v Name>`, or from "NAME:" before the words; a leading dash or ">>"
    begins another, unnamed one. Brackets around all of it make it a sound. Empty when nothing is said.
    Other kinds than dialogue are only cleaned.
    """
    if kind != DIALOGUE:
        text = " ".join(line for _, lines in _voices(raw) for line in lines)
        return [Cue(number, start_ns, end_ns, text, raw, speaker, kind)] if text else []
    return [
        Cue(number, start_ns, end_ns, text, raw, name, SOUND if _SOUND.fullmatch(text) else DIALOGUE)
        for voice, lines in _voices(raw)
        for name, text in _turns(lines, voice or speaker)
        if text
    ]


def _voices(raw: str) -> Iterator[tuple[str | None, list[str]]]:
    """Yield who speaks by `<v Name>`, and the clean lines, of each stretch of a subtitle."""
    voice: str | None = None
    text, position, is_reading_aid = "", 0, False
    for tag in _TAG.finditer(raw):
        text += "" if is_reading_aid else raw[position : tag.start()]
        position, name = tag.end(), tag["name"].lower()
        if name == "v":
            yield voice, _lines(text)
            annotation = _one_line(_CLASSES.sub("", tag["rest"]))
            voice, text = None if tag["end"] else annotation or None, ""
        elif name in {"ruby", "rt"}:
            is_reading_aid = name == "rt" and not tag["end"]
    yield voice, _lines(text + ("" if is_reading_aid else raw[position:]))


def _lines(text: str) -> list[str]:
    lines = map(_one_line, _OVERRIDE.sub("", text).split("\n"))
    return [line for line in lines if line]


def _one_line(text: str) -> str:
    return " ".join(html.unescape(text).split())


def _turns(lines: list[str], speaker: str | None) -> Iterator[tuple[str | None, str]]:
    """Yield speaker and words of each turn; a known speaker has all the lines."""
    if speaker is not None:
        yield speaker, " ".join(lines)
        return
    name: str | None = None
    words: list[str] = []
    for line in lines:
        dash = _SPEAKER_CHANGE.match(line)
        rest = line[dash.end() :] if dash else line
        new_name, rest = _split_name(rest)
        if dash or new_name:
            yield name, " ".join(words)
            name, words = new_name, []
        words.append(rest)
    yield name, " ".join(words).strip()


def _split_name(line: str) -> tuple[str | None, str]:
    """Return the speaker and the rest of a line such as "NAR: Once upon a time"."""
    match = _NAME.match(line)
    if match is None or (match["plain"] and not match["plain"].isupper()):
        return None, line
    return (match["round"] or match["square"] or match["plain"]).strip(), line[match.end() :]
