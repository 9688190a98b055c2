"""The reliability of a campaign: the right ratings, the right numbers, and numbers that follow."""

from __future__ import annotations

import json
from datetime import timedelta
from random import Random
from uuid import uuid4

import krippendorff
import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command

from annotation_site.accounts.models import Rater
from annotation_site.reliability import keeping
from annotation_site.reliability.keeping import MIN_AGE, report_kept
from annotation_site.reliability.loading import table_load
from annotation_site.reliability.numbers import dispersion_bins, report_as_dict, score_bins
from annotation_site.reliability.report import Report, report_compute
from annotation_site.reliability.selectors import campaign_choose
from annotation_site.scoring.models import Campaign, Rating, RatingState
from annotation_site.scoring.selectors import repeat_values
from annotation_site.scoring.services import rater_withdraw, rating_correct
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_rating, make_repeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(slug="autumn")


@pytest.fixture
def raters() -> list[Rater]:
    return [make_rater(is_simulated=number >= 4) for number in range(6)]


def rate(campaign: Campaign, raters: list[Rater], values: list[float]) -> None:
    """One more pair of the campaign, rated by the first raters."""
    pair = make_pair(campaign=campaign, painting=make_painting(), clip=make_clip())
    for rater, value in zip(raters, values, strict=False):
        make_rating(pair=pair, rater=rater, value=value)


def test_hand_worked_pairs(campaign: Campaign, raters: list[Rater]) -> None:
    rate(campaign, raters, [0.3, 0.4, 0.5, 0.6, 0.9])  # trimmed mean 0.5, ambiguous
    rate(campaign, raters, [0.8, 0.8, 0.8, 0.8, 0.8])  # trimmed mean 0.8, no dispersion
    rate(campaign, raters, [0.1, 0.2])  # begun
    report = report_compute(campaign=campaign, now=NOON)
    overall = report.found.overall
    assert (report.headline.n_pairs, overall.n_complete, overall.n_ambiguous, overall.n_ratings) == (3, 2, 1, 12)
    spread = float(np.std([0.3, 0.4, 0.5, 0.6, 0.9]))
    assert overall.dispersion is not None
    assert overall.dispersion.mean == pytest.approx(spread / 2)
    assert overall.dispersion.share_below_09 == 0.5
    scores = score_bins(overall)
    assert dict(zip(scores.edges, scores.counts, strict=False))[0.5] == 1
    assert dict(zip(scores.edges, scores.counts, strict=False))[0.8] == 1
    assert sum(dispersion_bins(overall).counts) == 2
    assert report.n_simulated == 2  # the fifth rater is a simulated one
    assert not report.is_synthetic


def test_alpha_is_that_of_the_krippendorff_package(campaign: Campaign, raters: list[Rater]) -> None:
    random = Random(5)
    matrix = np.full((6, 12), np.nan)
    for column in range(12):
        values = [round(random.random(), 2) for _ in range(random.randrange(1, 6))]
        matrix[: len(values), column] = values
        rate(campaign, raters, values)
    expected = krippendorff.alpha(reliability_data=matrix, level_of_measurement="interval")
    assert report_compute(campaign=campaign, now=NOON).found.overall.alpha.value == pytest.approx(expected, abs=1e-10)


def test_only_counted_ratings_of_this_campaign_are_loaded(campaign: Campaign, raters: list[Rater]) -> None:
    rate(campaign, raters, [0.3, 0.4, 0.5])
    rate(make_campaign(), raters, [0.9, 0.9, 0.9])
    Rating.objects.filter(rater=raters[0]).update(state=RatingState.SUPERSEDED)
    assert sorted(table_load(campaign=campaign).value_N.tolist()) == [0.4, 0.5]


def test_times_are_those_of_the_ratings(campaign: Campaign, raters: list[Rater]) -> None:
    pair = make_pair(campaign=campaign, painting=make_painting(), clip=make_clip())
    moments = [NOON + timedelta(days=number, microseconds=123_456) for number in range(3)]
    for rater, moment in zip(raters, moments, strict=False):
        make_rating(pair=pair, rater=rater, value=0.5, now=moment)
    times = table_load(campaign=campaign).time_N
    assert times is not None
    assert sorted(times.tolist()) == pytest.approx([moment.timestamp() for moment in moments], abs=1e-3)


