from __future__ import annotations

from fractions import Fraction

from watchdown_algos.contract import Context, TitleFacts
from watchdown_algos.dialogue.algo import Dialogue
from watchdown_algos.wants import Cue, CueBatch
from watchdown_schemas.types import DialogueLine

SECOND = 1_000_000_000
TITLE = TitleFacts(title="t", timeline="t.1", asset="v", duration_ns=10 * SECOND, rate=Fraction(25))


def cue(number: int, start: int, end: int, text: str = "Hello.", speaker: str | None = None) -> Cue:
    return Cue(number, start * SECOND, end * SECOND, text, f"<i>{text}</i>", speaker)


def lines(*batches: CueBatch) -> list[DialogueLine]:
    algorithm = Dialogue(Context())
    assert list(algorithm.start(TITLE)) == []
    found = [line for batch in batches for line in algorithm.predict(batch)]
    assert list(algorithm.finish()) == []
    return found


def test_a_cue_becomes_a_line_with_all_that_the_file_said() -> None:
    line = lines(CueBatch("subs", "en", [cue(1, 2, 4, "Pull the curtain!", "Ann")]))[0]
    assert (line.asset, line.language, line.speaker) == ("subs", "en", "Ann")
    assert (line.start_ns, line.end_ns) == (2 * SECOND, 4 * SECOND)
    assert (line.text, line.raw, line.kind) == ("Pull the curtain!", "<i>Pull the curtain!</i>", "dialogue")


def test_lines_are_counted_per_track_across_batches() -> None:
    found = lines(
        CueBatch("a", "en", [cue(0, 0, 1), cue(0, 1, 2)]),
        CueBatch("b", "es", [cue(0, 0, 1)]),
        CueBatch("a", "en", [cue(0, 2, 3)]),
    )
    assert [(line.asset, line.line) for line in found] == [("a", 0), ("a", 1), ("b", 0), ("a", 2)]


def test_two_lines_of_one_moment_both_stay() -> None:
    found = lines(CueBatch("a", "en", [cue(1, 1, 2, "One.", "Ann"), cue(1, 1, 2, "Two.", "Bob")]))
    assert [(line.line, line.text) for line in found] == [(0, "One."), (1, "Two.")]


def test_a_line_that_crosses_the_end_is_clipped_and_one_past_it_is_left_for_validation() -> None:
    found = lines(CueBatch("a", "en", [cue(1, 9, 11), cue(2, 8, 10), cue(3, 10, 12), cue(4, 11, 12)]))
    ends = [(line.start_ns // SECOND, line.end_ns // SECOND) for line in found]
    assert ends == [(9, 10), (8, 10), (10, 12), (11, 12)]


def test_a_title_without_cues_has_no_lines() -> None:
    assert lines() == []
    assert lines(CueBatch("a", "en", [])) == []
