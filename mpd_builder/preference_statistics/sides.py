"""Does anyone choose the left candidate (of two clips: the one played first) more often than chance allows?

Sides are drawn at random for every rater and vote, so without a bias each choice is left with probability one half,
whatever the candidates are and however the rater prefers them: the number of left choices is binomial, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.preference_statistics.arrays import Ballots
from mpd_builder.preference_statistics.shares import CONFIDENCE, Share, clopper_pearson, fair_coin_p, holm


@dataclass(frozen=True, slots=True)
class SideBias:
    """The share of left choices, with its exact (Clopper-Pearson) interval and test.

    `p_value` is the exact two-sided one of this share alone; `p_adjusted` is Holm's over all raters (for everybody
    together the same as `p_value`). `is_flagged`: p_adjusted is at most 1 - confidence. For everybody this is so
    exactly where the interval leaves out one half. A rater's interval may leave it out without a flag: of 35 unbiased
    raters, one or two do.
    """

    rater: str | None
    left: Share
    p_value: float
    p_adjusted: float
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class SideReport:
    """Side bias of everybody's votes together (`rater` None), and of each rater in the order of their ids.

    A common bias and a rater's own are different findings: those of two raters may cancel in the sum.
    """

    everyone: SideBias
    raters: tuple[SideBias, ...]


def side_bias(given: Ballots, *, confidence: float = CONFIDENCE) -> SideReport:
    """Side bias of all and of each, O(votes). The panel's chance to see anyone flagged wrongly is 1 - confidence.

    A *side bias of 5 %* means that the left candidate is chosen in 55 % of the votes instead of 50 %. At 1,000 votes
    the test catches it with probability 0.88. Someone who answers "left" without looking in 5 % of the votes and
    honestly in the others chooses left in 52.5 %: that is half as much, and is caught with probability 0.34.
    """
    n_raters = len(given.raters)
    votes = np.bincount(given.rater_N, minlength=n_raters).tolist()
    lefts = np.bincount(given.rater_N[given.for_left_N], minlength=n_raters).tolist()
    p_values = [fair_coin_p(left, n) for left, n in zip(lefts, votes, strict=True)]
    adjusted = holm(p_values)
    total_left, total = int(given.for_left_N.sum()), len(given.for_left_N)
    total_p = fair_coin_p(total_left, total)
    return SideReport(
        everyone=_bias(None, total_left, total, total_p, total_p, confidence),
        raters=tuple(
            _bias(rater, left, n, p_value, p_adjusted, confidence)
            for rater, left, n, p_value, p_adjusted in zip(given.raters, lefts, votes, p_values, adjusted, strict=True)
        ),
    )


def _bias(rater: str | None, left: int, n: int, p_value: float, p_adjusted: float, confidence: float) -> SideBias:
    share = clopper_pearson(left, n, confidence=confidence)
    return SideBias(rater, share, p_value, p_adjusted, is_flagged=p_adjusted <= 1 - confidence)
