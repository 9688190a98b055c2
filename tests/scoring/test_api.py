"""The scoring endpoints: four people at each, what they answer, and what they never tell."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from annotation_site.accounts.models import Rater, RaterState, User
from annotation_site.scoring import api as scoring_api
from annotation_site.scoring.holding import pair_release
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot, SlotState
from tests.conftest import NOON
from tests.factories import make_admin, make_pair, make_rater, make_rating
from tests.leases.clock import Clock
from tests.scoring.conftest import lease

ROOT = "/api/v1/scoring/"


def client_of(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_login(user)
    return client


def post(client: APIClient, path: str, **body: Any) -> Any:
    return client.post(ROOT + path, body, format="json")


Paths = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def requests_of_vera(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> Paths:
    """Every endpoint, asked for vera's own lease and rating."""
    done = make_rating(pair=make_pair(campaign=campaign), rater=vera, value=0.5)
    token = str(lease(vera, campaign).token)
    return [
        ("leases/", {"campaign": campaign.slug}),
        ("ratings/", {"token": token, "key": str(uuid4()), "value": 0.5}),
        (f"leases/{token}/renew/", {}),
        (f"leases/{token}/release/", {}),
        (f"leases/{token}/skip/", {"reason": "other"}),
        (f"ratings/{done.key}/correct/", {"key": str(uuid4()), "value": 0.7}),
    ]


def _state() -> tuple[Any, ...]:
    slots = Slot.objects.filter(rater__user__username="vera").order_by("pk")
    return list(slots.values_list("pk", "state", "token")), list(
        Rating.objects.order_by("pk").values_list("pk", "state")
    )


def test_a_stranger_gets_nowhere(requests_of_vera: Paths) -> None:
    before = _state()
    for path, body in requests_of_vera:
        answer = post(client_of(None), path, **body)
        assert answer.status_code in (401, 403)
        assert answer.json()["code"] == "not_authenticated"
    assert _state() == before


