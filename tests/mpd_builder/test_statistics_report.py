"""The whole report: complete, as JSON, true to the paper's preset, and quick."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from statistics import fmean

import numpy as np
import pytest

from mpd_builder.rater_statistics import retest_statistics
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.rules import Aggregator
from mpd_builder.statistics.figures import Settings
from mpd_builder.statistics.flags import FlagKind
from mpd_builder.statistics.groupings import grouping
from mpd_builder.statistics.ratings import rating_table
from mpd_builder.statistics.report import campaign_report
from mpd_builder.synthetic.latents import spread
from mpd_builder.synthetic.raters import panel
from mpd_builder.synthetic.truth import coherence
from tests.mpd_builder.simulated_ratings import sparse_ratings

WIDE = Settings(scale=(-3.0, 4.0), resamples=40)
WEEK_S = 7 * 86_400


def panel_table(seed, pairs=4000, raters=35):
    """Ratings by the simulated panel of the paper's preset, on the coherence of random pairs."""
    rng = np.random.default_rng(seed)
    painted, composed = spread(300, rng), spread(300, rng)
    chosen = rng.choice(90_000, pairs, replace=False).tolist()
    truths = {f"p{i // 300}.c{i % 300}": coherence(painted[i // 300], composed[i % 300]) for i in chosen}
    ratings = panel("paper", raters, seed).score_pairs(truths, seed=seed)
    return rating_table(
        [rating.pair_id for rating in ratings],
        [rating.rater_id for rating in ratings],
        [rating.value for rating in ratings],
        times=[1.76e9 + 40.0 * number for number in range(len(ratings))],
        active_ms=[rating.active_ms for rating in ratings],
    )


def test_the_papers_preset_gives_the_papers_figures():
    """Over four seeds of 4,000 pairs and 35 raters: 0.078, 84.8 %, 99.0 %, 0.86, each to within 0.01."""
    reports = [campaign_report(panel_table(seed), settings=Settings(resamples=0)).overall for seed in range(1, 5)]
    assert fmean(one.dispersion.mean for one in reports) == pytest.approx(0.078, abs=0.01)
    assert fmean(one.dispersion.share_below_09 for one in reports) == pytest.approx(0.848, abs=0.01)
    assert fmean(one.dispersion.share_below_11 for one in reports) == pytest.approx(0.990, abs=0.01)
    assert fmean(one.alpha.value for one in reports) == pytest.approx(0.86, abs=0.01)
    assert fmean(one.icc.single.value for one in reports) == pytest.approx(0.86, abs=0.01)
    for one in reports:
        assert one.alpha.low < one.alpha.value < one.alpha.high
        assert one.bootstrap is None


def test_nobody_of_an_ordinary_panel_is_proposed_or_shifted():
    report = campaign_report(panel_table(1), settings=Settings(resamples=0))
    assert report.screening.proposed == ()
    kinds = {flag.kind for rater in report.raters for flag in rater.flags}
    assert kinds <= {FlagKind.TOO_FAST}  # the careless ones are quick
    assert len(report.raters) == 35


def a_report(**options):
    planted = sparse_ratings(
        90,
        n_raters=9,
        unequal=True,
        times=lambda units, raters, rng: 1.7e9 + WEEK_S * 3 * rng.random(len(units)),
        active_ms=lambda units, raters, rng: 20_000.0 + raters,
    )
    table = planted.table
    return table, campaign_report(table, settings=WIDE, **options)


def test_everything_is_in_it():
    styles = [["Baroque", "Cubism", None][unit % 3] for unit in range(90)]
    retests = retest_statistics([3, 3, 3], [0.1, 0.5, 0.7], [0.2, 0.5, 0.6])
    table, _ = a_report()
    report = campaign_report(
        table,
        settings=WIDE,
        groupings=[grouping("style", [styles[unit] for unit in table.unit_N])],
        clusters={"painting": table.unit_N // 4},
        retests=retests,
    )
    assert [one.name for one in report.slices] == ["style", "week", "score band"]
    assert [one.label for one in report.slices[0].slices] == ["Baroque", "Cubism"]
    assert sum(one.figures.n_ratings for one in report.slices[1].slices) == len(table) == report.overall.n_ratings
    assert [one.rater for one in report.raters] == list(range(9))
    assert report.raters[3].retest == retests[0]
    assert [one.aggregator for one in report.aggregators] == list(Aggregator)
    assert len(report.model.raters) == 9
    (painting,) = report.clustered
    assert painting.alpha == krippendorff_alpha(table.unit_N, table.value_N, clusters=table.unit_N // 4)
    assert report.overall.bootstrap.low < report.overall.alpha.value < report.overall.bootstrap.high


def test_it_goes_into_json_without_a_nan_and_is_the_same_again():
    _, report = a_report()
    assert json.loads(json.dumps(asdict(report), allow_nan=False))["overall"]["n_pairs"] == report.overall.n_pairs
    assert a_report()[1] == report


def test_a_table_without_times_has_no_weeks():
    report = campaign_report(sparse_ratings(20).table, settings=WIDE)
    assert [one.name for one in report.slices] == ["score band"]
    assert {one.drift for one in report.raters} == {None}


@pytest.mark.parametrize(
    "rows",
    [[], [(1, 1, 0.5)], [(1, 1, 0.5), (1, 2, 0.5)], [(1, 1, 0.2), (1, 2, 0.8)], [(1, 1, 0.1), (2, 1, 0.4)]],
    ids=["nothing", "one rating", "constant", "one pair", "one rater"],
)
def test_the_least_that_a_campaign_can_hold_is_reported_without_a_nan(rows):
    units, raters, values = zip(*rows, strict=True) if rows else ((), (), ())
    report = campaign_report(rating_table(units, raters, values, times=values), settings=Settings(resamples=5))
    json.dumps(asdict(report), allow_nan=False)
    assert report.overall.n_ratings == len(rows)
    assert report.overall.scores is None


def test_the_papers_size_is_reported_within_seconds():
    planted = sparse_ratings(
        50_000,
        active_ms=lambda units, raters, rng: rng.integers(15_000, 30_000, len(units)),
        times=lambda units, raters, rng: 1.76e9 + np.sort(rng.random(len(units))) * 12 * WEEK_S,
    )
    table = planted.table
    groupings = [grouping("style", table.unit_N % 5), grouping("source", table.unit_N % 3)]
    groupings.append(grouping("rater group", table.rater_N % 3))
    started = time.process_time()
    report = campaign_report(table, settings=Settings(scale=(-3.0, 4.0)), groupings=groupings)
    assert time.process_time() - started < 10  # 3 s alone on a core of two that are shared with others
    assert report.overall.n_ratings == 250_000
    assert [len(one.slices) for one in report.slices] == [5, 3, 3, 13, 3]
