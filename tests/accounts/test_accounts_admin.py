"""People in the admin panel: who gets in, what each action says first, what it changes."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone
from rest_framework.authtoken.models import Token

from annotation_site.accounts.models import Invitation, Rater, RaterState, User
from annotation_site.accounts.services import token_hash
from annotation_site.leases.models import SlotState
from annotation_site.scoring.models import Rating, RatingState
from tests.factories import make_admin, make_pair, make_rater, make_rating, make_user

pytestmark = pytest.mark.django_db

PAGES = ["", "accounts/user/", "accounts/user/add/", "accounts/rater/", "accounts/rater/add/", "accounts/invitation/"]


@pytest.fixture
def admin_client_() -> Client:
    client = Client()
    client.force_login(make_admin("ada"))
    return client


@pytest.mark.parametrize("path", PAGES)
def test_admins_only(path: str, admin_client_: Client) -> None:
    stranger, rater, plain = Client(), Client(), Client()
    rater.force_login(make_rater().user)
    plain.force_login(make_user())
    assert admin_client_.get(f"/admin/{path}").status_code == 200
    response = stranger.get(f"/admin/{path}", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")
    assert rater.get(f"/admin/{path}", follow=True).status_code == 403
    assert plain.get(f"/admin/{path}", follow=True).status_code == 403


def test_the_panel_has_no_log_in_of_its_own_that_would_get_round_the_second_factor() -> None:
    make_admin("ada", password="correct horse battery")
    response = Client().post("/admin/login/", {"username": "ada", "password": "correct horse battery"})
    assert response["Location"].startswith("/accounts/login/")


def test_tables_that_nobody_should_touch_here_are_not_in_the_panel() -> None:
    assert not {Group, Authenticator} & set(admin.site._registry)


def test_the_link_of_an_invitation_is_shown_once_and_works(admin_client_: Client, client: Client) -> None:
    response = admin_client_.post("/admin/accounts/invitation/add/", {"email": "", "note": "Vera", "days": "7"})
    (link,) = re.findall(r"http://testserver(/join/[\w-]+/)", response.text)
    invitation = Invitation.objects.get()
    assert invitation.token_hash == token_hash(link.split("/")[2])
    assert (invitation.expires_at - invitation.created_at).days == 7
    assert "no-store" in response["Cache-Control"]
    for page in ("", f"{invitation.pk}/change/"):
        assert link.split("/")[2] not in admin_client_.get(f"/admin/accounts/invitation/{page}").text
    assert client.get(link).status_code == 200


def test_an_unused_invitation_can_be_called_back_and_a_used_one_stays(admin_client_: Client) -> None:
    for note in ("open", "used"):
        admin_client_.post("/admin/accounts/invitation/add/", {"note": note, "days": "7"})
    Invitation.objects.filter(note="used").update(used_at=timezone.now())
    for invitation in Invitation.objects.all():
        chosen = {"action": "delete_selected", "_selected_action": [str(invitation.pk)], "post": "yes"}
        admin_client_.post("/admin/accounts/invitation/", chosen)
    used = Invitation.objects.get()
    assert used.note == "used"
    assert admin_client_.get(f"/admin/accounts/invitation/{used.pk}/delete/").status_code == 403


@pytest.mark.parametrize(("kind", "state"), [("exclude", RaterState.EXCLUDED), ("withdraw", RaterState.WITHDRAWN)])
def test_taking_a_rater_out_says_first_what_changes_and_then_does_it(
    admin_client_: Client, kind: str, state: RaterState
) -> None:
    pair, raters = make_pair(), [make_rater() for _ in range(5)]
    for rater, value in zip(raters, (0.2, 0.3, 0.4, 0.5, 0.9), strict=True):
        make_rating(pair=pair, rater=rater, value=value)
    assert pair.score == pytest.approx(0.4)
    chosen = {"action": f"{kind}_raters", "_selected_action": [str(raters[4].pk)]}
    page = admin_client_.post("/admin/accounts/rater/", chosen, follow=True)
    assert "1 ratings on 1 pairs no longer count" in page.text
    assert "1 complete pairs open again" in page.text
    pair.refresh_from_db()
    assert pair.score is not None  # nothing has changed yet
    admin_client_.post(page.redirect_chain[-1][0])
    pair.refresh_from_db()
    raters[4].refresh_from_db()
    assert pair.score is None
    assert (pair.rating_count, raters[4].state) == (4, state)
    assert pair.slots.filter(state=SlotState.FREE).count() == 1
    assert Rating.objects.get(rater=raters[4]).state == RatingState.WITHDRAWN


def test_the_buttons_of_a_raters_page_lead_to_the_question(admin_client_: Client) -> None:
    rater = make_rater()
    response = admin_client_.get(f"/admin/accounts/rater/{rater.pk}/withdraw_one/", follow=True)
    assert f"Withdraw {rater.code}?" in response.text
    rater.refresh_from_db()
    assert rater.state == RaterState.ACTIVE


@pytest.mark.parametrize("address", ["retire/exclude/?ids=", "retire/exclude/?ids=999,x"])
def test_taking_nobody_out_asks_to_choose(admin_client_: Client, address: str) -> None:
    response = admin_client_.get(f"/admin/accounts/rater/{address}", follow=True)
    assert "Choose at least one rater" in response.text


def test_there_is_no_third_way_to_take_a_rater_out(admin_client_: Client) -> None:
    rater = make_rater()
    assert admin_client_.get(f"/admin/accounts/rater/retire/erase/?ids={rater.pk}").status_code == 404
    assert admin_client_.get(f"/admin/accounts/rater/{rater.pk}/delete/").status_code == 403


def test_pausing_and_resuming_leave_the_ratings_alone(admin_client_: Client) -> None:
    rater = make_rater()
    chosen = {"_selected_action": [str(rater.pk)]}
    admin_client_.post("/admin/accounts/rater/", chosen | {"action": "pause_raters"})
    rater.refresh_from_db()
    assert rater.state == RaterState.PAUSED
    admin_client_.post("/admin/accounts/rater/", chosen | {"action": "resume_raters"})
    rater.refresh_from_db()
    assert rater.state == RaterState.ACTIVE


def test_resuming_does_not_bring_back_who_withdrew(admin_client_: Client) -> None:
    rater = make_rater(state=RaterState.WITHDRAWN)
    admin_client_.post("/admin/accounts/rater/", {"_selected_action": [str(rater.pk)], "action": "resume_raters"})
    rater.refresh_from_db()
    assert rater.state == RaterState.WITHDRAWN


def test_an_admin_can_make_a_user_a_rater(admin_client_: Client) -> None:
    user = User.objects.get(username="ada")
    response = admin_client_.post("/admin/accounts/rater/add/", {"user": user.pk, "background": "piano"})
    assert response.status_code == 302
    rater = Rater.objects.get(user=user)
    assert rater.code.startswith("R-")
    assert rater.background == "piano"


def test_the_list_counts_each_raters_counted_ratings_only(admin_client_: Client) -> None:
    rater = make_rater()
    make_rating(pair=make_pair(), rater=rater, value=0.3)
    withdrawn = make_rating(pair=make_pair(), rater=rater, value=0.3)
    Rating.objects.filter(pk=withdrawn.pk).update(state=RatingState.WITHDRAWN)
    page = admin_client_.get("/admin/accounts/rater/").text
    assert f'rater__id__exact={rater.pk}">1</a>' in page
    theirs = admin_client_.get("/admin/scoring/rating/", {"rater__id__exact": rater.pk})
    assert theirs.status_code == 200
    assert theirs.context["cl"].result_count == 2


def test_resetting_access_asks_first_and_keeps_the_password(admin_client_: Client) -> None:
    user = make_user("vera", password="a kettle under")
    Token.objects.create(user=user)
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    address = f"/admin/accounts/user/{user.pk}/reset_access/"
    assert "The password stays" in admin_client_.get(address).text
    assert Token.objects.exists()
    admin_client_.post(address)
    assert not Token.objects.exists()
    assert not Authenticator.objects.exists()
    user.refresh_from_db()
    assert user.check_password("a kettle under")


def test_nobody_deletes_themselves_or_someone_who_rated(admin_client_: Client) -> None:
    own, vera, idle = User.objects.get(username="ada"), make_rater().user, make_user()
    codes = [admin_client_.get(f"/admin/accounts/user/{one.pk}/delete/").status_code for one in (own, vera, idle)]
    assert codes == [403, 403, 200]
