from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.work import campaigns_for
from annotation_site.leases.services import lease_hold, lease_skip
from annotation_site.scoring.models import Slot
from tests import factories
from tests.conftest import NOON
from tests.pages.conftest import logged_in


def test_a_stranger_is_asked_to_log_in(as_stranger: Client):
    answer = as_stranger.get("/")
    assert answer.status_code == 302
    assert answer.url == f"{reverse('account_login')}?next=/"


def test_an_admin_who_does_not_judge_goes_to_the_panel(as_admin: Client):
    assert as_admin.get("/").url == reverse("admin:index")


def test_an_admin_who_judges_too_finds_their_work(db):
    admin = factories.make_admin("both")
    factories.make_rater(user=admin)
    page = logged_in(admin).get("/")
    assert page.status_code == 200
    assert "Admin" in page.content.decode()


def test_a_user_who_is_no_rater_learns_why_there_is_nothing(db):
    page = logged_in(factories.make_user("ulla")).get("/")
    assert page.status_code == 403
    assert "Your account does not judge" in page.content.decode()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (RaterState.PAUSED, "You are on a pause"),
        (RaterState.WITHDRAWN, "You have withdrawn"),
        (RaterState.EXCLUDED, "Your part here has ended"),
    ],
)
def test_a_rater_who_is_not_active_is_told_so_kindly(db, state, words):
    rater = factories.make_rater(state=state)
    page = logged_in(rater.user).get("/")
    assert page.status_code == 403
    assert words in page.content.decode()


def test_a_rater_sees_open_campaigns_and_not_closed_ones(as_vera: Client):
    factories.make_pair(campaign=factories.make_campaign(name="Winter panel"))
    factories.make_campaign(name="Over and done", is_open=False)
    page = as_vera.get("/").content.decode()
    assert "Winter panel" in page
    assert "Over and done" not in page


def test_a_synthetic_campaign_says_so(as_vera: Client):
    factories.make_campaign(is_synthetic=True)
    assert "Synthetic demonstration data" in as_vera.get("/").content.decode()


def test_each_rater_sees_their_own_counts_only(as_vera: Client, vera: Rater, boris: Rater):
    campaign = factories.make_campaign()
    first, _second = factories.make_pair(campaign=campaign), factories.make_pair(campaign=campaign)
    factories.make_rating(pair=first, rater=boris, value=0.123456)
    (hers,) = campaigns_for(rater=vera)
    (his,) = campaigns_for(rater=boris)
    assert (hers.n_rated, hers.n_pairs_waiting) == (0, 2)
    assert (his.n_rated, his.n_pairs_waiting) == (1, 1)
    assert "0.12" not in as_vera.get("/").content.decode()


def test_what_is_complete_or_skipped_does_not_wait(vera: Rater):
    campaign = factories.make_campaign()
    for _ in range(3):
        factories.make_pair(campaign=campaign)
    factories.make_pair(campaign=campaign, completed_at=NOON, score=0.5, dispersion=0.1)
    (slot,) = lease_hold(model=Slot, rater=vera, campaign=campaign, count=1, now=NOON)
    lease_skip(model=Slot, rater=vera, token=slot.token, reason="other", note="", now=NOON + timedelta(minutes=1))
    (work,) = campaigns_for(rater=vera)
    assert work.n_pairs_waiting == 2
    assert not work.is_finished


def test_without_a_campaign_the_page_says_that_none_is_open(as_vera: Client):
    assert "No campaign is open just now" in as_vera.get("/").content.decode()
