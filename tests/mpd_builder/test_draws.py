import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.draws import Stream, water_fill


def test_the_stream_is_the_same_on_every_machine_and_numpy():
    """Pinned values: whoever changes them changes every pairing and every task that a seed stands for."""
    assert Stream(7, "pairs").below(1000, 6).tolist() == [988, 231, 544, 629, 354, 377]
    assert Stream(7, "pairs").order(6).tolist() == [1, 4, 5, 2, 3, 0]
    assert Stream(7, "bootstrap").multiplicities(6, 2).tolist() == [[2, 2, 0, 0, 1, 1], [0, 0, 2, 0, 1, 3]]
    assert Stream(7, "pairs").distinct(67_917_795, 4).tolist() == [30298867, 46494356, 49435595, 28308403]


def test_another_seed_or_label_gives_another_stream():
    streams = [Stream(1), Stream(2), Stream(1, "a"), Stream(1, "b"), Stream(1, "a", "b")]
    assert len({tuple(stream.below(10**9, 4).tolist()) for stream in streams}) == len(streams)


@pytest.mark.parametrize("bound", [1, 2, 3, 5, 64, 100])
def test_numbers_below_a_bound_are_uniform(bound):
    counts = np.bincount(Stream(3).below(bound, 200 * bound), minlength=bound)
    assert len(counts) == bound
    chi_square = float(((counts - 200) ** 2 / 200).sum())
    assert chi_square < bound + 5 * np.sqrt(2 * bound)


def test_there_is_nothing_below_zero():
    with pytest.raises(ValueError, match="nothing to draw from"):
        Stream(1).below(0, 1)


@given(st.integers(0, 60), st.data())
def test_distinct_numbers_avoid_what_is_taken(bound, data):
    taken = np.array(sorted(data.draw(st.sets(st.integers(0, bound - 1)))) if bound else [], dtype=np.int64)
    count = data.draw(st.integers(0, bound - len(taken)))
    drawn = Stream(data.draw(st.integers(0, 5))).distinct(bound, count, taken=taken).tolist()
    assert len(set(drawn)) == len(drawn) == count
    assert set(drawn) <= set(range(bound)) - set(taken.tolist())


def test_more_distinct_numbers_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="3 different numbers asked for, 2 are free"):
        Stream(1).distinct(3, 3, taken=np.array([1]))


@pytest.mark.parametrize("count", [2, 4])
def test_every_set_of_distinct_numbers_is_equally_likely(count):
    """Of {0, 2, 3, 4, 6} there are 10 sets of two, and five of four: both ways of drawing (few, and all but few)."""
    n_draws = 4000
    sets: dict[tuple[int, ...], int] = {}
    for seed in range(n_draws):
        key = tuple(sorted(Stream(seed).distinct(7, count, taken=np.array([1, 5])).tolist()))
        sets[key] = sets.get(key, 0) + 1
    expected = n_draws / len(sets)
    assert len(sets) == {2: 10, 4: 5}[count]
    assert sum((seen - expected) ** 2 / expected for seen in sets.values()) < 30


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), st.data())
def test_water_fill_shares_everything_out_and_evenly(cells, data):
    levels, room = (np.array(column, dtype=np.int64) for column in zip(*cells, strict=True))
    total = data.draw(st.integers(0, int(room.sum())))
    shares = water_fill(levels, room, total, order=Stream(1).order(len(levels)))
    assert shares.sum() == total
    assert ((shares >= 0) & (shares <= room)).all()
    raised, can_rise = (levels + shares)[shares > 0], (levels + shares)[shares < room]
    if len(raised) and len(can_rise):
        assert raised.max() <= can_rise.min() + 1


def test_water_needs_room():
    with pytest.raises(ValueError, match="5 to share out, but there is room for 4"):
        water_fill(np.array([0, 0]), np.array([1, 3]), 5, order=np.array([0, 1]))


def test_a_resample_holds_as_many_things_as_there_are_each_equally_often():
    times = Stream(5, "bootstrap").multiplicities(40, 20_000)
    assert times.shape == (20_000, 40)
    assert (times.sum(axis=1) == 40).all()
    # A thing occurs 40 * (1 / 40) = 1 time on average, with a variance of 39 / 40: over 20,000 samples +- 0.007.
    assert times.mean(axis=0) == pytest.approx(np.ones(40), abs=0.03)
    assert times.var() == pytest.approx(39 / 40, abs=0.01)
    assert np.array_equal(times, Stream(5, "bootstrap").multiplicities(40, 20_000))


def test_resamples_of_odd_sizes_are_whole_too():
    assert Stream(1).multiplicities(1, 3).tolist() == [[1], [1], [1]]
    assert (Stream(1).multiplicities(3, 5).sum(axis=1) == 3).all()
