import random
import time
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.pairing import random_pairs
from mpd_builder.records import Pair

SIZES = st.integers(1, 7)


def ids(prefix, n):
    return [f"{prefix}_{i:04d}" for i in range(n)]


def spread(pairs, among, name):
    counts = Counter(dict.fromkeys(among, 0))
    counts.update(getattr(pair, name) for pair in pairs)
    return max(counts.values()) - min(counts.values())


def test_a_pair_carries_the_ids_it_is_made_of():
    [pair] = random_pairs(["p_1"], ["c_1_00"], count=1, seed=1)
    assert pair == Pair("p_1.c_1_00", "p_1", "c_1_00")


@given(SIZES, SIZES, st.booleans(), st.data())
def test_pairs_are_distinct_known_and_never_excluded(n_paintings, n_clips, balance, data):
    paintings, clips = ids("p", n_paintings), ids("c", n_clips)
    grid = [(painting, clip) for painting in paintings for clip in clips]
    exclude = data.draw(st.sets(st.sampled_from(grid)))
    count = data.draw(st.integers(0, len(grid) - len(exclude)))
    seed = data.draw(st.integers(0, 9))
    pairs = random_pairs(paintings, clips, count=count, seed=seed, balance=balance, exclude=exclude)
    drawn = {(pair.painting_id, pair.clip_id) for pair in pairs}
    assert len(drawn) == len(pairs) == count
    assert drawn <= set(grid) - exclude


@given(SIZES, SIZES, st.data())
def test_balanced_pairs_use_everything_equally_often_to_within_one(n_paintings, n_clips, data):
    paintings, clips = ids("p", n_paintings), ids("c", n_clips)
    count = data.draw(st.integers(0, n_paintings * n_clips))
    pairs = random_pairs(paintings, clips, count=count, seed=data.draw(st.integers(0, 99)), balance=True)
    assert spread(pairs, paintings, "painting_id") <= 1
    assert spread(pairs, clips, "clip_id") <= 1


@pytest.mark.parametrize(("n_paintings", "n_clips"), [(2, 2), (3, 3), (4, 4), (5, 3), (6, 6), (2, 9), (13, 11)])
def test_balance_holds_for_every_count_of_a_small_grid(n_paintings, n_clips):
    paintings, clips = ids("p", n_paintings), ids("c", n_clips)
    for count in range(n_paintings * n_clips + 1):
        for seed in range(5):
            pairs = random_pairs(paintings, clips, count=count, seed=seed, balance=True)
            assert len({pair.id for pair in pairs}) == count
            assert spread(pairs, paintings, "painting_id") <= 1
            assert spread(pairs, clips, "clip_id") <= 1


def test_balanced_batches_stay_even_together():
    paintings, clips = ids("p", 30), ids("c", 20)
    pairs: list[Pair] = []
    for size in (17, 60, 101, 222, 200):
        known = [(pair.painting_id, pair.clip_id) for pair in pairs]
        pairs += random_pairs(paintings, clips, count=size, seed=5, balance=True, exclude=known)
        assert spread(pairs, paintings, "painting_id") <= 1
        assert spread(pairs, clips, "clip_id") <= 1
    assert len({pair.id for pair in pairs}) == 600


def test_balance_makes_up_for_what_was_uneven_before():
    paintings, clips = ids("p", 10), ids("c", 10)
    known = [(paintings[0], clip) for clip in clips[:6]]
    pairs = random_pairs(paintings, clips, count=54, seed=2, balance=True, exclude=known)
    counts = Counter(pair.painting_id for pair in pairs)
    assert counts[paintings[0]] == 0
    assert set(counts.values()) == {6}


@pytest.mark.parametrize("size", [4, 6, 9])
def test_an_even_choice_is_found_even_where_there_are_only_two(size):
    """The free cells form one ring, two in each row and column: only every other one of them makes an even choice."""
    paintings, clips = ids("p", size), ids("c", size)
    ring = {(paintings[i], clips[(i + step) % size]) for i in range(size) for step in (0, 1)}
    exclude = {(painting, clip) for painting in paintings for clip in clips} - ring
    for seed in range(20):
        pairs = random_pairs(paintings, clips, count=size, seed=seed, balance=True, exclude=exclude)
        assert len({pair.painting_id for pair in pairs}) == len({pair.clip_id for pair in pairs}) == size


