"""`POST /api/judge/`: by token or session, waited for or not, every refusal with a code."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from django.db import connections
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from annotation_site.api import judge
from annotation_site.jobs.models import JobState
from annotation_site.judging.models import Judging
from tests.factories import make_admin, make_painting, make_rater, make_track, make_user
from tests.judging.conftest import make_done, make_judging, make_version, music_file, picture_file

pytestmark = pytest.mark.django_db
ADDRESS = "/api/judge/"


def by_token(user: Any) -> APIClient:
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    return client


def send(client: APIClient, address: str = ADDRESS, **changes: Any):
    told = {"painting_files": [picture_file()], "music_file": music_file(16), **changes}
    return client.post(address, {name: value for name, value in told.items() if value is not None}, format="multipart")


def test_without_waiting_it_says_where_to_ask_again(version):
    client = by_token(make_admin())
    answer = send(client)
    judging = Judging.objects.get()
    assert (answer.status_code, answer["Location"]) == (202, f"/api/v1/judge/{judging.key}/")
    assert (answer.data["state"], answer.data["result"]) == ("queued", None)
    again = client.get(answer["Location"])
    assert (again.status_code, again["Retry-After"]) == (202, "1")


def test_it_says_how_many_come_first(version):
    make_judging(state=JobState.DONE)
    make_judging(state=JobState.RUNNING)
    make_judging()
    client = by_token(make_admin())
    assert send(client).data["before"] == 2
    mine = Judging.objects.latest("pk")
    make_judging()
    assert client.get(f"/api/v1/judge/{mine.key}/").data["before"] == 2
    Judging.objects.filter(pk=mine.pk).update(state=JobState.RUNNING)
    assert client.get(f"/api/v1/judge/{mine.key}/").data["before"] == 0


def test_both_addresses_take_the_same(version):
    client = by_token(make_admin())
    assert [send(client, address).status_code for address in (ADDRESS, "/api/v1/judge/")] == [202, 202]


def test_items_of_the_corpus_go_by_their_keys_as_json(version):
    painting, track = make_painting(), make_track()
    told = {"paintings": [painting.key], "track": track.key, "start_s": 16, "span": "clip"}
    assert by_token(make_admin()).post(ADDRESS, told, format="json").status_code == 202
    judging = Judging.objects.get()
    assert [one.painting or one.track for one in judging.subjects.all()] == [track, painting]
    assert (judging.start_s, judging.is_whole) == (16.0, False)


def test_a_result_is_told_whole(version):
    admin = make_admin()
    judging = make_done([[0.5, 0.5], [0.7, 0.5]], user=admin, told_apart=False)
    answer = by_token(admin).get(f"/api/v1/judge/{judging.key}/")
    assert (answer.status_code, answer.data["state"], answer.data["version"]) == (200, "done", 1)
    result = answer.json()["result"]
    best = result["paintings"][0]
    assert (best["name"], best["place"], best["score"]) == ("painting 1.jpg", 1, pytest.approx(0.6))
    assert (best["low"], best["high"]) == (pytest.approx(0.5412, abs=1e-4), pytest.approx(0.6588, abs=1e-4))
    assert [window["start_s"] for window in best["windows"]] == [0.0, 15.0]
    assert [len(layer["values"]) for layer in best["layers"]] == [256] * 3
    assert result["steps"][0]["is_told_apart"] is False
    assert result["brackets"] == [[1, 2]]


def test_a_failed_one_is_told_with_its_reason(version):
    admin = make_admin()
    judging = make_judging(created_by=admin, state=JobState.FAILED, error="a.jpg: It is damaged.")
    answer = by_token(admin).get(f"/api/v1/judge/{judging.key}/")
    assert (answer.status_code, answer.data["state"], answer.data["error"]) == (200, "failed", "a.jpg: It is damaged.")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("admins", {"admin": 202, "rater": 403, "other": 403, "stranger": 401}),
        ("raters", {"admin": 202, "rater": 202, "other": 403, "stranger": 401}),
        ("everyone", {"admin": 202, "rater": 202, "other": 202, "stranger": 202}),
    ],
)
def test_who_may_ask_is_a_setting(version, settings, setting: str, expected: dict[str, int]):
    settings.JUDGE_FOR = setting
    people = {"admin": make_admin(), "rater": make_rater().user, "other": make_user(), "stranger": None}
    for name, user in people.items():
        client, own = by_token(user), make_judging(created_by=user)
        assert send(client).status_code == expected[name], name
        assert client.get(f"/api/v1/judge/{own.key}/").status_code == expected[name], name


def test_anothers_judging_is_not_there(version, settings):
    settings.JUDGE_FOR = "raters"
    judging = make_done(user=make_rater().user)
    for user in (make_rater().user, make_admin()):
        client = by_token(user)
        assert client.get(f"/api/v1/judge/{judging.key}/").status_code == 404
        assert client.delete(f"/api/v1/judge/{judging.key}/").status_code == 404
    assert Judging.objects.exists()


def test_own_ones_are_deleted_on_request(version):
    admin = make_admin()
    client = by_token(admin)
    at_work, done = make_judging(created_by=admin, state=JobState.RUNNING), make_done(user=admin)
    assert client.delete(f"/api/v1/judge/{done.key}/").status_code == 204
    refused = client.delete(f"/api/v1/judge/{at_work.key}/")
    assert (refused.status_code, refused.data["code"]) == (409, "still_at_work")


def test_every_refusal_has_a_code_and_a_sentence(version, settings):
    settings.JUDGE_FOR, settings.JUDGE_RATE = "raters", "7/hour"
    rater = by_token(make_rater().user)
    painting = make_painting()

    def refused(status: int, code: str, words: str, answer: Any) -> None:
        assert (answer.status_code, answer.data["code"]) == (status, code)
        assert words in answer.data["detail"]

    refused(400, "refused", "Choose 1 to 12 paintings", send(rater, painting_files=None))
    refused(400, "invalid", "number of seconds", send(rater, start_s="soon"))
    refused(400, "invalid", "number of seconds", send(rater, address=f"{ADDRESS}?wait=long"))
    refused(400, "invalid", "one JSON object", rater.post(ADDRESS, [1], format="json"))
    refused(403, "corpus_not_yours", "files of your own", send(rater, painting_files=None, paintings=[painting.key]))
    settings.JUDGE_MAX_PICTURE_MB = 0
    refused(413, "too_large", "painting.jpg has", send(rater))
    version.is_active = False
    version.save()
    refused(409, "no_active_version", "No model version is active", send(rater))
    throttled = send(rater)
    refused(429, "throttled", "throttled", throttled)
    assert 3500 < int(throttled["Retry-After"]) <= 3600
    settings.JUDGE_MAX_REQUEST_MB = 0
    refused(413, "too_large", "All files together", send(rater, music_file=music_file(120)))
    assert not Judging.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_with_waiting_the_answer_is_the_result(nothing_is_sent: list, monkeypatch: pytest.MonkeyPatch):
    """The message is taken for a worker: a moment later the row is over."""
    make_version()

    def work(name: str, *, args: list[int], **_: Any) -> None:
        def later() -> None:
            time.sleep(0.3)
            Judging.objects.filter(pk=args[0]).update(state=JobState.FAILED, error="a.jpg: It is damaged.")

        threading.Thread(target=closing(later)).start()

    monkeypatch.setattr("annotation_site.jobs.services.current_app.send_task", work)
    start = time.monotonic()
    answer = send(by_token(make_admin()), f"{ADDRESS}?wait=20")
    assert (answer.status_code, answer.data["error"]) == (200, "a.jpg: It is damaged.")
    assert time.monotonic() - start < 15


def closing(work: Any) -> Any:
    """Work in a thread that closes its own connection to the database."""

    def closed() -> None:
        try:
            work()
        finally:
            connections.close_all()

    return closed


def test_those_who_wait_never_take_all_threads_of_the_site(nothing_is_sent: list):
    make_version()
    with ExitStack() as others:
        for _ in range(judge.MOST_WAITING):
            others.enter_context(judge._waiting)
        start = time.monotonic()
        answer = send(by_token(make_admin()), f"{ADDRESS}?wait=20")
    assert answer.status_code == 202
    assert time.monotonic() - start < 15, "it is told at once where to ask again"
