"""The preference endpoints: four people at each, what they answer, and what they never tell."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from annotation_site.accounts.models import Rater, RaterState, User
from annotation_site.leases.services import lease_release
from annotation_site.preferences import api as preference_api
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot
from annotation_site.scoring.models import Campaign
from tests.factories import make_admin, make_clip, make_painting, make_task
from tests.leases.clock import Clock
from tests.preferences.conftest import HEARD, lease, scored, vote

ROOT = "/api/v1/preferences/"


def client_of(user: User | None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_login(user)
    return client


def post(client: APIClient, path: str, **body: Any) -> Any:
    return client.post(ROOT + path, body, format="json")


@pytest.fixture
def other_task(campaign: Campaign) -> PreferenceTask:
    """One painting, two clips."""
    painting = make_painting()
    return make_task(pair_a=scored(campaign, painting=painting), pair_b=scored(campaign, painting=painting))


Paths = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def requests_of_vera(
    campaign: Campaign, task: PreferenceTask, other_task: PreferenceTask, vera: Rater, clock: Clock
) -> Paths:
    """Every endpoint, asked for vera's own lease and vote."""
    done = vote(vera, campaign, "a").vote
    token = str(lease(vera, campaign).token)
    return [
        ("leases/", {"campaign": campaign.slug}),
        ("votes/", {"token": token, "key": str(uuid4()), "choice": "a"}),
        (f"leases/{token}/renew/", {}),
        (f"leases/{token}/release/", {}),
        (f"leases/{token}/skip/", {"reason": "other"}),
        (f"votes/{done.key}/correct/", {"key": str(uuid4()), "choice": "b"}),
    ]


def _state() -> tuple[Any, ...]:
    slots = VoteSlot.objects.filter(rater__user__username="vera").order_by("pk")
    return list(slots.values_list("pk", "state", "token")), list(Vote.objects.order_by("pk").values_list("pk", "state"))


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
        "votes": 404,
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


def test_a_rater_works_from_lease_to_lease(
    campaign: Campaign, task: PreferenceTask, other_task: PreferenceTask, vera: Rater, clock: Clock
) -> None:
    client = client_of(vera.user)
    first = post(client, "leases/", campaign=campaign.slug, count=2).json()
    assert [len(first["leases"]), first["progress"], first["none_because"]] == [2, {"mine": 0, "session": 0}, ""]
    clock.shift(timedelta(minutes=1))
    key = str(uuid4())
    body = {"token": first["leases"][0]["token"], "key": key, "choice": "b", "active_ms": 9000, "evidence": {"x": 1}}
    answer = post(client, "votes/", **body)
    told = answer.json()
    assert answer.status_code == 201
    assert told["vote"] == {"id": key, "state": "counted", "choice": "b"}
    assert told["leases"] == first["leases"][1:]
    assert told["progress"] == {"mine": 1, "session": 1}
    again = post(client, "votes/", **body)
    assert (again.status_code, again.json()["vote"]) == (200, told["vote"])
    corrected = post(client, f"votes/{key}/correct/", key=str(uuid4()), choice="a")
    assert (corrected.status_code, corrected.json()["vote"]["choice"]) == (201, "a")


def test_a_task_shows_its_query_and_its_candidates_from_left_to_right(
    campaign: Campaign, task: PreferenceTask, other_task: PreferenceTask, vera: Rater, clock: Clock
) -> None:
    leases = post(client_of(vera.user), "leases/", campaign=campaign.slug, count=2).json()["leases"]
    by_direction = {shown["direction"]: shown for shown in leases}
    for each in (task, other_task):
        shown = by_direction[each.direction]
        is_music = each.direction == "music->painting"
        slot = VoteSlot.objects.get(token=shown["token"])
        assert shown["query"]["kind"] == ("clip" if is_music else "painting")
        assert [candidate["choice"] for candidate in shown["candidates"]] == (
            ["a", "b"] if slot.left == "a" else ["b", "a"]
        )
        for candidate in shown["candidates"]:
            pair = each.pair_a if candidate["choice"] == "a" else each.pair_b
            item = candidate["item"]
            address = item["display"] if is_music else item["audio"]
            assert address == (pair.painting.display.url if is_music else pair.clip.audio.url)
            assert item["kind"] == ("painting" if is_music else "clip")


