"""Tokens, the second factor, and what the API says of the person who asks."""

from __future__ import annotations

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from tests.factories import make_admin, make_rater, make_user

pytestmark = pytest.mark.django_db

ADDRESS = "/api/v1/token/"
PASSWORD = "a kettle under the bridge"


def ask(client: APIClient, **fields: str) -> tuple[int, dict[str, str]]:
    response = client.post(ADDRESS, {"username": "ada", "password": PASSWORD} | fields, format="json")
    return response.status_code, response.json()


def test_a_token_opens_what_its_person_may_see(stranger: APIClient) -> None:
    make_admin("ada", password=PASSWORD)
    status, told = ask(stranger)
    assert status == 200
    stranger.credentials(HTTP_AUTHORIZATION=f"Token {told['token']}")
    assert stranger.get("/api/v1/paintings/").status_code == 200
    assert stranger.get("/api/v1/me/").json() == {"username": "ada", "is_admin": True, "rater": None}


def test_a_raters_token_opens_no_admin_list(stranger: APIClient) -> None:
    rater = make_rater("ada", password=PASSWORD)
    _, told = ask(stranger)
    stranger.credentials(HTTP_AUTHORIZATION=f"Token {told['token']}")
    assert stranger.get("/api/v1/paintings/").status_code == 403
    assert stranger.get("/api/v1/me/").json()["rater"] == rater.code


def test_a_token_given_back_opens_nothing(stranger: APIClient) -> None:
    make_admin("ada", password=PASSWORD)
    _, told = ask(stranger)
    stranger.credentials(HTTP_AUTHORIZATION=f"Token {told['token']}")
    assert stranger.delete("/api/v1/me/token/").status_code == 204
    refused = stranger.get("/api/v1/me/")
    assert (refused.status_code, refused.json()["code"]) == (401, "authentication_failed")


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_credentials_do_not_tell_which_is_wrong(stranger: APIClient, fields: dict[str, str]) -> None:
    make_admin("ada", password=PASSWORD)
    status, told = ask(stranger, **fields)
    assert (status, told["code"]) == (401, "wrong_credentials")
    assert not Token.objects.exists()


def test_who_was_deactivated_gets_no_token_and_an_old_one_dies(stranger: APIClient) -> None:
    user = make_admin("ada", password=PASSWORD)
    _, told = ask(stranger)
    user.is_active = False
    user.save()
    assert ask(stranger)[0] == 401
    stranger.credentials(HTTP_AUTHORIZATION=f"Token {told['token']}")
    assert stranger.get("/api/v1/me/").status_code == 401


def test_guessing_is_stopped_even_with_the_right_password_at_the_end(stranger: APIClient) -> None:
    make_admin("ada", password=PASSWORD)
    statuses = [ask(stranger, password=f"guess {number}")[0] for number in range(7)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert ask(stranger) == (
        429,
        {"code": "throttled", "detail": "Too many failed attempts. Wait a few minutes, then try again."},
    )


def test_the_password_alone_is_not_enough_with_a_second_factor(stranger: APIClient) -> None:
    user = make_admin("ada", password=PASSWORD)
    secret = "JBSWY3DPEHPK3PXP"
    TOTP.activate(user, secret)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    status, told = ask(stranger)
    assert (status, told["code"]) == (401, "second_factor_needed")
    assert ask(stranger, code="000000")[1]["code"] == "second_factor_needed"
    assert not Token.objects.exists()
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    assert ask(stranger, code=code)[0] == 200
    assert ask(stranger, code=codes[0])[0] == 200
    assert ask(stranger, code=codes[0])[0] == 401  # a recovery code works once


def test_an_incomplete_request_says_what_is_missing(stranger: APIClient) -> None:
    response = stranger.post(ADDRESS, {"username": "ada"}, format="json")
    assert (response.status_code, response.json()["code"]) == (400, "invalid")
    assert "password" in response.json()["fields"]


def test_a_session_needs_the_csrf_token_to_write() -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(make_admin())
    response = client.post("/api/v1/imports/", {"path": "/tmp"}, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")


def test_strangers_are_told_to_log_in(stranger: APIClient) -> None:
    response = stranger.get("/api/v1/me/")
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Token"


def test_someone_who_does_not_judge_has_no_pseudonym(stranger: APIClient) -> None:
    stranger.force_authenticate(make_user("paul"))
    assert stranger.get("/api/v1/me/").json() == {"username": "paul", "is_admin": False, "rater": None}
