"""A rater's own test-retest figures: right, and silent about which answer was to a hidden repeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest

from annotation_site.accounts.mine.consistency import LEAST, own_consistency
from annotation_site.accounts.models import Rater
from annotation_site.scoring.models import CORRECTABLE, Campaign, Rating
from annotation_site.scoring.services import rater_withdraw, rating_correct
from tests import factories
from tests.accounts.conftest import rate_all
from tests.conftest import NOON

FIRSTS = [0.1, 0.3, 0.5, 0.7, 0.9, 0.2, 0.4, 0.6, 0.8, 0.15]
SECONDS = [0.16, 0.2, 0.5, 0.8, 0.95, 0.5, 0.4, 0.55, 0.7, 0.2]
YESTERDAY = NOON - timedelta(days=1)
MINUTE = timedelta(minutes=1)


def repeat_all(ratings: list[Rating], seconds: list[float], *, start: datetime = YESTERDAY) -> list[Rating]:
    """Each pair comes back, a minute apart; then ten other answers follow, so that none can be corrected any more."""
    answers = [
        factories.make_repeat(first=first, value=value, now=start + number * MINUTE)
        for number, (first, value) in enumerate(zip(ratings, seconds, strict=False))
    ]
    rate_all(ratings[0].pair.campaign, ratings[0].rater, [0.5] * CORRECTABLE, start=start + timedelta(hours=1))
    return answers


def test_the_figures_are_those_of_first_and_second_marks(campaign: Campaign, vera: Rater, boris: Rater) -> None:
    repeat_all(rate_all(campaign, vera, FIRSTS), SECONDS)
    repeat_all(rate_all(campaign, boris, FIRSTS), [1 - value for value in FIRSTS])
    found = own_consistency(rater=vera, now=NOON)
    assert found is not None
    assert found.difference == pytest.approx(np.mean(np.abs(np.subtract(SECONDS, FIRSTS))), abs=1e-12)
    assert found.correlation == pytest.approx(np.corrcoef(FIRSTS, SECONDS)[0, 1], abs=1e-12)


def test_several_campaigns_are_taken_together(campaign: Campaign, vera: Rater) -> None:
    repeat_all(rate_all(campaign, vera, FIRSTS[:5]), SECONDS[:5])
    repeat_all(rate_all(factories.make_campaign(), vera, FIRSTS[5:]), SECONDS[5:])
    found = own_consistency(rater=vera, now=NOON)
    assert found is not None
    assert found.correlation == pytest.approx(np.corrcoef(FIRSTS, SECONDS)[0, 1], abs=1e-12)


def test_fewer_than_five_say_nothing(campaign: Campaign, vera: Rater) -> None:
    assert own_consistency(rater=vera, now=NOON) is None
    repeat_all(rate_all(campaign, vera, FIRSTS), SECONDS[: LEAST - 1])
    assert own_consistency(rater=vera, now=NOON) is None


def test_marks_that_do_not_vary_have_no_correlation(campaign: Campaign, vera: Rater) -> None:
    repeat_all(rate_all(campaign, vera, [0.5] * 5), SECONDS[:5])
    found = own_consistency(rater=vera, now=NOON)
    assert found is not None
    assert found.correlation is None


def test_no_answer_of_today_moves_the_figure(campaign: Campaign, vera: Rater) -> None:
    ratings = rate_all(campaign, vera, FIRSTS)
    repeat_all(ratings[:5], SECONDS[:5])
    before = own_consistency(rater=vera, now=NOON)
    assert before is not None
    repeat_all(ratings[5:], [0.0] * 5, start=NOON - timedelta(hours=3))
    assert own_consistency(rater=vera, now=NOON) == before
    assert own_consistency(rater=vera, now=NOON + timedelta(days=1)) != before


def test_it_moves_by_whole_fives_so_that_no_single_answer_is_seen_in_it(campaign: Campaign, vera: Rater) -> None:
    ratings = rate_all(campaign, vera, FIRSTS)
    repeat_all(ratings[:5], SECONDS[:5], start=YESTERDAY - timedelta(hours=6))
    before = own_consistency(rater=vera, now=NOON)
    for number in range(5, 10):
        assert own_consistency(rater=vera, now=NOON) == before
        repeat_all([ratings[number]], [0.0], start=YESTERDAY + number * timedelta(minutes=70) - timedelta(hours=6))
    assert own_consistency(rater=vera, now=NOON) != before


def test_what_can_still_be_corrected_is_not_in_it_so_a_correction_does_not_move_it(
    campaign: Campaign, vera: Rater
) -> None:
    ratings = rate_all(campaign, vera, FIRSTS)
    repeat_all(ratings[:5], SECONDS[:5], start=YESTERDAY - timedelta(hours=3))
    late = [
        factories.make_repeat(first=first, value=0.9, now=YESTERDAY + number * MINUTE)
        for number, first in enumerate(ratings[5:])
    ]
    before = own_consistency(rater=vera, now=NOON)
    assert before is not None
    for answer in late:
        rating_correct(rater=vera, rating_key=answer.key, key=uuid4(), value=0.0, now=NOON)
    assert own_consistency(rater=vera, now=NOON) == before


def test_ten_corrections_of_one_mark_do_not_settle_the_one_before(campaign: Campaign, vera: Rater) -> None:
    ratings = rate_all(campaign, vera, FIRSTS)
    answers = [
        factories.make_repeat(first=first, value=0.5, now=YESTERDAY + number * MINUTE)
        for number, first in enumerate(ratings[:5])
    ]
    last = rate_all(campaign, vera, [0.5], start=YESTERDAY + timedelta(hours=1))[0]
    for number in range(CORRECTABLE):
        now = YESTERDAY + timedelta(hours=2) + number * MINUTE
        last = rating_correct(rater=vera, rating_key=last.key, key=uuid4(), value=number / 20, now=now).rating
    assert own_consistency(rater=vera, now=NOON) is None
    assert rating_correct(rater=vera, rating_key=answers[4].key, key=uuid4(), value=0.1, now=NOON).is_new


def test_after_withdrawing_there_is_none(campaign: Campaign, vera: Rater) -> None:
    repeat_all(rate_all(campaign, vera, FIRSTS), SECONDS)
    rater_withdraw(rater=vera, now=NOON)
    assert own_consistency(rater=vera, now=NOON) is None
