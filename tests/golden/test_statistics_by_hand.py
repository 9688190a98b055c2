"""Cases worked out on paper, each with the reason why its answer is the true one."""

import math

import numpy as np
import pytest

from mpd_builder.aggregation import aggregate, dispersion_summary, trimmed_mean
from mpd_builder.draws import water_fill
from mpd_builder.preferences import decide, make_tasks, possible
from mpd_builder.records import Choice, Consensus, Direction, Pair, PreferenceTask, Rating, Vote
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.rules import VoteRule
from mpd_builder.sides import Shares, Split, own_side

_ = None
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: 12 units, 4 observers, missing answers.
EXAMPLE_C = (
    (1, 1, _, 1),
    (2, 2, 3, 2),
    (3, 3, 3, 3),
    (3, 3, 3, 3),
    (2, 2, 2, 2),
    (1, 2, 3, 4),
    (4, 4, 4, 4),
    (1, 1, 2, 1),
    (2, 2, 2, 2),
    (_, 5, 5, 5),
    (_, _, 1, 1),
    (_, 3, _, _),
)


def long_form(rows):
    answers = [(unit, value) for unit, row in enumerate(rows) for value in row if value is not None]
    return [unit for unit, _value in answers], [value for _unit, value in answers]


def test_nominal_alpha_of_krippendorffs_example_c():
    """Unit 12 has one answer and drops out: n = 40 answers, the values 1..5 occur 9, 13, 10, 5 and 3 times.

    e = n^2 - sum n_c^2 = 1600 - (81 + 169 + 100 + 25 + 9) = 1216. Three units disagree: 2, 2, 3, 2 and 1, 1, 2, 1 with
    (16 - 9 - 1) / 3 = 2 each, and 1, 2, 3, 4 with (16 - 4) / 3 = 4. So alpha = 1 - 39 * 8 / 1216; published: 0.743.
    """
    alpha = krippendorff_alpha(*long_form(EXAMPLE_C), level="nominal")
    assert alpha.value == pytest.approx(1 - 39 * 8 / 1216, abs=1e-15)
    assert round(alpha.value, 3) == 0.743
    assert (alpha.n_units, alpha.n_ratings) == (11, 40)


def test_interval_alpha_of_krippendorffs_example_c():
    """S = 9 + 26 + 30 + 20 + 15 = 100 and Q = 9 + 52 + 90 + 80 + 75 = 306, so e = 2 (40 * 306 - 100^2) = 4480.

    2, 2, 3, 2 and 1, 1, 2, 1 have SS = 3/4 and d = 2 * 4 * (3/4) / 3 = 2 each; 1, 2, 3, 4 has SS = 5 and d = 40/3.
    So alpha = 1 - 39 * (4 + 40/3) / 4480; published: 0.849.
    """
    alpha = krippendorff_alpha(*long_form(EXAMPLE_C), level="interval")
    assert alpha.value == pytest.approx(1 - 39 * (4 + 40 / 3) / 4480, abs=1e-14)
    assert round(alpha.value, 3) == 0.849


def test_the_jackknife_interval_of_three_units():
    """Units 0 0, 1 1 and 0 1: only the third disagrees, d = 2; S = Q = 3, e = 2 (6 * 3 - 9) = 18; alpha = 4/9.

    Without the first (or the second) unit: n = 4, S = Q = 3 (or 1), e = 6, alpha = 1 - 3 * 2 / 6 = 0. Without the third
    all agree: 1. The mean of 0, 0, 1 is 1/3, the squares sum to 6/9, times (3 - 1) / 3 gives 4/9: the error is 2/3.
    Student's t for 2 degrees at 97.5 % is 0.95 * sqrt(2 / (1 - 0.95^2)) = 4.3027; the upper end is cut at 1.
    """
    alpha = krippendorff_alpha([0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 0, 1])
    assert alpha.value == pytest.approx(4 / 9)
    assert alpha.low == pytest.approx(4 / 9 - 2 / 3 * 0.95 * math.sqrt(2 / (1 - 0.95**2)))
    assert alpha.high == 1.0


