"""Facts against independent arithmetic: the krippendorff package, plain numpy, counting by hand."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import krippendorff
import numpy as np
import pytest

from mpd_builder.build import build
from mpd_builder.facts import histogram
from mpd_builder.records import Background, Judgments, Protocol
from mpd_builder.snapshot import Dataset, Facts, Recipe
from tests.mpd_builder.small_judgments import small_judgments

RECIPE = Recipe("facts", min_ratings=3)
THEY = [
    *(("graduate", "Painting", 3), ("graduate", " painting ", 12), ("graduate", "PAINTING", None)),
    *(("graduate", "", 4), ("artist", "the oboe", 40), ("", "", 0), ("", "", 9), ("", "", 10), ("teacher", "", 20)),
]


@pytest.fixture(scope="module")
def judgments() -> Judgments:
    """The small judgments, some of them thinned out to three and four ratings, with days, backgrounds and protocols."""
    small = small_judgments()
    thinned = [rating for number, rating in enumerate(small.ratings) if number % 7 and number % 13 != 1]
    days = [date(2026, 1, 1 + number % 28) for number in range(len(thinned))]
    ratings = tuple(
        replace(rating, rated_on=day, protocol="1" if day.day < 20 else "2")
        for rating, day in zip(thinned, days, strict=True)
    )
    return replace(
        small,
        ratings=ratings,
        protocols=(
            Protocol("2", "# Protocol 2\n", date(2026, 1, 19)),
            Protocol("1", "# Protocol 1\n", date(2025, 12, 1)),
            Protocol("3", "# Nobody read it\n", date(2026, 5, 1)),
        ),
        backgrounds=(
            *(Background(f"R{number}", *answers) for number, answers in enumerate(THEY)),
            Background("R99", "graduate", "painting", 3),  # rated nothing
        ),
    )


@pytest.fixture(scope="module")
def data(judgments: Judgments) -> Dataset:
    return build(judgments, RECIPE)


@pytest.fixture(scope="module")
def facts(data: Dataset) -> Facts:
    return data.facts


@pytest.fixture(scope="module")
def values(judgments: Judgments) -> dict[str, list[float]]:
    """By pair, the ratings of those that are in."""
    found: dict[str, list[float]] = {}
    for rating in judgments.ratings:
        found.setdefault(rating.pair_id, []).append(rating.value)
    return {name: of_pair for name, of_pair in found.items() if len(of_pair) >= 3}


def rows(data: Dataset) -> list[dict[str, Any]]:
    return [row for table in data.pairs.values() for row in table.to_pylist()]


def test_alpha_is_that_of_the_krippendorff_package(facts: Facts, judgments: Judgments, values: dict[str, Any]) -> None:
    units = {name: place for place, name in enumerate(sorted(values))}
    matrix = np.full((9, len(units)), np.nan)
    for rating in judgments.ratings:
        if rating.pair_id in units:
            matrix[int(rating.rater_id[1:]), units[rating.pair_id]] = rating.value
    peer = krippendorff.alpha(reliability_data=matrix, level_of_measurement="interval")
    assert facts.alpha.value == pytest.approx(peer, abs=1e-6)
    assert (facts.alpha.n_units, facts.alpha.n_ratings) == (len(units), sum(map(len, values.values())))
    assert facts.alpha.low < facts.alpha.value < facts.alpha.high


def test_the_scores_reliability_is_alpha_stepped_up(facts: Facts) -> None:
    k = facts.alpha.n_ratings / facts.alpha.n_units
    for name in ("value", "low", "high"):
        single = getattr(facts.alpha, name)
        assert getattr(facts.score_alpha, name) == pytest.approx(k * single / (1 + (k - 1) * single), abs=1e-5)


def test_each_pairs_figures_are_those_of_numpy(data: Dataset, values: dict[str, list[float]]) -> None:
    assert {row["pair_id"] for row in rows(data)} == set(values)
    assert {len(of_pair) for of_pair in values.values()} == {3, 4, 5}
    for row in rows(data):
        of_pair = np.sort(values[row["pair_id"]])
        expected = {
            "score": of_pair[1:-1].mean(), "mean": of_pair.mean(), "median": np.median(of_pair),
            "dispersion": of_pair.std(), "sample_dispersion": of_pair.std(ddof=1), "n_ratings": len(of_pair),
        }  # fmt: skip
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-12)


def test_histograms_are_those_of_exact_decimals(data: Dataset, facts: Facts) -> None:
    for name, column, top in (("score_histogram", "score", 1.0), ("dispersion_histogram", "dispersion", 0.5)):
        told = getattr(facts, name)
        width = Decimal(top) / len(told)
        places = [min(int(Decimal(f"{row[column]:.9f}") / width), len(told) - 1) for row in rows(data)]
        assert list(told) == [places.count(place) for place in range(len(told))]
    assert (len(facts.score_histogram), len(facts.dispersion_histogram)) == (10, 20)


def test_the_largest_dispersion_there_is_lies_in_the_last_bin() -> None:
    assert histogram(np.array([0.0, 0.024, 0.025, 0.49, 0.5]), bins=20, top=0.5) == (2, 1, *(0,) * 16, 0, 2)


def test_means_are_those_of_the_rows(data: Dataset, facts: Facts) -> None:
    dispersions = np.array([row["dispersion"] for row in rows(data)])
    assert facts.score_mean == pytest.approx(np.mean([row["score"] for row in rows(data)]), abs=1e-6)
    assert facts.dispersion.mean == pytest.approx(dispersions.mean(), abs=1e-6)
    assert facts.dispersion.share_below_09 == pytest.approx((dispersions < 0.09).mean(), abs=1e-6)
    assert facts.dispersion.share_below_11 == pytest.approx((dispersions < 0.11).mean(), abs=1e-6)


def test_the_votes_alpha_is_that_of_the_package_on_both_namings(judgments: Judgments) -> None:
    whole = build(replace(small_judgments(), protocols=(), backgrounds=()), Recipe("votes"))
    for direction, fact in whole.facts.preferences.items():
        units = [row for row in whole.preferences.to_pylist() if row["direction"] == direction]
        counts = [(row["votes_a"], row["votes_b"]) for row in units] + [
            (row["votes_b"], row["votes_a"]) for row in units
        ]
        peer = krippendorff.alpha(value_counts=np.array(counts), level_of_measurement="nominal")
        assert fact.alpha.value == pytest.approx(peer, abs=1e-6)
        assert (fact.alpha.n_units, fact.alpha.n_ratings) == (len(units), 3 * len(units))


def test_a_preferences_agreement_is_the_winners_share(judgments: Judgments) -> None:
    tied = {vote.task_id for vote in judgments.votes[:1]}
    votes = tuple(vote for vote in small_judgments().votes if vote.task_id not in tied)
    split = [vote for vote in small_judgments().votes if vote.task_id in tied][:2]
    two = (replace(split[0], choice="a"), replace(split[1], choice="b"))
    found = build(replace(small_judgments(), votes=votes + two), Recipe("two", votes_needed=2)).preferences.to_pylist()
    for row in found:
        most = max(row["votes_a"], row["votes_b"])
        assert row["agreement"] == (most / (row["votes_a"] + row["votes_b"]) if row["winner"] else None)
    assert {row["agreement"] for row in found} == {None, 2 / 3, 1.0}


def test_days_are_those_of_the_first_and_the_last_rating_that_counts(facts: Facts, judgments: Judgments) -> None:
    assert (facts.collected_from, facts.collected_until) == ("2026-01-01", "2026-01-28")
    undated = replace(judgments, ratings=tuple(replace(rating, rated_on=None) for rating in judgments.ratings))
    assert build(undated, RECIPE).facts.collected_from == ""


def test_protocols_are_those_that_ratings_carry_in_the_order_of_their_publication(data: Dataset) -> None:
    told = data.facts.protocol_versions
    assert [(each.label, each.published_on) for each in told] == [("1", "2025-12-01"), ("2", "2026-01-19")]
    assert {each.label: each.ratings for each in told} == data.facts.protocols
    assert set(data.protocols) == {"1", "2"}
    for each in told:
        assert each.digest == hashlib.sha256(data.protocols[each.label].encode()).hexdigest()


def test_answers_that_fewer_than_three_raters_gave_are_counted_together(facts: Facts) -> None:
    assert facts.raters == 9
    assert facts.backgrounds == {
        "role": {"": 3, "graduate": 4, "other": 2},
        "discipline": {"": 5, "other": 1, "painting": 3},
        "training_years": {"other": 9},
    }


def test_years_of_training_are_told_in_bands(judgments: Judgments) -> None:
    years = (None, 0, 0, 0, 9, 5, 7, 60, 20)
    told = tuple(Background(f"R{number}", training_years=each) for number, each in enumerate(years))
    found = build(replace(judgments, backgrounds=told), RECIPE).facts.backgrounds["training_years"]
    assert found == {"0": 3, "5 to 9": 3, "other": 3}


def test_styles_and_genres_count_paintings_and_clips(judgments: Judgments) -> None:
    paintings = tuple(replace(each, style="Cubism" if n % 2 else "") for n, each in enumerate(judgments.paintings))
    tracks = tuple(replace(each, genre="jazz" if n else "") for n, each in enumerate(judgments.tracks))
    found = build(replace(judgments, paintings=paintings, tracks=tracks), RECIPE).facts
    assert found.styles == {"": 7, "Cubism": 7}
    assert found.genres == {"": 2, "jazz": 10}


def test_all_facts_survive_the_manifest(facts: Facts) -> None:
    assert Facts.from_dict(facts.to_dict()) == Facts.from_dict(Facts.from_dict(facts.to_dict()).to_dict())
    assert Facts.from_dict(facts.to_dict()).to_dict() == facts.to_dict()
