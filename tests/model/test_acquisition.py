"""Choosing pairs: each method beside a slow version of itself, and the promises that hold for all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.acquisition import CONTROL, Choice, Known, Method, Reason, Route, choose, route
from model.acquisition.geometry import SKETCH, WIDEST, Nearest

VARIANCE = np.array([0.1, 0.9, 0.8, 0.7, 0.2, 0.6])
PAINTINGS = ["a", "a", "a", "b", "b", "c"]
CLIPS = ["x", "y", "z", "x", "y", "z"]
GIVEN = Known(np.full(6, 0.5), VARIANCE)


def candidates(count: int, *, width: int = 5, seed: int = 0, labelled: int = 0) -> Known:
    """Everything that any method could want to know of `count` candidates, in general position."""
    generator = np.random.default_rng(seed)
    features = generator.normal(size=(count, width))
    root = generator.normal(size=(width, width))
    return Known(
        score_N=generator.uniform(size=count),
        variance_N=generator.uniform(0.001, 0.05, size=count),
        features_NK=features,
        covariance_KK=root @ root.T + 0.1 * np.eye(width),
        noise=0.3,
        members_EN=generator.uniform(size=(3, count)),
        labelled_LK=generator.normal(size=(labelled, width)) if labelled else None,
    )


def rows(chosen: list[Choice]) -> list[int]:
    return [choice.row for choice in chosen]


def picks(method: Method, known: Known, count: int, **changes: Any) -> list[int]:
    """What a method takes when nothing else says anything: no caps, no control arm."""
    alone = list(range(len(known)))
    return rows(choose(method, known, alone, alone, count=count, seed=0, **changes))


def test_without_features_the_least_certain_come_first() -> None:
    chosen = choose(Method.VARIANCE, GIVEN, PAINTINGS, CLIPS, count=4, seed=0)
    assert rows(chosen) == [1, 2, 3, 5]
    assert {choice.reason for choice in chosen} == {Reason.VARIANCE}


def test_no_painting_and_no_clip_fills_the_list() -> None:
    """Row 2 falls to the cap on painting a, row 4 to that on clip y, row 0 to both."""
    chosen = choose(Method.VARIANCE, GIVEN, PAINTINGS, CLIPS, count=6, per_painting=1, per_clip=1, seed=0)
    assert rows(chosen) == [1, 3, 5]


def test_learning_about_one_makes_its_like_less_urgent() -> None:
    """Two twins and a stranger: after one twin the stranger comes, although the other twin was more uncertain."""
    features = np.array([[1.0, 0.0], [0.99, 0.0], [0.0, 0.8]])
    known = Known(np.full(3, 0.5), np.square(features).sum(axis=1), features, np.eye(2), noise=0.01)
    assert picks(Method.VARIANCE, known, 3) == [0, 2, 1]
    assert picks(Method.VARIANCE, replace(known, features_NK=None), 3) == [0, 1, 2]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("kind", "count"), [(np.float64, 12), (np.float32, 6)])
def test_variance_picks_what_a_posterior_inverted_anew_each_time_picks(seed: int, kind: type, count: int) -> None:
    known = candidates(30, seed=seed)
    features, covariance, noise = known.features_NK, known.covariance_KK, known.noise
    assert features is not None
    assert covariance is not None
    assert noise is not None
    precision, expected = np.linalg.inv(covariance), []
    for _ in range(count):
        variance = np.einsum("nk,kl,nl->n", features, np.linalg.inv(precision), features)
        variance[expected] = -1.0
        expected.append(int(variance.argmax()))
        precision += np.outer(features[expected[-1]], features[expected[-1]]) / noise
    assert picks(Method.VARIANCE, replace(known, features_NK=features.astype(kind)), count) == expected


@pytest.mark.parametrize("seed", range(3))
def test_variance_takes_greatest_information_of_a_gaussian_process_too(seed: int) -> None:
    """The same choice in the other form: the candidates' joint covariance (N, N), conditioned on each answer."""
    known = candidates(25, seed=seed)
    assert known.features_NK is not None
    assert known.noise is not None
    joint = known.features_NK @ known.covariance_KK @ known.features_NK.T
    expected: list[int] = []
    for _ in range(10):
        free = [row for row in range(25) if row not in expected]
        expected.append(max(free, key=lambda row: joint[row, row]))
        column = joint[:, expected[-1]].copy()
        joint -= np.outer(column, column) / (column[expected[-1]] + known.noise)
    assert picks(Method.VARIANCE, known, 10) == expected


@pytest.mark.parametrize("labelled", [0, 4])
@pytest.mark.parametrize("seed", range(3))
def test_coreset_is_the_farthest_from_all_centres_each_time(seed: int, labelled: int) -> None:
    known = candidates(40, seed=seed, labelled=labelled)
    assert known.features_NK is not None
    places = known.features_NK
    centres = [] if known.labelled_LK is None else list(known.labelled_LK)
    expected: list[int] = []
    for _ in range(12):
        around = centres or [places.mean(axis=0)]
        reach = [min(float(np.linalg.norm(place - centre)) for centre in around) for place in places]
        expected.append(int(np.argmax([-1.0 if row in expected else far for row, far in enumerate(reach)])))
        centres.append(places[expected[-1]])
    assert picks(Method.CORESET, known, 12) == expected