def test_slices_are_of_the_pairs_that_they_name(campaign: Campaign, raters: list[Rater]) -> None:
    Rater.objects.filter(pk=raters[0].pk).update(role="artist")
    for style, values in (("Baroque", [0.1, 0.2, 0.4]), ("", [0.5, 0.9]), ("Ukiyo-e", [0.7, 0.8])):
        pair = make_pair(campaign=campaign, painting=make_painting(style=style), clip=make_clip())
        for rater, value in zip(raters, values, strict=False):
            make_rating(pair=pair, rater=rater, value=value)
    report = report_compute(campaign=campaign, now=NOON)
    tables = {table.name: {one.label: one.figures for one in table.slices} for table in report.found.slices}
    styles = tables["style of the painting"]
    assert {label: (one.n_pairs, one.n_ratings) for label, one in styles.items()} == {
        "Baroque": (1, 3),
        "Ukiyo-e": (1, 2),
    }
    groups = {label: one.n_ratings for label, one in tables["rater group"].items()}
    assert groups == {"painters, musicians, designers": 3, "not told": 4}
    assert "genre of the music" not in tables  # nobody said any


def test_a_campaign_without_ratings_is_undefined_not_an_error(campaign: Campaign) -> None:
    report = report_compute(campaign=campaign, now=NOON)
    assert report.found.overall.alpha.value is None
    assert report.found.overall.dispersion is None
    assert report.found.raters == ()
    json.dumps(report_as_dict(report=report), allow_nan=False)


def test_one_rating_alone_is_undefined_too(campaign: Campaign, raters: list[Rater]) -> None:
    rate(campaign, raters, [0.3])
    report = report_compute(campaign=campaign, now=NOON)
    assert report.found.overall.alpha.value is None
    (row,) = report.found.raters
    assert (row.bias, row.agreement) == (None, None)
    json.dumps(report_as_dict(report=report), allow_nan=False)


def test_a_dispersion_of_one_half_has_a_place_in_the_histogram(raters: list[Rater]) -> None:
    campaign = make_campaign(raters_per_pair=4)
    rate(campaign, raters, [0.0, 0.0, 1.0, 1.0])
    report = report_compute(campaign=campaign, now=NOON)
    assert report.found.overall.dispersion is not None
    assert report.found.overall.dispersion.mean == 0.5
    assert dispersion_bins(report.found.overall).counts[-1] == 1


def test_raters_stand_against_the_others(campaign: Campaign, raters: list[Rater]) -> None:
    for base in (0.2, 0.5, 0.8):
        rate(campaign, raters, [base - 0.1, base, base, base, base])
    report = report_compute(campaign=campaign, now=NOON)
    low = next(row for row in report.found.raters if row.rater == raters[0].pk)
    assert low.bias == pytest.approx(-0.1)
    assert low.agreement == pytest.approx(1.0)
    assert report.people[raters[0].pk].code == raters[0].code


def kept(campaign: Campaign, seconds: float = 0.0, **options: bool) -> Report:
    report = report_kept(campaign=campaign, now=NOON + timedelta(seconds=seconds), **options)
    assert report is not None
    return report