def test_a_lease_tells_what_to_show_and_nothing_else(
    campaign: Campaign, task: PreferenceTask, vera: Rater, boris: Rater, clock: Clock
) -> None:
    vote(boris, campaign, "b")
    client = client_of(vera.user)
    told = post(client, "leases/", campaign=campaign.slug).json()
    (shown,) = told["leases"]
    assert set(shown) == {"token", "issued_at", "expires_at", "direction", "query", "candidates", "first"}
    assert set(shown["query"]) == {"kind", "audio", "duration_s", "gain_db", "peaks"}
    assert set(shown["candidates"][0]["item"]) == {"kind", "display", "thumbnail", "width", "height"}
    clock.now = HEARD + timedelta(minutes=1)
    done = post(client, "votes/", token=shown["token"], key=str(uuid4()), choice="a").json()
    whole = json.dumps([told, done])
    for item in (shown["query"], *(candidate["item"] for candidate in shown["candidates"])):
        for address in (item.get("audio"), item.get("display"), item.get("thumbnail")):
            whole = whole.replace(address or "", "") if address else whole
    secrets = [task.key, boris.code, "votes_a", "votes_b", "score", "0.5", "pair_"]
    for pair in (task.pair_a, task.pair_b):
        secrets += [pair.key, pair.painting.key, pair.clip.key, pair.painting.title, pair.clip.track.title]
    assert [secret for secret in secrets if secret in whole] == []


def test_a_choice_that_is_none_is_refused_in_words(vera: Rater) -> None:
    answer = post(client_of(vera.user), "votes/", token=str(uuid4()), key=str(uuid4()), choice="left")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert answer.json()["detail"].startswith("choice: ")


def test_skipping_releasing_and_renewing(campaign: Campaign, task: PreferenceTask, vera: Rater, clock: Clock) -> None:
    client = client_of(vera.user)
    token = post(client, "leases/", campaign=campaign.slug).json()["leases"][0]["token"]
    clock.shift(timedelta(minutes=5))
    assert post(client, f"leases/{token}/renew/").json() == {"expires_at": "2026-01-15T12:25:00Z"}
    assert post(client, f"leases/{token}/release/").status_code == 204
    token = post(client, "leases/", campaign=campaign.slug).json()["leases"][0]["token"]
    skipped = post(client, f"leases/{token}/skip/", reason="familiar").json()
    assert skipped["leases"] == []
    assert "answered or skipped" in skipped["none_because"]
    assert task.bars.get().reason == "familiar"


@pytest.mark.parametrize("asks_with", ["music", "painting"])
def test_a_vote_and_the_next_task_cost_so_many_statements_and_no_more(
    campaign: Campaign, vera: Rater, clock: Clock, asks_with: str
) -> None:
    """Whatever the number of tasks, and of votes before: all that runs for each vote is one of these."""
    shared = {"clip": make_clip()} if asks_with == "music" else {"painting": make_painting()}
    pairs = [scored(campaign, **shared) for _ in range(12)]
    for one, other in pairwise(pairs):
        make_task(pair_a=one, pair_b=other)
    client = client_of(vera.user)
    held = post(client, "leases/", campaign=campaign.slug, count=2).json()["leases"]
    costs = set()
    for _ in range(6):
        clock.shift(timedelta(minutes=1))
        body = {"token": held[0]["token"], "key": str(uuid4()), "choice": "a", "count": 2}
        with CaptureQueriesContext(connection) as asked:
            answer = post(client, "votes/", **body)
        assert answer.status_code == 201
        held = answer.json()["leases"]
        costs.add(len(asked))
    assert costs == {28}


def test_what_a_page_that_was_left_gives_back_while_the_next_one_asks_is_held_again(
    campaign: Campaign, task: PreferenceTask, vera: Rater, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = preference_api.lease_hold
    given_back: list[Any] = []

    def hold_while_another_tab_gives_back(**asked: Any) -> list[VoteSlot]:
        slots: list[VoteSlot] = held(**asked)
        if not given_back:
            given_back.extend(slot.token for slot in slots)
            for token in given_back:
                lease_release(model=VoteSlot, rater=vera, token=token, now=asked["now"])
        return slots

    monkeypatch.setattr(preference_api, "lease_hold", hold_while_another_tab_gives_back)
    answer = post(client_of(vera.user), "leases/", campaign=campaign.slug)
    assert answer.status_code == 200
    tokens = [lease["token"] for lease in answer.json()["leases"]]
    assert len(tokens) == len(given_back) > 0
    assert not set(tokens) & {str(token) for token in given_back}