@pytest.mark.parametrize("labelled", [0, 4])
@pytest.mark.parametrize("seed", range(3))
def test_lcmd_is_the_farthest_of_the_cluster_with_the_largest_sum(seed: int, labelled: int) -> None:
    known = candidates(40, seed=seed, labelled=labelled)
    assert known.features_NK is not None
    places = known.features_NK
    centres = [] if known.labelled_LK is None else list(known.labelled_LK)
    expected: list[int] = []
    for _ in range(12):
        around = centres or [places.mean(axis=0)]
        clusters: dict[int, dict[int, float]] = {}
        for row, place in enumerate(places):
            if row not in expected:
                far = [float(np.sum((place - centre) ** 2)) for centre in around]
                clusters.setdefault(int(np.argmin(far)), {})[row] = min(far)
        largest = max(clusters.values(), key=lambda members: sum(members.values()))
        expected.append(max(largest, key=lambda row: largest[row]))
        centres.append(places[expected[-1]])
    assert picks(Method.LCMD, known, 12) == expected


def test_lcmd_goes_on_where_all_that_is_left_is_alike() -> None:
    known = Known(np.full(4, 0.5), np.ones(4), np.ones((4, 2)))
    assert sorted(picks(Method.LCMD, known, 4)) == [0, 1, 2, 3]


def test_ensemble_asks_where_its_members_disagree_most() -> None:
    members = np.array([[0.1, 0.5, 0.9], [0.2, 0.5, 0.1], [0.3, 0.5, 0.2]])
    known = Known(members.mean(axis=0), np.zeros(3), members_EN=members)
    assert picks(Method.ENSEMBLE, known, 3) == [2, 0, 1]


def test_band_takes_those_predicted_in_it_first_and_of_them_the_most_probable() -> None:
    """The unsure 0.5 is in the band with 0.38, the sure 0.58 with 0.98; 0.61 with 0.31, but is not predicted there."""
    score, sd = np.array([0.5, 0.61, 0.58, 0.95]), np.array([0.2, 0.02, 0.01, 0.3])
    assert picks(Method.BAND, Known(score, np.square(sd)), 4) == [2, 0, 1, 3]


@pytest.mark.parametrize("seed", range(3))
def test_band_is_ordered_by_the_normal_distribution(seed: int) -> None:
    known = candidates(50, seed=seed)
    inside = [row for row in range(50) if 0.4 <= known.score_N[row] <= 0.6]

    def likely(row: int) -> float:
        normal = NormalDist(float(known.score_N[row]), float(known.variance_N[row]) ** 0.5)
        return normal.cdf(0.6) - normal.cdf(0.4)

    assert picks(Method.BAND, known, len(inside)) == sorted(inside, key=likely, reverse=True)


def test_scores_that_are_certain_come_by_their_distance_from_the_middle() -> None:
    known = Known(np.array([0.6, 0.41, 0.52, 0.7, 0.39]), np.zeros(5))
    assert picks(Method.BAND, known, 5) == [2, 1, 0, 4, 3]


def test_random_depends_on_the_seed_alone() -> None:
    items = list(range(40))
    lists = [rows(choose(Method.RANDOM, candidates(40), items, items, count=40, seed=seed)) for seed in (1, 1, 2)]
    assert lists[0] == lists[1] != lists[2]
    assert sorted(lists[0]) == items


def test_wide_features_are_sketched_and_distances_hold_on_average() -> None:
    features = np.random.default_rng(0).normal(size=(60, WIDEST + 1)).astype(np.float32)
    ratios = []
    for row in range(60):
        nearest = Nearest(features)
        nearest.learn(row)
        exact = np.square(features - features[row]).sum(axis=1)
        ratios.append(np.delete(nearest.distance_N, row) / np.delete(exact, row))
    assert abs(np.mean(ratios) - 1) < 0.01
    assert np.abs(np.array(ratios) - 1).max() < 5 * np.sqrt(2 / SKETCH)


ITEMS = st.integers(0, 12)
CAP = st.none() | st.integers(1, 4)