def test_two_raters_who_always_contradict_each_other_are_worse_than_chance():
    """Units 0 1 and 0 1: d = 2 each, S = Q = 2, e = 2 (4 * 2 - 4) = 8, alpha = 1 - 3 * 4 / 8 = -1/2."""
    assert krippendorff_alpha([0, 0, 1, 1], [0, 1, 0, 1]).value == pytest.approx(-0.5)


def test_raters_who_always_say_the_same_one_thing_have_no_alpha():
    """All values equal: the expected disagreement is 0, and 0 / 0 is neither agreement nor chance."""
    alpha = krippendorff_alpha([0, 0, 1, 1], [0.1, 0.1, 0.1, 0.1])
    assert (alpha.value, alpha.low, alpha.high) == (None, None, None)


def test_the_score_leaves_out_one_lowest_and_one_highest():
    """0.1, 0.4, 0.5, 0.6 and 1.0 without 0.1 and 1.0: (0.4 + 0.5 + 0.6) / 3 = 0.5."""
    assert trimmed_mean([1.0, 0.5, 0.1, 0.6, 0.4]) == 0.5


def test_the_dispersion_is_of_all_five():
    """0.3 to 0.7 in steps of 0.1: squares 0.04 + 0.01 + 0 + 0.01 + 0.04 = 0.1; sqrt(0.1 / 5), and sqrt(0.1 / 4)."""
    [consensus] = aggregate(five_ratings("x", 0.3, 0.4, 0.5, 0.6, 0.7), raters_per_pair=5)
    assert consensus.dispersion == pytest.approx(math.sqrt(0.02), abs=1e-12)
    assert consensus.sample_dispersion == pytest.approx(math.sqrt(0.025), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "score", "ambiguous"),
    [
        ((0.2, 0.3, 0.4, 0.5, 0.9), 0.4, True),  # the binary sum of 0.3 + 0.4 + 0.5, divided by 3, is just above 0.4
        ((0.1, 0.5, 0.6, 0.7, 0.9), 0.6, True),  # the upper end belongs to the band as well
        ((0.1, 0.2, 0.7, 0.9, 0.9), 0.6, True),  # 0.2 + 0.7 + 0.9, divided by 3, is just below 0.6 or just above it
        ((0.0, 0.4, 0.4, 0.399, 0.4), 0.399666666667, False),  # (0.399 + 0.4 + 0.4) / 3: a step of 0.001 is not noise
        ((0.6, 0.6, 0.6, 0.601, 1.0), 0.600333333333, False),
    ],
)
def test_the_band_includes_its_ends_and_nothing_beyond(values, score, ambiguous):
    """The score is exact in decimals, so that its ends are met by the mean that is 0.4 or 0.6 on paper."""
    [consensus] = aggregate(five_ratings("x", *values), raters_per_pair=5)
    assert (consensus.score, consensus.ambiguous) == (score, ambiguous)


def test_a_dispersion_of_just_009_is_not_below_it():
    """Four ratings 0.41, 0.59, 0.41, 0.59 with the mean 0.5: each is 0.09 away from it, so is the root of the mean."""
    ratings = [Rating("x", f"r{i}", value) for i, value in enumerate((0.41, 0.59, 0.41, 0.59))]
    summary = dispersion_summary(aggregate(ratings, raters_per_pair=4))
    assert (summary.mean, summary.share_below_09, summary.share_below_11) == (0.09, 0.0, 1.0)


def test_water_rises_from_the_lowest_level():
    """Levels 0, 3, 1, 5 and 6 to share out: at height 3 the first takes 3 and the third 2; one is left.

    The first three can rise to 4; the order says that the third is served first.
    """
    shares = water_fill(np.array([0, 3, 1, 5]), np.array([9, 9, 9, 9]), 6, order=np.array([2, 3, 0, 1]))
    assert shares.tolist() == [3, 0, 3, 0]


def test_water_flows_past_what_is_full():
    """The first has room for one only; the other two get the rest, four each and one over."""
    shares = water_fill(np.array([0, 0, 0]), np.array([1, 9, 9]), 10, order=np.array([0, 1, 2]))
    assert shares.tolist() == [1, 5, 4]


