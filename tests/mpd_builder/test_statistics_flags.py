"""Flags: what is said, and on which side of each line."""

from dataclasses import replace

import pytest

from mpd_builder.rater_statistics import RetestStatistics
from mpd_builder.statistics import flags
from mpd_builder.statistics.drift import Block, Drift
from mpd_builder.statistics.flags import FlagKind, flags_of
from mpd_builder.statistics.raters import RaterFigures

ORDINARY = RaterFigures(
    rater=7,
    n_ratings=100,
    mean=0.5,
    median_active_ms=22_000.0,
    share_too_fast=0.0,
    n_compared=100,
    bias=0.0,
    slope=0.95,
    spread=1.05,
    scale_use=1.0,
    inconsistency=0.08,
    agreement=0.9,
    alpha_without=0.86,
    alpha_gain=0.0,
    drift=None,
    retest=None,
)
LITTLE = 1e-9


def words_of(median_inconsistency=0.08, **figures):
    return {
        flag.kind: flag.words
        for flag in flags_of(replace(ORDINARY, **figures), median_inconsistency=median_inconsistency)
    }


def test_an_ordinary_rater_has_no_flag():
    assert words_of() == {}


@pytest.mark.parametrize(
    ("kind", "figure", "within", "beyond"),
    [
        (FlagKind.BIAS, "bias", flags.BIAS_LINE - LITTLE, flags.BIAS_LINE),
        (FlagKind.BIAS, "bias", -flags.BIAS_LINE + LITTLE, -flags.BIAS_LINE),
        (FlagKind.SCALE_USE, "scale_use", flags.SCALE_LOW + LITTLE, flags.SCALE_LOW),
        (FlagKind.SCALE_USE, "scale_use", flags.SCALE_HIGH - LITTLE, flags.SCALE_HIGH),
        (
            FlagKind.INCONSISTENCY,
            "inconsistency",
            flags.INCONSISTENCY_LINE * 0.08 - LITTLE,
            flags.INCONSISTENCY_LINE * 0.08 + LITTLE,
        ),
        (FlagKind.AGREEMENT, "agreement", flags.AGREEMENT_LINE, flags.AGREEMENT_LINE - LITTLE),
        (FlagKind.TOO_FAST, "share_too_fast", flags.TOO_FAST_SHARE - LITTLE, flags.TOO_FAST_SHARE),
        (FlagKind.ALPHA, "alpha_gain", flags.ALPHA_LINE - LITTLE, flags.ALPHA_LINE),
    ],
)
def test_a_flag_is_raised_from_its_line_on(kind, figure, within, beyond):
    assert words_of(**{figure: within}) == {}
    assert list(words_of(**{figure: beyond})) == [kind]


def test_flags_say_what_it_is_in_words():
    assert words_of(bias=0.11) == {FlagKind.BIAS: "rates 0.11 higher than peers"}
    assert words_of(bias=-0.11) == {FlagKind.BIAS: "rates 0.11 lower than peers"}
    assert words_of(scale_use=0.4) == {FlagKind.SCALE_USE: "uses 40 % of the scale"}
    assert words_of(scale_use=1.5) == {FlagKind.SCALE_USE: "uses 150 % of the scale"}
    assert words_of(scale_use=-0.2) == {FlagKind.SCALE_USE: "uses the scale the other way round"}
    assert words_of(inconsistency=0.2) == {
        FlagKind.INCONSISTENCY: "is 2.5 times as inconsistent as the median rater",
    }
    assert words_of(agreement=-0.123) == {FlagKind.AGREEMENT: "agrees little with peers (correlation -0.12)"}
    assert words_of(share_too_fast=0.35) == {FlagKind.TOO_FAST: "is too fast in 35 % of the ratings"}
    assert words_of(alpha_gain=0.0123) == {FlagKind.ALPHA: "lowers alpha by 0.012"}


def test_several_flags_stand_beside_each_other():
    assert list(words_of(bias=0.11, scale_use=0.4)) == [FlagKind.BIAS, FlagKind.SCALE_USE]


def test_too_few_compared_ratings_raise_no_flag_against_peers():
    bad = {"bias": 0.5, "scale_use": 0.1, "inconsistency": 1.0, "agreement": 0.0, "alpha_gain": 0.1}
    assert words_of(**bad, n_compared=flags.LEAST_COMPARED - 1) == {}
    assert len(words_of(**bad, n_compared=flags.LEAST_COMPARED)) == 5
    assert words_of(share_too_fast=1.0, n_ratings=flags.LEAST_COMPARED - 1) == {}
    assert list(words_of(share_too_fast=1.0, n_ratings=flags.LEAST_COMPARED, n_compared=0)) == [FlagKind.TOO_FAST]


def test_what_is_unknown_is_not_flagged():
    unknown = dict.fromkeys(("bias", "scale_use", "inconsistency", "agreement", "alpha_gain", "share_too_fast"))
    assert words_of(**unknown) == {}
    assert words_of(inconsistency=1.0, median_inconsistency=None) == {}
    assert words_of(inconsistency=1.0, median_inconsistency=0.0) == {}


@pytest.mark.parametrize(
    ("repeats", "difference", "is_flagged"),
    [
        (flags.LEAST_REPEATS, flags.RETEST_LINE, True),
        (flags.LEAST_REPEATS, flags.RETEST_LINE - LITTLE, False),
        (flags.LEAST_REPEATS - 1, 0.5, False),
    ],
)
def test_a_rater_far_from_themselves_is_flagged_with_enough_repeats(repeats, difference, is_flagged):
    found = words_of(retest=RetestStatistics(7, repeats, difference, 0.0, None))
    words = "is 0.15 away from their own first rating when a pair returns"
    assert found == ({FlagKind.RETEST: words} if is_flagged else {})


def drift_of(*biases, margin=0.03):
    blocks = tuple(Block(n, n + 1, 20, bias, -margin, margin) for n, bias in enumerate(biases))
    return Drift(0.0, blocks[-1].bias - blocks[0].bias, blocks)


def test_a_drift_is_flagged_if_it_is_out_of_the_band_and_large():
    line = flags.DRIFT_LINE
    assert words_of(drift=drift_of(0.0, 0.0, line)) == {
        FlagKind.DRIFT: "rates 0.05 higher at the end than at the start",
    }
    assert words_of(drift=drift_of(0.0, 0.0, -0.08))[FlagKind.DRIFT].startswith("rates 0.08 lower at the end")
    assert words_of(drift=drift_of(0.0, 0.0, line - LITTLE)) == {}
    assert words_of(drift=drift_of(0.0, 0.0, line, margin=line)) == {}
    assert words_of(drift=drift_of(0.0, 0.07, 0.0)) == {
        FlagKind.DRIFT: "strays by up to 0.07 from their own bias for a while",
    }