def test_exclusions_that_allow_no_balance_still_give_the_pairs_there_are():
    paintings, clips = ids("p", 3), ids("c", 3)
    exclude = [(painting, clip) for painting in paintings[:2] for clip in clips[:2]]
    pairs = random_pairs(paintings, clips, count=5, seed=1, balance=True, exclude=exclude)
    assert len({pair.id for pair in pairs}) == 5


@pytest.mark.parametrize("balance", [False, True])
def test_every_cell_is_equally_likely(balance):
    paintings, clips = ids("p", 4), ids("c", 5)
    n_draws, count = 2000, 7
    seen: Counter[str] = Counter()
    for seed in range(n_draws):
        seen.update(pair.id for pair in random_pairs(paintings, clips, count=count, seed=seed, balance=balance))
    expected = n_draws * count / 20
    assert len(seen) == 20
    assert all(abs(times - expected) < 5 * np.sqrt(expected) for times in seen.values())


@pytest.mark.parametrize("balance", [False, True])
def test_the_order_of_the_ids_does_not_matter_and_the_seed_does(balance):
    paintings, clips = ids("p", 40), ids("c", 30)
    pairs = random_pairs(paintings, clips, count=100, seed=3, balance=balance)
    exclude = [(pair.painting_id, pair.clip_id) for pair in pairs[:50]]
    for items in (paintings, clips, exclude):
        random.Random(1).shuffle(items)
    assert random_pairs(paintings, clips, count=100, seed=3, balance=balance) == pairs
    assert random_pairs(paintings, clips, count=100, seed=4, balance=balance) != pairs
    once = random_pairs(paintings, clips, count=90, seed=3, balance=balance, exclude=exclude)
    assert random_pairs(paintings, clips, count=90, seed=3, balance=balance, exclude=exclude[::-1]) == once


def test_exclusions_of_unknown_items_are_ignored():
    with_strangers = random_pairs(["p"], ["c", "d"], count=2, seed=1, exclude=[("p", "gone"), ("gone", "c")])
    assert with_strangers == random_pairs(["p"], ["c", "d"], count=2, seed=1)


def test_more_pairs_than_there_are_is_an_error_in_words():
    with pytest.raises(
        ValueError, match=r"7 pairs asked for, but only 5 are left: 2 paintings x 3 clips make 6 pairs, 1"
    ):
        random_pairs(["p", "q"], ["c", "d", "e"], count=7, seed=1, exclude=[("p", "c")])
    with pytest.raises(ValueError, match="1 pairs asked for, but only 0 are left"):
        random_pairs([], ["c"], count=1, seed=1)


def test_a_negative_count_is_an_error():
    with pytest.raises(ValueError, match="cannot be negative"):
        random_pairs(["p"], ["c"], count=-1, seed=1)


def test_an_id_that_is_listed_twice_is_an_error():
    with pytest.raises(ValueError, match="the clip c is listed twice"):
        random_pairs(["p"], ["c", "d", "c"], count=1, seed=1)


@pytest.mark.parametrize("balance", [False, True])
def test_the_papers_pairing_takes_little_time_and_memory(balance):
    """50,000 of 11,085 x 6,127 pairs; the matrix itself would need 67 MB even at one byte a cell."""
    paintings, clips = ids("p", 11_085), ids("c", 6_127)
    tracemalloc.start()
    started = time.process_time()
    pairs = random_pairs(paintings, clips, count=50_000, seed=1, balance=balance)
    seconds = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len({pair.id for pair in pairs}) == 50_000
    assert peak < 45e6
    assert seconds < 10
    if balance:
        assert spread(pairs, paintings, "painting_id") == 1
        assert spread(pairs, clips, "clip_id") == 1


@pytest.mark.parametrize("balance", [False, True])
@pytest.mark.parametrize("missing", [0, 3, 20_000])
def test_nearly_all_pairs_are_as_easy_as_few(balance, missing):
    paintings, clips = ids("p", 200), ids("c", 200)
    pairs = random_pairs(paintings, clips, count=40_000 - missing, seed=1, balance=balance)
    assert len({pair.id for pair in pairs}) == 40_000 - missing
    if balance:
        assert spread(pairs, paintings, "painting_id") <= 1
        assert spread(pairs, clips, "clip_id") <= 1
