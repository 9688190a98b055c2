"""When repeats fall due: the share holds, nothing is rhythmic, and the same question has the same answer."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from annotation_site.scoring.schedule import chosen, due_after

seeds = st.integers(0, 2**31 - 1)


def _due(seed: int, number: int, since: int, percent: int, distance: int = 50) -> int:
    return due_after(seed=seed, campaign=7, number=number, since=since, percent=percent, distance=distance)


def _given(seed: int, percent: int, ratings: int) -> list[int]:
    """After how many ratings each repeat comes in a session of so many."""
    found: list[int] = []
    while (due := _due(seed, len(found), found[-1] if found else 0, percent)) <= ratings:
        found.append(due)
    return found


@given(seed=seeds, percent=st.integers(1, 50))
def test_the_share_holds_over_a_long_session(seed: int, percent: int) -> None:
    ratings = 50 + 60 * (100 - percent) // percent  # about 60 repeats after the first 50 ratings
    repeats = len(_given(seed, percent, ratings))
    share = repeats / (ratings - 50 + repeats)
    assert abs(share - percent / 100) < 0.15 * percent / 100


@given(seed=seeds, percent=st.integers(1, 50), distance=st.integers(10, 500))
def test_none_falls_due_before_a_pair_is_old_enough(seed: int, percent: int, distance: int) -> None:
    first = _due(seed, 0, 0, percent, distance)
    assert distance < first <= distance + 1 + (100 - percent) / percent


@given(seed=seeds, number=st.integers(1, 500), percent=st.integers(1, 50))
def test_between_two_lies_half_to_one_and_a_half_times_the_mean(seed: int, number: int, percent: int) -> None:
    mean, between = (100 - percent) / percent, _due(seed, number, 1000, percent) - 1000
    assert max(1, int(0.5 * mean)) <= between <= 1.5 * mean + 1


def test_there_is_no_rhythm_and_raters_differ() -> None:
    sessions = [_given(seed, 5, 1000) for seed in range(20)]
    for repeats in sessions:
        assert len({late - early for early, late in itertools.pairwise(repeats)}) > 5
    assert len({tuple(repeats) for repeats in sessions}) == 20


@given(seed=seeds, number=st.integers(0, 500), count=st.integers(1, 500))
def test_one_of_the_pairs_is_chosen_always_the_same(seed: int, number: int, count: int) -> None:
    index = chosen(seed=seed, campaign=7, number=number, count=count)
    assert 0 <= index < count
    assert index == chosen(seed=seed, campaign=7, number=number, count=count)


def test_each_pair_is_as_likely() -> None:
    drawn = [chosen(seed=3, campaign=7, number=number, count=10) for number in range(2000)]
    assert all(150 < drawn.count(index) < 250 for index in range(10))
