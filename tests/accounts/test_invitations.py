"""Invitations: one link, one account; the token is stored nowhere."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from annotation_site.accounts.models import Invitation, Rater, User
from annotation_site.accounts.services import (
    CODE_LETTERS,
    INVITATION_LIFE,
    InvitationNotUsable,
    NewInvitation,
    invitation_accept,
    invitation_create,
    rater_create,
)
from tests.conftest import NOON
from tests.factories import make_admin, make_rater, make_user

pytestmark = pytest.mark.django_db

PASSWORD = "a kettle under the bridge"


def invite(now: datetime = NOON, **fields: object) -> NewInvitation:
    return invitation_create(created_by=make_admin(), now=now, **fields)  # type: ignore[arg-type]


def accept(made: NewInvitation, *, username: str = "vera", now: datetime = NOON, **fields: str) -> User:
    answers = {"password": PASSWORD} | fields
    return invitation_accept(token=made.token, username=username, now=now, random=Random(1), **answers)


def test_only_the_hash_of_the_token_is_stored() -> None:
    made = invite()
    stored = Invitation.objects.values().get()
    assert made.token not in str(stored)
    assert len(made.token) >= 40
    assert stored["expires_at"] == NOON + INVITATION_LIFE


def test_accepting_makes_a_rater_with_a_pseudonym_that_does_not_tell_who(now: datetime) -> None:
    user = accept(invite(email="vera@example.org"), background="painter")
    rater = Rater.objects.get(user=user)
    assert rater.code.startswith("R-")
    assert set(rater.code[2:]) <= set(CODE_LETTERS)
    assert (rater.background, rater.is_simulated, rater.consented_at) == ("painter", False, None)
    assert user.email == "vera@example.org"
    assert user.check_password(PASSWORD)
    assert not user.is_staff


def test_an_admin_invitation_makes_an_admin_who_is_no_rater() -> None:
    user = accept(invite(is_admin=True))
    assert user.is_staff
    assert user.is_superuser
    assert not Rater.objects.exists()


def test_a_link_makes_one_account_only() -> None:
    made = invite()
    accept(made)
    with pytest.raises(InvitationNotUsable, match="has been used"):
        accept(made, username="boris")
    assert User.objects.filter(username="boris").count() == 0


def test_a_link_runs_out() -> None:
    made = invite(life=timedelta(days=1))
    with pytest.raises(InvitationNotUsable):
        accept(made, now=NOON + timedelta(days=1))
    assert accept(made, now=NOON + timedelta(hours=23)).username == "vera"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"username": "taken"}, "username"),
        ({"username": "two words"}, "username"),
        ({"password": "short"}, "password"),
        ({"password": "vera-vera-vera", "username": "vera-vera-vera"}, "password"),
        ({"email": "TAKEN@example.org"}, "email"),
    ],
)
def test_a_wrong_answer_names_its_field_and_leaves_the_link_usable(fields: dict[str, str], field: str) -> None:
    make_user("taken")
    made = invite()
    with pytest.raises(ValidationError) as error:
        accept(made, **fields)  # type: ignore[arg-type]
    assert field in error.value.message_dict
    assert accept(made).username == "vera"


def test_a_user_becomes_a_rater_once() -> None:
    user = make_rater().user
    with pytest.raises(ValidationError, match="already"):
        rater_create(user=user, now=NOON, random=Random(1))


def test_a_code_that_is_taken_is_drawn_again() -> None:
    first = rater_create(user=make_user(), now=NOON, random=Random(7))
    second = rater_create(user=make_user(), now=NOON, random=Random(7))
    assert first.code != second.code


def test_the_page_makes_the_account_logs_in_and_goes_on(client: Client) -> None:
    made = invite(now=timezone.now())
    page = client.get(f"/join/{made.token}/")
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]
    answers = {"username": "vera", "password": PASSWORD, "password_again": PASSWORD, "background": "dancer"}
    response = client.post(f"/join/{made.token}/", answers)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(User.objects.get(username="vera").pk)


def test_the_page_says_what_to_mend_and_keeps_the_link(client: Client) -> None:
    made = invite(now=timezone.now())
    answers = {"username": "vera", "password": PASSWORD, "password_again": "something else"}
    response = client.post(f"/join/{made.token}/", answers)
    assert response.status_code == 422
    assert "not the same" in response.text
    assert PASSWORD not in response.text
    assert not User.objects.filter(username="vera").exists()


def test_an_address_that_is_taken_is_told_even_when_the_form_does_not_ask_for_it(client: Client) -> None:
    make_user("vera")
    made = invite(now=timezone.now(), email="vera@example.org")
    answers = {"username": "vera2", "password": PASSWORD, "password_again": PASSWORD}
    response = client.post(f"/join/{made.token}/", answers)
    assert response.status_code == 422
    assert "account with this e-mail address already" in response.text


@pytest.mark.parametrize("state", ["unknown", "used", "run out"])
def test_a_link_that_cannot_be_used_says_why(client: Client, state: str) -> None:
    made = invite(now=NOON)  # long before the page's own clock: it has run out
    token = "x" * 43 if state == "unknown" else made.token
    if state == "used":
        accept(made)
    response = client.get(f"/join/{token}/")
    words = {"unknown": "no such invitation", "used": "has been used", "run out": "has run out"}
    assert response.status_code == 410
    assert words[state] in response.text
