from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client
from django.urls import reverse

from tests import factories
from tests.pages.conftest import logged_in

LOGIN, LOGOUT, PASSWORD = reverse("account_login"), reverse("account_logout"), reverse("account_change_password")


def test_a_rater_logs_in_and_finds_their_work(as_stranger: Client, db):
    factories.make_rater("vera", password="a long password")
    page = as_stranger.post(LOGIN, {"login": "vera", "password": "a long password"}, follow=True)
    assert page.redirect_chain == [("/", 302)]
    assert "Your work" in page.content.decode()
    assert "Successfully signed in" not in page.content.decode(), "that is plain to see"


def test_a_wrong_password_is_said_in_words(as_stranger: Client, db):
    factories.make_rater("vera", password="a long password")
    page = as_stranger.post(LOGIN, {"login": "vera", "password": "no"})
    assert 'role="alert"' in page.content.decode()
    assert 'value="vera"' in page.content.decode(), "the name need not be typed again"


def test_four_people_at_the_account_pages(as_vera, as_boris, as_admin, as_stranger):
    for address in (LOGOUT, PASSWORD, reverse("mfa_index")):
        for client in (as_vera, as_boris, as_admin):
            page = client.get(address, follow=True)
            assert page.status_code == 200
            assert "css/tokens.css" in page.content.decode(), f"{address} is in our own look"
        assert as_stranger.get(address).status_code == 302
    assert as_stranger.get(LOGIN).status_code == 200
    assert as_vera.get(LOGIN).url == "/"


def test_logging_out_needs_a_form(as_vera: Client):
    assert as_vera.get(LOGOUT).status_code == 200
    assert as_vera.get("/").status_code == 200
    assert as_vera.post(LOGOUT).url == LOGIN
    assert as_vera.get("/").status_code == 302


def test_a_password_is_changed(db):
    rater = factories.make_rater("vera", password="a long password")
    client = logged_in(rater.user)
    new = "another long password"
    client.post(PASSWORD, {"oldpassword": "a long password", "password1": new, "password2": new})
    rater.user.refresh_from_db()
    assert rater.user.check_password(new)


def test_a_weak_password_is_refused_in_words(db):
    rater = factories.make_rater("vera", password="a long password")
    page = logged_in(rater.user).post(
        PASSWORD, {"oldpassword": "a long password", "password1": "short", "password2": "short"}
    )
    assert "errorlist" in page.content.decode()
    rater.user.refresh_from_db()
    assert rater.user.check_password("a long password")


@pytest.mark.parametrize("name", ["account_signup", "account_reset_password"])
def test_the_other_ways_in_wear_the_same_look(as_stranger: Client, name):
    page = as_stranger.get(reverse(name)).content.decode()
    assert "css/tokens.css" in page
    assert "<form" not in page or "csrfmiddlewaretoken" in page


def test_a_second_factor_is_asked_for_in_our_words(as_stranger: Client, db):
    rater = factories.make_rater("vera", password="a long password")
    secret = generate_totp_secret()
    TOTP.activate(rater.user, secret)
    page = as_stranger.post(LOGIN, {"login": "vera", "password": "a long password"}, follow=True)
    assert page.redirect_chain == [(reverse("mfa_authenticate"), 302)]
    assert "six digits" in page.content.decode()
    assert as_stranger.get("/").status_code == 302, "half logged in is not logged in"

    wrong = as_stranger.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "errorlist" in wrong.content.decode()
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    assert as_stranger.post(reverse("mfa_authenticate"), {"code": code}).url == "/"


def test_the_pages_of_the_second_factor_wear_our_look(db):
    factories.make_rater("vera", password="a long password")
    client = Client()
    client.post(LOGIN, {"login": "vera", "password": "a long password"})
    client.get(reverse("mfa_activate_totp"))
    again = reverse("account_reauthenticate") + "?next=" + reverse("mfa_activate_totp")
    assert "css/tokens.css" in client.get(again).content.decode()
    page = client.post(again, {"password": "a long password"}, follow=True).content.decode()
    assert "css/tokens.css" in page
    assert 'class="qr"' in page
    assert 'class="button' in page


def test_nobody_is_sent_to_wait_for_a_mail_that_may_never_be_sent(as_vera: Client, as_stranger: Client):
    """Without a mail server nothing arrives: whoever invited a person can set a password."""
    assert reverse("account_reset_password") not in as_vera.get(PASSWORD).content.decode()
    assert reverse("account_reset_password") not in as_stranger.get(LOGIN).content.decode()