def test_the_kept_report_follows_a_new_rating_once_it_has_had_its_rest(
    campaign: Campaign, raters: list[Rater], monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(campaign, raters, [0.3, 0.4])
    first = kept(campaign)
    rate(campaign, raters, [0.5])
    assert kept(campaign, MIN_AGE.total_seconds() / 2, is_asked_for=True) == first
    monkeypatch.setattr(keeping, "REST_IS_TIMES", 1e9)
    assert kept(campaign, 60) == first
    assert kept(campaign, 60, is_asked_for=True).found.overall.n_ratings == 3
    monkeypatch.setattr(keeping, "REST_IS_TIMES", 0)
    rate(campaign, raters, [0.5])
    assert kept(campaign, 120).found.overall.n_ratings == 4


def test_the_kept_report_is_kept_while_nothing_changes(
    campaign: Campaign, raters: list[Rater], django_assert_max_num_queries: object
) -> None:
    rate(campaign, raters, [0.3, 0.4])
    first = kept(campaign)
    with django_assert_max_num_queries(4):  # type: ignore[operator]
        assert kept(campaign, 300).computed_at == first.computed_at


def test_a_withdrawal_a_changed_band_and_a_repeat_are_seen_too(campaign: Campaign, raters: list[Rater]) -> None:
    rate(campaign, raters, [0.3, 0.4, 0.5, 0.6, 0.9])
    assert kept(campaign).found.overall.n_ambiguous == 1
    campaign.band_low = 0.55
    assert kept(campaign, 600).found.overall.n_ambiguous == 0
    make_repeat(first=Rating.objects.get(rater=raters[0]), value=0.4)
    again = kept(campaign, 1200).retest
    assert again is not None
    assert again.n_repeats == 1
    rater_withdraw(rater=raters[1], now=NOON)
    assert kept(campaign, 1800).found.overall.n_ratings == 4


def test_two_who_ask_at_once_compute_once(campaign: Campaign, raters: list[Rater]) -> None:
    """Whoever comes while another computes gets the report before it, and waits only where there is none."""
    rate(campaign, raters, [0.3, 0.4])
    lock = f"reliability:computing:{campaign.pk}"
    cache.add(lock, True)
    assert report_kept(campaign=campaign, now=NOON, wait_s=0.0) is None
    cache.delete(lock)
    first = kept(campaign)
    rate(campaign, raters, [0.5])
    cache.add(lock, True)
    assert kept(campaign, 600) == first
    cache.delete(lock)
    assert kept(campaign, 600).found.overall.n_ratings == 3


def test_a_computation_that_fails_leaves_the_next_one_free(
    campaign: Campaign, raters: list[Rater], monkeypatch: pytest.MonkeyPatch
) -> None:
    rate(campaign, raters, [0.3, 0.4])
    with monkeypatch.context() as patched:
        patched.setattr(keeping, "report_compute", lambda **_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            kept(campaign)
    assert kept(campaign).found.overall.n_ratings == 2


def test_the_campaign_of_the_newest_rating_is_shown_first(campaign: Campaign, raters: list[Rater]) -> None:
    assert campaign_choose(slug=None) == campaign
    other = make_campaign(slug="winter", now=NOON - timedelta(days=9))
    rate(other, raters, [0.3])
    assert campaign_choose(slug=None) == other
    assert campaign_choose(slug="autumn") == campaign


def test_no_campaign_at_all_is_no_error() -> None:
    assert campaign_choose(slug=None) is None


def test_repeats_measure_their_raters_and_nothing_else(campaign: Campaign, raters: list[Rater]) -> None:
    for base in (0.2, 0.5, 0.8):
        rate(campaign, raters, [base - 0.1, base, base, base + 0.1, base + 0.05])
    before = report_compute(campaign=campaign, now=NOON)
    assert (before.retest, {row.retest for row in before.found.raters}) == (None, {None})
    for first, moved in zip(Rating.objects.filter(rater=raters[0]), (0.1, -0.1, 0.0), strict=True):
        make_repeat(first=first, value=first.value + moved)
    make_repeat(first=Rating.objects.filter(rater=raters[1], state=RatingState.COUNTED)[0], value=0.6)
    after = report_compute(campaign=campaign, now=NOON)
    assert after.found.overall == before.found.overall
    told = {row.rater: row.retest for row in after.found.raters}
    one, two = told[raters[0].pk], told[raters[1].pk]
    assert one is not None
    assert two is not None
    assert one.n_repeats == 3
    assert one.difference == pytest.approx(0.2 / 3)
    assert one.correlation == pytest.approx(np.corrcoef([0.1, 0.4, 0.7], [0.2, 0.3, 0.7])[0, 1])
    assert (two.n_repeats, two.correlation) == (1, None)
    assert two.difference == pytest.approx(0.4)
    assert after.retest is not None
    assert after.retest.n_repeats == 4
    row = next(row for row in report_as_dict(report=after)["raters"] if row["code"] == raters[0].code)
    assert row["retest"]["n_repeats"] == 3
    assert "rater" not in row["retest"]


def test_a_correction_of_a_repeat_is_what_stands(campaign: Campaign, raters: list[Rater]) -> None:
    rate(campaign, raters, [0.3, 0.4, 0.5, 0.6, 0.9])
    answer = make_repeat(first=Rating.objects.get(rater=raters[0]), value=0.9)
    rating_correct(rater=raters[0], rating_key=answer.key, key=uuid4(), value=0.4, now=NOON)
    (value,) = repeat_values(campaign=campaign, rater=raters[0])
    assert value == (raters[0].pk, 0.3, 0.4)
    assert repeat_values(campaign=campaign, rater=raters[1]) == []


def test_the_command_prints_the_numbers_and_json(
    campaign: Campaign, raters: list[Rater], capsys: pytest.CaptureFixture[str]
) -> None:
    rate(campaign, raters, [0.3, 0.4, 0.5, 0.6, 0.9])
    call_command("reliability", "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["campaign"], told["complete_pairs"], told["ratings"]) == ("autumn", 1, 5)
    assert told["paper"]["alpha"] == 0.86
    assert len(told["raters"]) == 5
    assert {"targets", "overall", "slices", "alpha_by_week", "aggregators", "screening", "model"} <= set(told)
    call_command("reliability", "--campaign", "autumn")
    assert "1 of 1 pairs complete" in capsys.readouterr().out


def test_the_command_names_the_campaigns_when_asked_for_one_that_is_not_there(campaign: Campaign) -> None:
    with pytest.raises(CommandError, match=r"no campaign 'spring'; there are: autumn"):
        call_command("reliability", "--campaign", "spring")
