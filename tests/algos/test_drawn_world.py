"""The drawn world: frames and films are exactly what their truth says."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
import srt
from hypothesis import given, settings
from hypothesis import strategies as st
from scenedetect import SceneManager, open_video
from scenedetect.detectors import AdaptiveDetector

from watchdown_algos.drawn.batches import batch_of
from watchdown_algos.drawn.captions import Caption, caption
from watchdown_algos.drawn.film import Film, film_of
from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.held_out import (
    FIRST_UNSEEN_SEED,
    UNSEEN_COLOURS,
    UNSEEN_SCENES,
    any_picture,
    kind_of,
)
from watchdown_algos.drawn.library import draw_library, truth_of
from watchdown_algos.drawn.loose_captions import loose_caption
from watchdown_algos.drawn.objects import OBJECTS
from watchdown_algos.drawn.palette import COLOURS
from watchdown_algos.drawn.picture import SCENES, SIZES, TIMES, Picture
from watchdown_algos.drawn.script import scripts
from watchdown_algos.drawn.training_frames import training_frame
from watchdown_algos.drawn.write import write_film, write_srt
from watchdown_schemas.time import frame_at, frame_start

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RACE_CAR = Picture(object="race car", colour="red", scene="city", time="day", size="close")

pictures = st.builds(
    Picture,
    object=st.sampled_from(list(OBJECTS)),
    colour=st.sampled_from(list(COLOURS)),
    scene=st.sampled_from(SCENES),
    time=st.sampled_from(TIMES),
    size=st.sampled_from(SIZES),
    count=st.sampled_from((1, 2)),
)


@settings(deadline=None, max_examples=60)
@given(picture=pictures, seed=st.integers(0, 1 << 41))
def test_a_frame_depends_on_its_facts_and_seeds_alone(picture: Picture, seed: int) -> None:
    frame = draw(picture, seed)
    assert frame.mode == "RGB"
    assert frame.size == (64, 64)
    assert frame.tobytes() == draw(picture, seed).tobytes()
    moved = draw(picture, seed, jitter=7)
    assert moved.tobytes() == draw(picture, seed, jitter=7).tobytes()
    assert moved.tobytes() != frame.tobytes()


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_shows_its_colour(name: str) -> None:
    picture = Picture(object=name, colour="red", scene="snow", time="day", size="close")
    reds, blues = (
        sum(r > 150 and g < 90 and b < 90 for r, g, b in _pixels(replace(picture, colour=colour)))
        for colour in ("red", "blue")
    )
    assert reds > blues + 100


def _pixels(picture: Picture) -> list[tuple[int, int, int]]:
    raw = draw(picture, 11).tobytes()
    return list(zip(raw[::3], raw[1::3], raw[2::3], strict=True))


def test_a_picture_outside_the_world_is_refused() -> None:
    with pytest.raises(ValueError, match="'submarine' is not in the drawn world: car, race car"):
        replace(RACE_CAR, object="submarine")
    with pytest.raises(ValueError, match="3 is not in the drawn world: 1, 2"):
        replace(RACE_CAR, count=3)


def test_training_never_sees_what_is_held_out() -> None:
    assert len(UNSEEN_COLOURS) == 60
    assert len(UNSEEN_SCENES) == 25
    assert kind_of(RACE_CAR) == "unseen colour"
    dice = random.Random(3)
    for kind in ("seen", "unseen colour", "unseen scene"):
        assert all(kind_of(any_picture(dice, kind)) == kind for _ in range(50))


@settings(deadline=None, max_examples=200)
@given(
    shown=pictures,
    other=pictures,
    seed=st.integers(0, 1 << 30),
    describe=st.sampled_from((caption, loose_caption)),
)
def test_a_caption_claims_only_what_its_picture_shows(
    shown: Picture, other: Picture, seed: int, describe: Callable[[Picture, random.Random], Caption]
) -> None:
    said = describe(shown, random.Random(seed))
    assert said.text.isascii()
    assert said.claims
    assert said.holds_for(shown)
    differing = {field for field, value in said.claims if field != "group" and getattr(other, field) != value}
    if differing:
        assert not said.holds_for(other)


def test_training_batches_show_only_seen_pairs() -> None:
    dice = random.Random(8)
    confusion = np.full((len(OBJECTS), len(OBJECTS)), 1 / len(OBJECTS), dtype=np.float32)
    for _ in range(20):
        assert {kind_of(picture) for picture in batch_of(dice, 40, confusion)} == {"seen"}
    assert training_frame(any_picture(dice), dice).size == (64, 64)


@pytest.mark.parametrize("rate", [Fraction(24), Fraction(24000, 1001), Fraction(25)])
def test_shots_lie_end_to_end_on_frames(rate: Fraction) -> None:
    film = film_of(4, shots=20, seconds=(0.5, 1.5), rate=rate)
    assert film.shots[0].start_ns == 0
    assert film.duration_ns == film.shots[-1].end_ns
    for shot, after in pairwise(film.shots):
        assert shot.end_ns == after.start_ns
        assert shot.end_ns == frame_start(frame_at(shot.end_ns, rate), rate)
        assert shot.picture.scene != after.picture.scene
    assert all(shot.seed >= FIRST_UNSEEN_SEED for shot in film.shots)
    assert film == film_of(4, shots=20, seconds=(0.5, 1.5), rate=rate)


@pytest.fixture(scope="module")
def film() -> Film:
    return film_of(17, shots=20, seconds=(0.8, 1.2))


@pytest.fixture(scope="module")
def video(film: Film, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "seventeen.mp4"
    write_film(film, path, sound=True)
    return path


def test_the_video_is_as_long_as_its_truth(film: Film, video: Path) -> None:
    with av.open(str(video)) as container:
        starts = [Fraction(frame.pts or 0) * (frame.time_base or 0) for frame in container.decode(video=0)]
        sound = container.streams.audio[0]
        assert sound.sample_rate == 16_000
    assert starts == [Fraction(number, 24) for number in range(frame_at(film.duration_ns, film.rate))]
    assert [file.name for file in video.parent.iterdir()] == ["seventeen.mp4"]


def test_a_shot_detector_finds_exactly_the_true_cuts(film: Film, video: Path) -> None:
    manager = SceneManager()
    manager.add_detector(AdaptiveDetector(adaptive_threshold=2.0, min_scene_len=5))
    manager.detect_scenes(open_video(str(video), backend="pyav"))
    found = [start.frame_num for start, _ in manager.get_scene_list()]
    assert found == [frame_at(shot.start_ns, film.rate) for shot in film.shots]


def test_subtitles_say_each_line_at_its_time(tmp_path: Path) -> None:
    film = next(script.film() for script in scripts() if "ja" in script.film().languages)
    for language in film.languages:
        lines = [line for line in film.lines if line.language == language]
        path = tmp_path / f"{language}.srt"
        write_srt(lines, path)
        cues = list(srt.parse(path.read_text(encoding="utf-8")))
        times = [
            (round(cue.start.total_seconds() * 1e9), round(cue.end.total_seconds() * 1e9)) for cue in cues
        ]
        assert times == [(line.start_ns, line.end_ns) for line in lines]
        assert [cue.content for cue in cues] == [line.text for line in lines]


def test_the_scripts_are_what_the_demo_promises() -> None:
    films = [script.film() for script in scripts()]
    truth = truth_of(films)
    assert len(films) == 6
    assert all(len(film.shots) == 12 and {"en", "es"} <= set(film.languages) for film in films)
    assert sum("ja" in film.languages for film in films) == 1
    assert sum(shot["colour"] == "red" and shot["object"] == "race car" for shot in truth["shots"]) == 2
    assert sum(kind_of(shot.picture) == "unseen colour" for film in films for shot in film.shots) > 20
    texts = [line["text"] for line in truth["lines"]]
    assert len(set(texts)) == len(texts)
    for film in films:
        for line in film.lines:
            assert any(shot.start_ns < line.start_ns < line.end_ns < shot.end_ns for shot in film.shots)


def test_finished_films_are_not_drawn_again(tmp_path: Path) -> None:
    names = [script.name for script in scripts()]
    for name in names[1:]:
        (tmp_path / f"{name}.mp4").write_bytes(b"finished")
    told: list[str] = []
    truth = draw_library(tmp_path, told.append)
    assert told == names
    assert (tmp_path / f"{names[0]}.mp4").stat().st_size > 10_000
    written = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert len(written) == 6 + 13 + 1
    assert draw_library(tmp_path) == truth
    assert written == {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    assert all((tmp_path / f"{name}.mp4").read_bytes() == b"finished" for name in names[1:])
