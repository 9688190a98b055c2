"""How far raters agree on preferences: shares, Krippendorff's alpha, and each rater against the rest.

Which category a vote has matters to alpha. Left and right are drawn anew for every rater, so agreement on sides says
nothing about preferences. Candidates a and b are named by the order of their ids, which means nothing either: naming
the candidates of one task the other way round must not change alpha, but it changes how often `a` occurs in all, and
with it the disagreement that alpha expects by chance (a panel that always chose the candidate called `a` would even
have no alpha at all). So every task is counted under both names: once as it is and once with a and b exchanged. Then
both names are equally frequent whatever the naming, and with N votes on tasks with two or more of them

    alpha = 1 - (2 - 1/N) D_o,    D_o = (1/N) * sum over tasks of 2 n_a n_b / (n_a + n_b - 1)

where D_o is the observed disagreement of the ordinary alpha, and 1 / (2 - 1/N) that of two votes drawn without naming:
one half, up to the size of the sample. For large N this is also the S of Bennett, Alpert and Goldstein (1954) with two
categories. Alpha is 1 where all tasks are unanimous and about 0 where everybody tosses a coin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.preference_statistics.arrays import Ballots, Bools, Ints
from mpd_builder.preference_statistics.shares import CONFIDENCE, Share, wilson
from mpd_builder.reliability import Alpha, Level, krippendorff_alpha


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the votes on tasks agree.

    Of `n_tasks`, those with at least `votes_needed` votes are judged; `kept` and `unanimous` are shares of these,
    with Wilson intervals that take tasks for independent. `unanimous_by_chance` is the share that would be unanimous
    if everyone tossed a coin (1/4 of tasks with three votes); None where no task is judged. `alpha` is nominal and does
    not depend on which candidate is called a (see above); its interval is a jackknife over tasks, that of
    `alpha_by_query` one over whole queries, since tasks of one query share candidates: the wider is the honest one.
    Alpha uses all tasks with two or more votes. O(votes).
    """

    n_tasks: int
    n_votes: int
    n_judged: int
    kept: Share
    unanimous: Share
    unanimous_by_chance: float | None
    alpha: Alpha
    alpha_by_query: Alpha


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How often a rater chose what most of the others of the same task chose.

    `n_votes` is all they gave; `share.n` of these could be compared: somebody else voted, and the others were not tied.
    The interval is Wilson's and takes votes for independent. Tossing a coin gives one half.
    """

    rater: str
    n_votes: int
    share: Share


# Shapes: T tasks, N votes, R raters.
def agreement(given: Ballots, *, votes_needed: int = 3, confidence: float = CONFIDENCE) -> Agreement:
    """Agreement over all tasks, O(votes). Raises ValueError for fewer than one vote needed."""
    if votes_needed < 1:
        raise ValueError(f"a consensus needs at least one vote, not {votes_needed}")
    a_T, b_T = given.votes_a, given.votes_b
    n_T = a_T + b_T
    is_judged_T = n_T >= votes_needed
    judged = int(is_judged_T.sum())
    kept = int((is_judged_T & (a_T != b_T)).sum())
    unanimous = int((is_judged_T & (np.minimum(a_T, b_T) == 0)).sum())
    by_chance = float(np.exp2(1.0 - n_T[is_judged_T]).mean()) if judged else None
    queries = {query: n for n, query in enumerate({(task.direction, task.query_id): None for task in given.tasks})}
    query_T = np.array([queries[task.direction, task.query_id] for task in given.tasks], dtype=np.int64)
    return Agreement(
        n_tasks=len(given.tasks),
        n_votes=len(given.task_N),
        n_judged=judged,
        kept=wilson(kept, judged, confidence=confidence),
        unanimous=wilson(unanimous, judged, confidence=confidence),
        unanimous_by_chance=by_chance,
        alpha=_alpha(given, np.arange(len(given.tasks)), confidence),
        alpha_by_query=_alpha(given, query_T, confidence),
    )


def rater_agreement(given: Ballots, *, confidence: float = CONFIDENCE) -> list[RaterAgreement]:
    """Each rater against the majority of the others of each task, in the order of their ids. O(votes)."""
    # n_a - n_b of the others of each vote: positive where they prefer a.
    margin_N = (given.votes_a - given.votes_b)[given.task_N] - np.where(given.for_a_N, 1, -1)
    is_compared_N = margin_N != 0
    agrees_N = is_compared_N & ((margin_N > 0) == given.for_a_N)
    n_raters = len(given.raters)
    votes_R = np.bincount(given.rater_N, minlength=n_raters)
    compared_R = np.bincount(given.rater_N[is_compared_N], minlength=n_raters)
    agreed_R = np.bincount(given.rater_N[agrees_N], minlength=n_raters)
    return [
        RaterAgreement(rater, votes, wilson(agreed, compared, confidence=confidence))
        for rater, votes, agreed, compared in zip(
            given.raters, votes_R.tolist(), agreed_R.tolist(), compared_R.tolist(), strict=True
        )
    ]


def votes_alpha(votes_a_T: Ints, votes_b_T: Ints, *, confidence: float = CONFIDENCE) -> Alpha:
    """`Agreement.alpha` from each task's votes for its two candidates: who gave them does not matter to it."""
    task_N = np.repeat(np.arange(len(votes_a_T)), votes_a_T + votes_b_T)
    both_2T = np.stack([votes_a_T, votes_b_T], axis=1).ravel()
    for_a_N = np.repeat(np.arange(len(both_2T)) % 2 == 0, both_2T)
    return _mirrored(task_N, for_a_N, task_N, len(votes_a_T), confidence)


def _alpha(given: Ballots, cluster_T: Ints, confidence: float) -> Alpha:
    return _mirrored(given.task_N, given.for_a_N, cluster_T[given.task_N], len(given.tasks), confidence)


def _mirrored(task_N: Ints, for_a_N: Bools, cluster_N: Ints, n_tasks: int, confidence: float) -> Alpha:
    """Nominal alpha over the tasks under both names of their candidates; its counts are of the tasks as they are."""
    alpha = krippendorff_alpha(
        np.concatenate([task_N, task_N + n_tasks]),
        np.concatenate([for_a_N, ~for_a_N]).astype(np.int64),
        level=Level.NOMINAL,
        confidence=confidence,
        clusters=np.concatenate([cluster_N, cluster_N]),  # a task and its mirror image come and go together
    )
    return Alpha(alpha.value, alpha.low, alpha.high, alpha.n_units // 2, alpha.n_ratings // 2)