@settings(max_examples=60, deadline=None)
@given(
    method=st.sampled_from(Method),
    pairs=st.lists(st.tuples(ITEMS, ITEMS), min_size=1, max_size=60),
    count=st.integers(0, 40),
    caps=st.tuples(CAP, CAP),
    share=st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    seed=st.integers(0, 2**32),
)
def test_what_holds_for_every_method(
    method: Method,
    pairs: list[tuple[int, int]],
    count: int,
    caps: tuple[int | None, int | None],
    share: float,
    seed: int,
) -> None:
    """No repeats, caps kept, the list as long as caps allow, the control share exact, the same list again."""
    paintings, clips = [p for p, _ in pairs], [c for _, c in pairs]
    known = candidates(len(pairs), seed=seed % 97, labelled=seed % 3)

    def draw() -> list[Choice]:
        return choose(
            method, known, paintings, clips,
            count=count, per_painting=caps[0], per_clip=caps[1], control_share=share, seed=seed,
        )  # fmt: skip

    chosen = draw()
    assert chosen == draw()
    assert len(set(rows(chosen))) == len(chosen) <= count
    full = []
    for items, cap in zip((paintings, clips), caps, strict=True):
        often = Counter(items[row] for row in rows(chosen))
        assert max(often.values(), default=0) <= (cap or len(pairs))
        full.append({item for item, times in often.items() if times == cap})
    if len(chosen) < min(count, len(pairs)):
        left = set(range(len(pairs))) - set(rows(chosen))
        assert all(paintings[row] in full[0] or clips[row] in full[1] for row in left)
    drawn = sum(choice.reason is CONTROL for choice in chosen)
    assert drawn == min(round(share * min(count, len(pairs))), len(chosen))
    assert {choice.reason for choice in chosen} <= {CONTROL, Reason(method.value)}


@pytest.mark.parametrize("method", list(Method))
def test_the_control_arm_is_the_same_whatever_the_method(method: Method) -> None:
    """So it is a fair sample of all candidates, also of those that the method would have taken."""
    known = candidates(60, labelled=3)
    paintings, clips = [row % 20 for row in range(60)], [row // 3 for row in range(60)]

    def control(which: Method) -> list[int]:
        chosen = choose(which, known, paintings, clips, count=20, per_painting=2, per_clip=2, control_share=0.3, seed=5)
        return [choice.row for choice in chosen if choice.reason is CONTROL]

    assert len(control(method)) == 6
    assert control(method) == control(Method.RANDOM)


def test_the_control_arm_falls_on_every_candidate_alike() -> None:
    """Row 1 is the least certain of six: it is drawn into a third of the control arms all the same."""
    often = Counter(
        choice.row
        for seed in range(600)
        for choice in choose(Method.VARIANCE, GIVEN, PAINTINGS, CLIPS, count=4, control_share=0.5, seed=seed)
        if choice.reason is CONTROL
    )
    assert all(abs(often[row] - 200) < 60 for row in range(6))


def test_the_arms_are_mixed() -> None:
    chosen = choose(Method.VARIANCE, candidates(200), range(200), range(200), count=100, control_share=0.5, seed=3)
    places = [place for place, choice in enumerate(chosen) if choice.reason is CONTROL]
    assert 30 < np.mean(places) < 70


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"count": -1}, "negative"), ({"per_clip": 0}, "at least 1"), ({"control_share": 1.5}, "from 0 to 1")],
)
def test_impossible_settings_are_refused(changes: dict[str, Any], words: str) -> None:
    asked = {"count": 2, "per_painting": 1, "per_clip": 1, "control_share": 0.0, "seed": 0} | changes
    with pytest.raises(ValueError, match=words):
        choose(Method.VARIANCE, GIVEN, PAINTINGS, CLIPS, **asked)


def test_candidates_must_be_the_same_everywhere() -> None:
    with pytest.raises(ValueError, match="same candidates"):
        choose(Method.VARIANCE, GIVEN, PAINTINGS[:2], CLIPS, count=1, seed=0)


@pytest.mark.parametrize(
    ("method", "changes", "words"),
    [
        (Method.LCMD, {"features_NK": None}, "lcmd needs the candidates' features"),
        (Method.CORESET, {"features_NK": None}, "coreset needs the candidates' features"),
        (Method.ENSEMBLE, {"members_EN": np.zeros((1, 8))}, "at least two models"),
        (Method.VARIANCE, {"covariance_KK": None}, "needs the covariance"),
        (Method.VARIANCE, {"covariance_KK": np.eye(4)}, "does not fit 5 features"),
        (Method.VARIANCE, {"noise": 0.0}, "above 0"),
        (Method.VARIANCE, {"variance_N": np.zeros(7)}, "8 candidates, and variances of 7"),
        (Method.LCMD, {"labelled_LK": np.zeros((2, 4))}, "labelled pairs have 4 features"),
    ],
)
def test_what_a_method_is_not_told_it_asks_for(method: Method, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        picks(method, replace(candidates(8), **changes), 2)


def test_a_band_the_wrong_way_round_is_refused() -> None:
    with pytest.raises(ValueError, match="from low to high"):
        picks(Method.BAND, candidates(8), 2, band=(0.6, 0.4))


@pytest.mark.parametrize(
    ("score", "sd", "where"),
    [
        (0.5, 0.01, Route.PREFERENCE),
        (0.4, 0.04, Route.PREFERENCE),
        (0.6, 0.04, Route.PREFERENCE),
        (0.5, 0.05, Route.RATINGS),
        (0.9, 0.05, Route.RATINGS),
        (0.9, 0.01, Route.LEAVE),
        (0.5, float("nan"), Route.RATINGS),
    ],
)
def test_a_pair_goes_where_it_is_of_use(score: float, sd: float, where: Route) -> None:
    assert route(score, sd, band=(0.4, 0.6), sure_sd=0.04) is where
