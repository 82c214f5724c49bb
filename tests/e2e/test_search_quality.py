"""How well search finds on 600 drawn shots after video encoding, held-out seeds and colour-object pairs."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import watchdown
from watchdown.client import Library
from watchdown.search.hit import Hit
from watchdown_algos.drawn.film import DrawnShot, film_of
from watchdown_algos.drawn.frame import draw
from watchdown_algos.drawn.held_out import UNSEEN_COLOURS
from watchdown_algos.drawn.write import write_film

FILMS, SHOTS, SECONDS = 20, 30, (1.5, 1.5)
REVERSE_EVERY = 3


@dataclass(frozen=True)
class Drawn:
    """A library and, by title name, the shots that were drawn."""

    library: Library
    shots: dict[str, tuple[DrawnShot, ...]]

    def shot_of(self, hit: Hit) -> DrawnShot:
        """Return the drawn shot in which a hit's matching frame lies."""
        frame = hit.evidence["frame_ns"]
        return next(shot for shot in self.shots[hit.title_name] if shot.start_ns <= frame < shot.end_ns)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drawn]:
    """Draw, encode and add the films."""
    folder = tmp_path_factory.mktemp("quality")
    shots = {}
    paths: list[Path] = []
    for number in range(FILMS):
        film = film_of(9_000 + number, name=f"film-{number:02}", shots=SHOTS, seconds=SECONDS)
        path = folder / f"{film.name}.mp4"
        write_film(film, path)
        paths.append(path)
        shots[film.name] = film.shots
    with watchdown.open(folder / "library", create=True) as library:
        added = library.add(*paths)
        assert [one.outcome for one in added] == ["added"] * FILMS
        yield Drawn(library, shots)


def phrase(name: str, colour: str) -> str:
    """Say what a person would type."""
    forms = {"person": f"a person wearing {colour}", "runner": f"a runner in {colour}"}
    return forms.get(name, f"a {colour} {name}")


def test_every_cut_is_found_and_none_invented(drawn: Drawn) -> None:
    true = found = right = 0
    for name, shots in drawn.shots.items():
        ranges = next(c.ranges for c in drawn.library.show(name).coverage if c.schema_type == "Shot")
        cuts, expected = {start for start, _ in ranges}, {shot.start_ns for shot in shots}
        true, found, right = true + len(expected), found + len(cuts), right + len(cuts & expected)
    assert true == FILMS * SHOTS
    assert 2 * right / (true + found) >= 0.98


@pytest.mark.feature(41)
def test_pairs_never_trained_are_found_by_description(drawn: Drawn) -> None:
    there = {(s.picture.object, s.picture.colour) for shots in drawn.shots.values() for s in shots}
    pairs = sorted(UNSEEN_COLOURS & there)
    first = ten = 0
    for pair in pairs:
        hits = drawn.library.search(phrase(*pair), limit=10)
        right = [(s.picture.object, s.picture.colour) == pair for s in map(drawn.shot_of, hits)]
        first, ten = first + right[0], ten + any(right)
    assert len(pairs) >= 50
    assert ten / len(pairs) >= 0.95
    assert first / len(pairs) >= 0.8


@pytest.mark.feature(42)
def test_a_later_moment_of_a_shot_finds_that_shot(drawn: Drawn) -> None:
    right = asked = 0
    for shots in drawn.shots.values():
        for shot in shots[::REVERSE_EVERY]:
            picture = io.BytesIO()
            draw(shot.picture, shot.seed, out=320, supersample=1, jitter=asked).save(picture, "PNG")
            (hit,) = drawn.library.search(image=picture.getvalue(), limit=1)
            right += drawn.shot_of(hit) == shot
            asked += 1
    assert asked == FILMS * SHOTS / REVERSE_EVERY
    assert right / asked >= 0.95


@pytest.mark.feature(43)
def test_a_shot_is_most_like_itself(drawn: Drawn) -> None:
    for hit in drawn.library.search("a red race car", limit=20):
        (again, *others) = drawn.library.search(shot=hit.id, limit=5)
        assert again.id == hit.id
        assert again.score == pytest.approx(1.0, abs=1e-4)
        assert all(other.score <= again.score for other in others)