def test_three_ambiguous_pairs_of_one_clip_make_three_tasks():
    """Of paintings 1, 2, 3 with clip c: 1-2, 1-3 and 2-3. No painting has two clips, so the other way has none."""
    pairs = [Pair(f"p{i}.c", f"p{i}", "c") for i in (1, 2, 3, 4)]
    consensus = [Consensus(f"p{i}.c", 0.5, 0.1, 0.1, 5, True) for i in (1, 2, 3)]
    consensus.append(Consensus("p4.c", 0.7, 0.1, 0.1, 5, False))
    assert possible(consensus, pairs) == {Direction.MUSIC_TO_PAINTING: 3, Direction.PAINTING_TO_MUSIC: 0}
    tasks = make_tasks(consensus, pairs, count=None, seed=1)
    assert {(task.query_id, task.pair_a, task.pair_b) for task in tasks} == {
        ("c", "p1.c", "p2.c"),
        ("c", "p1.c", "p3.c"),
        ("c", "p2.c", "p3.c"),
    }


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ("aab", Choice.A),  # 2 of 3 is more than half
        ("bbb", Choice.B),
        ("aa", None),  # unanimous, but fewer than three votes
        ("aabb", None),  # half is not a majority
        ("aabbb", Choice.B),
        ("", None),
    ],
)
def test_a_strict_majority_of_three_votes_decides(votes, winner):
    """The rule of the paper: three votes at least, more than half of them alike."""
    task = PreferenceTask("t", Direction.MUSIC_TO_PAINTING, "c", "x", "y")
    cast = [Vote("t", f"r{i}", Choice(vote), Choice.A) for i, vote in enumerate(votes)]
    [preference] = decide([task], cast)
    assert (preference.votes_a, preference.votes_b) == (votes.count("a"), votes.count("b"))
    assert preference.winner == winner


@pytest.mark.parametrize(
    ("votes", "winner"),
    [
        ("aaa", Choice.A),
        ("bbbb", Choice.B),
        ("aab", None),  # a majority, but not all
        ("aa", None),  # all, but fewer than three votes
        ("aabb", None),
        ("", None),
    ],
)
def test_only_all_of_three_votes_decide_where_the_recipe_asks_for_unanimity(votes, winner):
    task = PreferenceTask("t", Direction.MUSIC_TO_PAINTING, "c", "x", "y")
    cast = [Vote("t", f"r{i}", Choice(vote), Choice.A) for i, vote in enumerate(votes)]
    [preference] = decide([task], cast, rule=VoteRule.UNANIMOUS)
    assert preference.winner == winner
    assert preference.unanimous == (winner is not None)


def test_the_place_of_an_id_is_its_sha256():
    r"""`printf 'salt\0p_0004' | sha256sum` begins with 0a, which is 10/256 = 0.04 of the way: train at 60/20/20.

    Likewise 6b (0.42) and 1d (0.11) are train, 9f (0.62) and b5 (0.71) validation, c7 (0.78) too, and none is beyond.
    With 30/30/40, 6b (0.42) becomes validation and 9f (0.62), b5 and c7 become test.
    """
    names = ("p_0001", "p_0003", "p_0004", "p_0005", "p_0006", "p_0007")
    wide = Shares(0.6, 0.2, 0.2)
    assert [own_side(name, shares=wide, salt="salt") for name in names] == [
        Split.TRAIN,
        Split.VALIDATION,
        Split.TRAIN,
        Split.VALIDATION,
        Split.VALIDATION,
        Split.TRAIN,
    ]
    narrow = Shares(0.3, 0.3, 0.4)
    assert [own_side(name, shares=narrow, salt="salt") for name in names] == [
        Split.VALIDATION,
        Split.TEST,
        Split.TRAIN,
        Split.TEST,
        Split.TEST,
        Split.TRAIN,
    ]


def five_ratings(pair_id, *values):
    return [Rating(pair_id, f"r{i}", value) for i, value in enumerate(values)]
