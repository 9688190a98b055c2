"""Simulated raters: the published figures come out, and each rater is a person with habits."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import fmean

import numpy as np
import pytest

from mpd_builder.aggregation import aggregate, dispersion_summary
from mpd_builder.records import Choice, Rating
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.synthetic.latents import spread
from mpd_builder.synthetic.raters import Panel, panel
from mpd_builder.synthetic.truth import coherence


def _truths(pairs: int, seed: int, *, paintings: int = 300, clips: int = 300) -> dict[str, float]:
    """True coherence of random pairs of a synthetic corpus, by pair id."""
    rng = np.random.default_rng(seed)
    painted, composed = spread(paintings, rng), spread(clips, rng)
    chosen = rng.choice(paintings * clips, pairs, replace=False)
    return {f"p{i // clips}.c{i % clips}": coherence(painted[i // clips], composed[i % clips]) for i in chosen.tolist()}


def _figures(ratings: list[Rating]) -> tuple[float, float, float, float]:
    """Mean dispersion, share below 0.09, share below 0.11, alpha."""
    spread_of = dispersion_summary(aggregate(ratings, raters_per_pair=5))
    alpha = krippendorff_alpha([r.pair_id for r in ratings], [r.value for r in ratings]).value
    assert alpha is not None
    assert spread_of.mean is not None
    assert spread_of.share_below_09 is not None
    assert spread_of.share_below_11 is not None
    return spread_of.mean, spread_of.share_below_09, spread_of.share_below_11, alpha


@pytest.mark.parametrize("raters", [12, 35])
def test_the_paper_preset_gives_the_published_figures(raters: int) -> None:
    """Over four seeds of 4,000 pairs: one alone may miss a share by 0.01 through chance (its error is 0.006)."""
    runs = [_figures(panel("paper", raters, seed).score_pairs(_truths(4000, seed), seed=seed)) for seed in range(1, 5)]
    mean, below_09, below_11, alpha = (fmean(run[k] for run in runs) for k in range(4))
    assert mean == pytest.approx(0.078, abs=0.01)
    assert below_09 == pytest.approx(0.848, abs=0.01)
    assert below_11 == pytest.approx(0.990, abs=0.01)
    assert alpha == pytest.approx(0.86, abs=0.01)
    for run in runs:
        assert run == pytest.approx((0.078, 0.848, 0.990, 0.86), abs=0.02)


def test_independent_errors_of_the_same_size_cannot_give_them() -> None:
    ratings = panel("independent", 35, 1).score_pairs(_truths(4000, 1), seed=1)
    mean, below_09, below_11, _ = _figures(ratings)
    assert mean == pytest.approx(0.078, abs=0.002)
    assert below_09 == pytest.approx(0.68, abs=0.03)
    assert below_11 == pytest.approx(0.87, abs=0.03)


@pytest.mark.parametrize("preset", ["paper", "independent"])
def test_every_pair_is_rated_by_five_and_every_rater_works_as_much(preset: str) -> None:
    ratings = panel(preset, 12, 7).score_pairs(_truths(601, 7), seed=7)
    raters_of = defaultdict(set)
    for rating in ratings:
        raters_of[rating.pair_id].add(rating.rater_id)
    assert len(ratings) == 5 * 601
    assert {len(raters) for raters in raters_of.values()} == {5}
    load = Counter(rating.rater_id for rating in ratings)
    assert len(load) == 12
    assert max(load.values()) - min(load.values()) <= 1


def test_a_slider_never_leaves_its_track() -> None:
    truths = {f"pair{index}": truth for index, truth in enumerate(np.linspace(0, 1, 200).tolist())}
    for preset in ("paper", "independent"):
        values = [rating.value for rating in panel(preset, 8, 1).score_pairs(truths, seed=1)]
        assert min(values) == 0.0
        assert max(values) == 1.0
        assert all(value == round(value, 2) for value in values)


def test_one_rating_at_a_time_is_the_same_as_all_at_once() -> None:
    truths, people = _truths(40, 3), panel("paper", 9, 3)
    together = people.score_pairs(truths, seed=5)
    alone = [
        people.rate(
            pair_id=rating.pair_id, truth=truths[rating.pair_id], slot=slot % 5, rater_id=rating.rater_id, seed=5
        )
        for slot, rating in reversed(list(enumerate(together)))
    ]
    assert alone[::-1] == together


def test_the_same_seed_gives_the_same_ratings_and_another_does_not() -> None:
    truths = _truths(30, 1)
    first, again, other = (panel("paper", 6, 2).score_pairs(truths, seed=seed) for seed in (4, 4, 5))
    assert first == again
    assert [rating.value for rating in first] != [rating.value for rating in other]


def test_a_pair_does_not_care_which_other_pairs_there_are() -> None:
    people = panel("paper", 6, 2)
    few = people.rate(pair_id="a.b", truth=0.5, slot=3, rater_id="sim_02", seed=1)
    assert few == panel("paper", 6, 2).rate(pair_id="a.b", truth=0.5, slot=3, rater_id="sim_02", seed=1)
    assert (
        len({people.rate(pair_id="a.b", truth=0.5, slot=slot, rater_id="sim_02", seed=1).value for slot in range(5)})
        > 3
    )


@pytest.mark.parametrize("count", [1, 3, 7])
def test_other_numbers_of_raters_a_pair_keep_the_spread(count: int) -> None:
    ratings = panel("paper", 20, 1).score_pairs(_truths(3000, 1), raters_per_pair=count, seed=1)
    values = np.array([rating.value for rating in ratings]).reshape(-1, count)
    if count > 1:
        assert values.var(axis=1, ddof=1).mean() ** 0.5 == pytest.approx(0.0877, abs=0.003)


@pytest.mark.parametrize("preset", ["paper", "independent"])
def test_a_lenient_rater_shows_against_their_peers(preset: str) -> None:
    people = panel(preset, 12, 3)
    by_pair = defaultdict(list)
    for rating in people.score_pairs(_truths(2000, 3), seed=3):
        by_pair[rating.pair_id].append(rating)
    against_peers = defaultdict(list)
    for ratings in by_pair.values():
        total = sum(rating.value for rating in ratings)
        for rating in ratings:
            against_peers[rating.rater_id].append(rating.value - (total - rating.value) / (len(ratings) - 1))
    seen = [fmean(against_peers[rater.id]) for rater in people.raters]
    assert np.corrcoef(seen, [rater.bias for rater in people.raters])[0, 1] > 0.9


@pytest.mark.parametrize("preset", ["paper", "independent"])
def test_a_repeat_is_near_the_first_rating_but_seldom_the_same(preset: str) -> None:
    """Errors of about 0.08 that correlate by a half differ by 0.08 on average times 2 / sqrt(2 pi): 0.06."""
    people, truths = panel(preset, 25, 1), _truths(400, 1)
    seen = defaultdict(list)
    for number, (pair, truth) in enumerate(truths.items()):
        rater = people.raters[number % 25]
        told = {"pair_id": pair, "truth": truth, "slot": number % 5, "rater_id": rater.id, "seed": 1}
        again = people.rate_again(**told)  # type: ignore[arg-type]
        assert again == people.rate_again(**told)  # type: ignore[arg-type]
        seen[rater.is_careless].append((people.rate(**told).value, again.value))  # type: ignore[arg-type]
    careful, careless = (np.array(seen[kind]) for kind in (False, True))
    assert np.abs(careful[:, 0] - careful[:, 1]).mean() == pytest.approx(0.063, abs=0.01)
    assert np.corrcoef(careful.T)[0, 1] > 0.88
    assert (careful[:, 0] == careful[:, 1]).mean() < 0.2
    assert np.abs(careless[:, 0] - careless[:, 1]).mean() > 0.08


def test_some_raters_are_careless_and_quick() -> None:
    people = panel("independent", 25, 1)
    careless = [rater for rater in people.raters if rater.is_careless]
    careful = [rater for rater in people.raters if not rater.is_careless]
    assert len(careless) == 2
    assert min(rater.noise for rater in careless) > max(rater.noise for rater in careful)
    assert fmean(r.seconds_a_pair for r in careless) < fmean(r.seconds_a_pair for r in careful)


def _votes(people: Panel, difference: float, count: int = 1000, **more: object) -> list[tuple[Choice, Choice]]:
    votes = [
        people.vote(
            task_id=f"task{index}",
            truth_a=0.5 + difference / 2,
            truth_b=0.5 - difference / 2,
            rater_id=people.raters[index % len(people.raters)].id,
            seed=1,
            **more,  # type: ignore[arg-type]
        )
        for index in range(count)
    ]
    return [(vote.choice, vote.left) for vote in votes]


def test_votes_follow_the_truth_the_more_the_clearer_it_is() -> None:
    people = panel("paper", 10, 1)
    share = [fmean(choice is Choice.A for choice, _ in _votes(people, gap)) for gap in (-0.1, 0.0, 0.05, 0.2)]
    assert share[0] < 0.25
    assert share[1] == pytest.approx(0.5, abs=0.05)
    assert 0.6 < share[2] < 0.85
    assert share[3] > 0.95


def test_the_side_is_random_and_says_nothing_about_the_choice() -> None:
    votes = _votes(panel("paper", 10, 1), 0.0)
    assert fmean(left is Choice.A for _, left in votes) == pytest.approx(0.5, abs=0.05)
    assert fmean(choice is left for choice, left in votes) == pytest.approx(0.5, abs=0.05)


def test_a_side_that_is_given_is_kept() -> None:
    assert {left for _, left in _votes(panel("paper", 10, 1), 0.0, 50, left=Choice.B)} == {Choice.B}


def test_what_makes_no_sense_is_refused_in_words() -> None:
    people = panel("paper", 4, 1)
    with pytest.raises(ValueError, match="no rater preset is called 'expert'"):
        panel("expert", 4, 1)
    with pytest.raises(ValueError, match="at least one rater"):
        panel("paper", 0, 1)
    with pytest.raises(ValueError, match="a panel of 4 raters cannot give 5"):
        people.score_pairs({"a.b": 0.5}, seed=1)
    with pytest.raises(ValueError, match="slot 5 does not exist"):
        people.rate(pair_id="a.b", truth=0.5, slot=5, rater_id="sim_01", seed=1)
    with pytest.raises(ValueError, match="must lie between 0 and 1"):
        people.rate(pair_id="a.b", truth=1.5, slot=0, rater_id="sim_01", seed=1)
    with pytest.raises(KeyError, match="no rater nobody"):
        people.rate(pair_id="a.b", truth=0.5, slot=0, rater_id="nobody", seed=1)
