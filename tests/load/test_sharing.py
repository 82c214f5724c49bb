"""How a limit is divided among backfills and their loaders, whatever they want."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchdown.load.sharing import Want, shares

RATES = st.floats(0, 1e6)
WANTS = st.builds(
    Want,
    amount=st.none() | RATES,
    backfill=st.none() | st.integers(1, 3),
    most=st.none() | RATES,
    urgent=st.booleans(),
)
WANTED = st.dictionaries(st.sampled_from("abcdefgh"), WANTS, min_size=1)
ABIT = 1e-6


def number(value: float | None) -> float:
    return inf if value is None else value


def divided(limit: float | None, wanted: Mapping[str, Want], reserve: float = 0.2) -> dict[str, float]:
    return {loader: number(share) for loader, share in shares(limit, wanted, reserve).items()}


def groups(wanted: Mapping[str, Want]) -> dict[object, list[str]]:
    found: dict[object, list[str]] = {}
    for loader, want in wanted.items():
        key = (loader if want.backfill is None else want.backfill, want.urgent)
        found.setdefault(key, []).append(loader)
    return found


def most(members: list[str], wanted: Mapping[str, Want]) -> float:
    return min(number(wanted[one].most) for one in members)


@given(limit=RATES, wanted=WANTED, reserve=st.floats(0, 1))
def test_all_of_the_limit_is_shared_and_no_more_than_backfills_may_have(
    limit: float, wanted: dict[str, Want], reserve: float
) -> None:
    found = divided(limit, wanted, reserve)
    caps = [most(members, wanted) for members in groups(wanted).values()]
    assert sum(found.values()) == pytest.approx(min(limit, sum(caps)), abs=1e-3)
    for members in groups(wanted).values():
        assert sum(found[one] for one in members) <= most(members, wanted) * (1 + ABIT) + ABIT


@given(limit=st.floats(1, 1e6), wanted=WANTED, reserve=st.floats(0, 0.9))
def test_nobody_starves_beside_those_who_want_more(
    limit: float, wanted: dict[str, Want], reserve: float
) -> None:
    found, parts = divided(limit, wanted, reserve), groups(wanted)
    for members in parts.values():
        fair = limit * (1 - reserve) / len(parts)
        wants = min(most(members, wanted), sum(number(wanted[one].amount) for one in members))
        given_to = sum(found[one] for one in members)
        assert given_to >= min(fair, wants) * (1 - ABIT) - ABIT
        for one in members:
            assert found[one] >= min(given_to / len(members), number(wanted[one].amount)) * (1 - ABIT) - ABIT


@given(limit=RATES, wanted=WANTED, reserve=st.floats(0, 1))
def test_the_urgent_get_their_reserve_if_they_want_it(
    limit: float, wanted: dict[str, Want], reserve: float
) -> None:
    found = divided(limit, wanted, reserve)
    urgent = [members for members in groups(wanted).values() if wanted[members[0]].urgent]
    wants = sum(
        min(most(members, wanted), sum(number(wanted[one].amount) for one in members)) for members in urgent
    )
    given_to = sum(found[one] for members in urgent for one in members)
    assert given_to >= min(reserve * limit, wants) * (1 - ABIT) - ABIT


@given(wanted=WANTED)
def test_without_a_limit_only_backfills_that_have_one_are_held_back(wanted: dict[str, Want]) -> None:
    found = divided(None, wanted)
    for members in groups(wanted).values():
        assert sum(found[one] for one in members) == pytest.approx(most(members, wanted))


def test_backfills_share_first_and_then_their_loaders() -> None:
    one, other = Want(backfill=1), Want(backfill=2)
    found = divided(900.0, {"a": one, "b": one, "c": one, "d": other, "e": Want()})
    assert found == {"a": 100.0, "b": 100.0, "c": 100.0, "d": 300.0, "e": 300.0}


def test_one_urgent_loader_beside_nine_backfills_gets_the_reserve() -> None:
    many = {str(number): Want(backfill=number) for number in range(9)}
    found = divided(1000.0, many | {"now": Want(urgent=True)})
    assert found["now"] == 200.0
    assert found["0"] == pytest.approx(800 / 9)
    idle = divided(1000.0, many | {"now": Want(0.0, urgent=True)})
    assert idle["0"] == pytest.approx(1000 / 9)
