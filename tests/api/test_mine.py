"""A rater's own part by program, tried by the rater, another one, an admin, someone with no role, and a stranger."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.services import rater_pause
from annotation_site.scoring.models import Rating, RatingState, SlotState
from tests.factories import make_admin, make_pair, make_rater, make_rating

pytestmark = pytest.mark.django_db

PAUSE, RESUME, WITHDRAW, DATA = (f"/api/v1/me/{name}/" for name in ("pause", "resume", "withdraw", "data"))
POSTS = (PAUSE, RESUME, WITHDRAW)


@pytest.fixture
def rater(vera: APIClient) -> Rater:
    return Rater.objects.get(user__username="vera")


def part(rater: Rater) -> tuple[str, bool]:
    rater.refresh_from_db()
    return rater.state, rater.is_own_pause


def send(client: APIClient, address: str, **body: str) -> tuple[int, dict[str, object]]:
    answer = client.post(address, body, format="json")
    return answer.status_code, answer.json()


def test_strangers_are_told_to_log_in(stranger: APIClient, rater: Rater) -> None:
    for address in POSTS:
        status, told = send(stranger, address, code=rater.code)
        assert (status, told["code"]) == (401, "not_authenticated")
    assert stranger.get(DATA).status_code == 401
    assert part(rater) == (RaterState.ACTIVE, False)


def test_who_does_not_judge_has_no_part(ada: APIClient, plain: APIClient, rater: Rater) -> None:
    for client in (ada, plain):
        for address in POSTS:
            status, told = send(client, address, code=rater.code)
            assert (status, told["code"]) == (403, "not_a_rater")
        assert client.get(DATA).json()["code"] == "not_a_rater"
    assert part(rater) == (RaterState.ACTIVE, False)


def test_another_rater_moves_only_themselves(vera: APIClient, rater: Rater) -> None:
    boris = make_rater("boris")
    client = APIClient()
    client.force_authenticate(boris.user)
    assert send(client, WITHDRAW, code=rater.code)[0] == 400
    assert send(client, PAUSE)[1]["code"] == boris.code
    assert part(rater) == (RaterState.ACTIVE, False)
    assert send(client, WITHDRAW, code=boris.code) == (
        200,
        {"code": boris.code, "state": "withdrawn", "is_own_pause": False},
    )
    assert part(rater) == (RaterState.ACTIVE, False)


def test_a_rater_pauses_and_goes_on_and_twice_is_as_once(vera: APIClient, rater: Rater) -> None:
    for _ in range(2):
        assert send(vera, PAUSE) == (200, {"code": rater.code, "state": "paused", "is_own_pause": True})
    for _ in range(2):
        assert send(vera, RESUME) == (200, {"code": rater.code, "state": "active", "is_own_pause": False})


def test_a_pause_by_an_admin_stays(vera: APIClient, rater: Rater) -> None:
    rater_pause(rater=rater)
    status, told = send(vera, RESUME)
    assert (status, told["code"]) == (409, "pause_not_yours")
    assert part(rater) == (RaterState.PAUSED, False)


@pytest.mark.parametrize("state", [RaterState.EXCLUDED, RaterState.WITHDRAWN])
def test_who_is_out_stays_out_and_still_gets_their_data(vera: APIClient, rater: Rater, state: RaterState) -> None:
    Rater.objects.filter(pk=rater.pk).update(state=state)
    for address in (PAUSE, RESUME):
        status, told = send(vera, address)
        assert (status, told["code"]) == (403, f"rater_{state.value}")
    assert send(vera, WITHDRAW, code=rater.code)[1]["state"] == state
    assert part(rater) == (state, False)
    assert zipped(vera, rater)


def test_withdrawing_takes_the_code_and_opens_the_places(vera: APIClient, rater: Rater) -> None:
    rating = make_rating(pair=make_pair(), rater=rater, value=0.3)
    for body in ({}, {"code": ""}, {"code": "R-WRONG2"}):
        status, told = send(vera, WITHDRAW, **body)
        assert (status, told["code"]) == (400, "invalid")
        assert "code" in told["fields"]
    assert Rating.objects.get().state == RatingState.COUNTED
    for _ in range(2):
        status, told = send(vera, WITHDRAW, code=rater.code)
        assert (status, told["state"]) == (200, "withdrawn")
    assert Rating.objects.get().state == RatingState.WITHDRAWN
    assert rating.pair.slots.filter(state=SlotState.FREE).count() == 5


def test_a_session_needs_the_csrf_token_to_write(rater: Rater) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(rater.user)
    for address in POSTS:
        status, told = send(client, address, code=rater.code)
        assert (status, told["code"]) == (403, "csrf_failed")
    assert part(rater) == (RaterState.ACTIVE, False)


def zipped(client: APIClient, rater: Rater, **headers: str) -> str:
    answer = client.get(DATA, **headers)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert "no-store" in answer["Cache-Control"]
    content = b"".join(answer.streaming_content)
    with ZipFile(BytesIO(content)) as archive:
        everything = "".join(archive.read(name).decode() for name in archive.namelist())
    assert rater.code in everything
    return everything


@pytest.mark.parametrize("accept", ["*/*", "application/zip", "application/json"])
def test_a_token_takes_the_data_whatever_it_accepts(stranger: APIClient, rater: Rater, accept: str) -> None:
    make_rating(pair=make_pair(), rater=rater, value=0.375)
    make_rating(pair=make_pair(), rater=make_rater("boris"), value=0.625)
    stranger.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=rater.user).key}")
    everything = zipped(stranger, rater, HTTP_ACCEPT=accept)
    assert "0.375" in everything
    assert "0.625" not in everything


def test_a_refusal_of_the_data_is_read_by_who_asked_for_a_zip(ada: APIClient) -> None:
    answer = ada.get(DATA, HTTP_ACCEPT="application/zip")
    assert answer.status_code == 403
    assert "this account is not a rater's" in answer.content.decode()


def test_an_admin_who_judges_too_takes_their_own(stranger: APIClient) -> None:
    rater = make_rater(user=make_admin("both"))
    stranger.force_authenticate(rater.user)
    assert zipped(stranger, rater)