def test_an_admin_who_is_no_rater_is_told_so(requests_of_vera: Paths) -> None:
    before = _state()
    for path, body in requests_of_vera:
        answer = post(client_of(make_admin()), path, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_a_rater")
    assert _state() == before


def test_another_rater_reaches_nothing_of_hers(requests_of_vera: Paths, boris: Rater) -> None:
    before = _state()
    answers = {path.split("/")[-2]: post(client_of(boris.user), path, **body) for path, body in requests_of_vera}
    assert {name: answer.status_code for name, answer in answers.items()} == {
        "leases": 200,  # his own
        "ratings": 404,
        "renew": 404,
        "release": 204,  # of nothing: whose lease it was is not told
        "skip": 404,
        "correct": 409,
    }
    assert _state() == before


@pytest.mark.parametrize("state", [RaterState.PAUSED, RaterState.EXCLUDED, RaterState.WITHDRAWN])
def test_who_is_paused_or_out_gets_a_clear_no(requests_of_vera: Paths, vera: Rater, state: RaterState) -> None:
    Rater.objects.filter(pk=vera.pk).update(state=state)
    for path, body in requests_of_vera:
        answer = post(client_of(vera.user), path, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, f"rater_{state.value}")
        assert answer.json()["detail"].endswith(".")


def test_the_steps_of_the_protocol_come_before_the_first_answer(requests_of_vera: Paths, vera: Rater) -> None:
    Rater.objects.filter(pk=vera.pk).update(admitted_at=None)
    for path, body in requests_of_vera:
        answer = post(client_of(vera.user), path, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "step_missing")


def test_a_rater_works_from_lease_to_lease(campaign: Campaign, vera: Rater, clock: Clock) -> None:
    for _ in range(3):
        make_pair(campaign=campaign)
    client = client_of(vera.user)
    first = post(client, "leases/", campaign=campaign.slug, count=2).json()
    assert [len(first["leases"]), first["progress"], first["none_because"]] == [2, {"mine": 0, "session": 0}, ""]
    clock.shift(timedelta(minutes=1))
    key = str(uuid4())
    body = {"token": first["leases"][0]["token"], "key": key, "value": 0.25, "played_ms": 15_000, "active_ms": 16_000}
    body |= {"input_method": "pointer", "evidence": {"ranges": [[0, 15]]}, "count": 2}
    answer = post(client, "ratings/", **body)
    told = answer.json()
    assert answer.status_code == 201
    assert told["rating"] == {"id": key, "state": "counted", "value": 0.25}
    assert told["leases"][0] == first["leases"][1]
    assert [len(told["leases"]), told["progress"]] == [2, {"mine": 1, "session": 1}]
    again = post(client, "ratings/", **body)
    assert (again.status_code, again.json()["rating"]) == (200, told["rating"])
    assert Rating.objects.get().evidence == {"ranges": [[0, 15]]}


def test_too_soon_says_how_long_to_wait(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    token = str(lease(vera, campaign).token)
    answer = post(client_of(vera.user), "ratings/", token=token, key=str(uuid4()), value=0.5)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_soon")
    assert answer.json()["wait_s"] == 14.25  # 95 % of the clip's 15 seconds


def test_late_work_on_a_full_pair_is_thanked_as_surplus(
    campaign: Campaign, pair: Pair, vera: Rater, clock: Clock
) -> None:
    token = str(lease(vera, campaign).token)
    later = NOON + timedelta(hours=1)
    for _ in range(3):
        lease(make_rater(), campaign, now=later)
    clock.now = later
    answer = post(client_of(vera.user), "ratings/", token=token, key=str(uuid4()), value=0.5)
    assert (answer.status_code, answer.json()["rating"]["state"]) == (201, "surplus")
    assert answer.json()["none_because"]


def test_renewing_releasing_and_skipping(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    client = client_of(vera.user)
    token = post(client, "leases/", campaign=campaign.slug).json()["leases"][0]["token"]
    clock.shift(timedelta(minutes=5))
    assert post(client, f"leases/{token}/renew/").json() == {"expires_at": "2026-01-15T12:25:00Z"}
    assert post(client, f"leases/{token}/release/").status_code == 204
    assert not Slot.objects.filter(state=SlotState.LEASED).exists()
    token = post(client, "leases/", campaign=campaign.slug).json()["leases"][0]["token"]
    skipped = post(client, f"leases/{token}/skip/", reason="cannot_play", note="no sound", count=1).json()
    assert skipped["leases"] == []
    assert skipped["none_because"] == "You have rated or skipped every pair that is still open. Thank you!"


@pytest.mark.parametrize("reason", ["media", "distress", "", "nonsense"])
def test_a_reason_that_is_not_offered_skips_nothing(campaign: Campaign, pair: Pair, vera: Rater, reason: str) -> None:
    client = client_of(vera.user)
    token = post(client, "leases/", campaign=campaign.slug).json()["leases"][0]["token"]
    assert post(client, f"leases/{token}/skip/", reason=reason).status_code == 400
    assert Slot.objects.filter(state=SlotState.LEASED).exists()


def test_a_page_with_a_stale_secret_is_told_so_and_not_that_it_is_logged_out(
    campaign: Campaign, pair: Pair, vera: Rater
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(vera.user)
    answer = client.post(f"{ROOT}leases/", {"campaign": campaign.slug}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_failed")
    assert "Load it again" in answer.json()["detail"]


def test_a_closing_page_releases_by_a_plain_form_with_its_csrf_token(
    campaign: Campaign, pair: Pair, vera: Rater, clock: Clock
) -> None:
    client = APIClient(enforce_csrf_checks=True)
    client.force_login(vera.user)
    client.get("/accounts/logout/")
    secret = client.cookies["csrftoken"].value
    token = lease(vera, campaign).token
    assert client.post(f"{ROOT}leases/{token}/release/").status_code == 403
    assert client.post(f"{ROOT}leases/{token}/release/", {"csrfmiddlewaretoken": secret}).status_code == 204
    assert not Slot.objects.filter(state=SlotState.LEASED).exists()


def test_correcting_one_s_own_rating(campaign: Campaign, pair: Pair, vera: Rater, clock: Clock) -> None:
    old = make_rating(pair=pair, rater=vera, value=0.5)
    key = str(uuid4())
    answers = [post(client_of(vera.user), f"ratings/{old.key}/correct/", key=key, value=0.75) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json() == {"rating": {"id": key, "state": "counted", "value": 0.75}}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("ratings/", {"value": 1.2}, "value"),
        ("ratings/", {"value": "NaN"}, "value"),
        ("ratings/", {"key": "7"}, "key"),
        ("ratings/", {"token": ""}, "token"),
        ("ratings/", {"played_ms": -1}, "played_ms"),
        ("ratings/", {"evidence": [1]}, "evidence"),
        ("ratings/", {"evidence": {"x": "y" * 20_001}}, "evidence"),
        ("ratings/", {"count": 4}, "count"),
        ("leases/", {"campaign": ""}, "campaign"),
        ("leases/", {"campaign": "x", "count": 0}, "count"),
    ],
)
def test_a_body_that_makes_no_sense_is_refused_in_words(
    vera: Rater, path: str, body: dict[str, Any], field: str
) -> None:
    whole = {"token": str(uuid4()), "key": str(uuid4()), "value": 0.5} if path == "ratings/" else {}
    answer = post(client_of(vera.user), path, **whole | body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert field in answer.json()["fields"]
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_an_unknown_campaign_is_named_as_such(vera: Rater) -> None:
    answer = post(client_of(vera.user), "leases/", campaign="nowhere")
    assert (answer.status_code, answer.json()["code"]) == (404, "campaign_unknown")


def test_only_post_is_answered(vera: Rater) -> None:
    answer = client_of(vera.user).get(ROOT + "leases/")
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")


def test_a_token_works_as_well_as_a_session(campaign: Campaign, pair: Pair, vera: Rater) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=vera.user).key}")
    assert post(client, "leases/", campaign=campaign.slug).status_code == 200


def test_a_lease_tells_what_to_show_and_nothing_else(
    campaign: Campaign, pair: Pair, vera: Rater, boris: Rater, clock: Clock
) -> None:
    make_rating(pair=pair, rater=boris, value=0.123456)
    Pair.objects.update(score=0.654321, dispersion=0.112233)
    client = client_of(vera.user)
    told = post(client, "leases/", campaign=campaign.slug).json()
    (shown,) = told["leases"]
    assert set(shown) == {"token", "issued_at", "expires_at", "painting", "clip"}
    assert set(shown["painting"]) == {"display", "thumbnail", "width", "height"}
    assert set(shown["clip"]) == {"audio", "duration_s", "gain_db", "peaks"}
    assert shown["clip"]["duration_s"] == 15.0
    clock.shift(timedelta(minutes=1))
    done = post(client, "ratings/", token=shown["token"], key=str(uuid4()), value=0.5).json()
    skipped = make_pair(campaign=campaign)
    post(client, "leases/", campaign=campaign.slug)
    secrets = [pair.key, skipped.key, pair.painting.title, pair.painting.file_name, pair.clip.track.title]
    secrets += [pair.clip.key, pair.painting.key, "0.123456", "0.654321", "0.112233", boris.code, "pair_"]
    whole = json.dumps([told, done])
    assert [secret for secret in secrets if secret in _without_media(whole, told)] == []


def _without_media(text: str, told: dict[str, Any]) -> str:
    """The text without the media's addresses, which the corpus room answers for."""
    for shown in told["leases"]:
        for address in (shown["painting"]["display"], shown["painting"]["thumbnail"], shown["clip"]["audio"]):
            text = text.replace(address, "")
    return text


def test_a_claim_takes_as_many_queries_with_many_pairs_as_with_few(campaign: Campaign, clock: Clock) -> None:
    counts = []
    for more in (3, 9):
        for _ in range(more):
            make_pair(campaign=campaign)
        with CaptureQueriesContext(connection) as queries:
            told = post(client_of(make_rater().user), "leases/", campaign=campaign.slug, count=2).json()
        assert len(told["leases"]) == 2
        counts.append(len(queries))
    assert counts[0] >= counts[1]


def test_what_a_page_that_was_left_gives_back_while_the_next_one_asks_is_held_again(campaign, vera, clock, monkeypatch):
    make_pair(campaign=campaign)
    held = scoring_api.pairs_hold
    given_back: list[Any] = []

    def hold_while_another_tab_gives_back(**asked: Any) -> Any:
        hold = held(**asked)
        if not given_back:
            given_back.extend(lease.token for lease in hold.leases)
            for token in given_back:
                pair_release(rater=vera, token=token, now=NOON)
        return hold

    monkeypatch.setattr(scoring_api, "pairs_hold", hold_while_another_tab_gives_back)
    answer = post(client_of(vera.user), "leases/", campaign=campaign.slug)
    assert answer.status_code == 200
    tokens = [lease["token"] for lease in answer.json()["leases"]]
    assert len(tokens) == len(given_back) > 0
    assert not set(tokens) & {str(token) for token in given_back}
