"""The judge page: who may come, what they are shown, what is refused and how."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from annotation_site.accounts.models import RaterState
from annotation_site.jobs.models import JobState
from annotation_site.judging.models import Judging
from tests.factories import make_admin, make_painting, make_rater, make_track, make_user
from tests.judging.conftest import make_done, make_judging, make_version, music_file, picture_file

pytestmark = pytest.mark.django_db


def client_of(user: object | None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)  # type: ignore[arg-type]
    return client


def send(client: Client, **changes: object):
    told = {"painting_files": [picture_file()], "music_file": music_file(16), "start_s": "", "span": "track"}
    return client.post("/judge/", {name: value for name, value in {**told, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("admins", {"admin": 200, "rater": 403, "excluded": 403, "other": 403, "stranger": 302}),
        ("raters", {"admin": 200, "rater": 200, "excluded": 403, "other": 403, "stranger": 302}),
        ("everyone", {"admin": 200, "rater": 200, "excluded": 200, "other": 200, "stranger": 200}),
    ],
)
def test_who_may_come_is_a_setting(version, settings, setting: str, expected: dict[str, int]):
    settings.JUDGE_FOR = setting
    people = {
        "admin": make_admin(),
        "rater": make_rater().user,
        "excluded": make_rater(state=RaterState.EXCLUDED).user,
        "other": make_user(),
        "stranger": None,
    }
    for name, user in people.items():
        client = client_of(user)
        own = make_done(user=user)
        own_pages = [f"/judge/{own.key}/", f"/judge/{own.key}/media/painting-0.jpg"]
        for address in ("/judge/", *own_pages):
            answer = client.get(address)
            b"".join(answer)
            assert answer.status_code == expected[name], (name, address)
        assert send(client).status_code == (302 if expected[name] == 200 else expected[name]), name
        forgotten = client.post(f"/judge/{own.key}/forget/")
        assert forgotten.status_code == (302 if expected[name] == 200 else expected[name]), name
        assert Judging.objects.filter(pk=own.pk).exists() == (expected[name] != 200), name


def test_a_judging_is_for_whoever_asked_alone(version, settings):
    settings.JUDGE_FOR = "everyone"
    vera, boris, admin = make_rater().user, make_rater().user, make_admin()
    for owner in (vera, admin):
        judging = make_done(user=owner)
        for other in {vera, boris, admin} - {owner} | {None}:
            client = client_of(other)
            for page in ("", "media/painting-0.jpg", "media/window-000.flac"):
                assert client.get(f"/judge/{judging.key}/{page}").status_code == 404
            assert client.post(f"/judge/{judging.key}/forget/").status_code == 404
    assert client_of(None).get(f"/judge/{make_done().key}/").status_code == 200  # a guest's: whoever has its address
    assert client_of(None).get(f"/judge/{uuid4()}/").status_code == 404


def test_without_an_active_version_the_page_says_what_to_do():
    make_version(is_active=False)
    page = client_of(make_admin()).get("/judge/").text
    assert "No model version is active yet" in page
    assert "/admin/training/trainingrun/" in page
    assert 'type="file"' not in page


def test_the_form_names_the_version_and_its_test_figures(version):
    page = client_of(make_admin()).get("/judge/").text
    assert "MPJudge v1" in page
    assert "0.62" in page
    assert "0.55 to 0.68" in page
    assert "Measured on 840 pairs" in page


def test_asking_leads_to_a_page_that_waits(version):
    client = client_of(make_admin())
    answer = send(client, start_s="3.5", span="clip")
    judging = Judging.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/judge/{judging.key}/")
    assert (judging.start_s, judging.is_whole) == (3.5, False)
    page = client.get(answer["Location"]).text
    assert 'data-state="queued"' in page
    assert "Waiting for a worker<" in page
    assert "Waiting for a worker, 1 before this one<" in client.get(send(client)["Location"]).text


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"painting_files": None}, 400, "Choose 1 to 12 paintings"),
        ({"music_file": None}, 400, "Choose one piece of music"),
        ({"start_s": "soon"}, 422, "Give a number of seconds"),
        ({"start_s": "700"}, 400, "The music may start at 0 to 600 seconds"),
        ({"track": "t_unknown", "music_file": None}, 422, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_beside_the_form(version, changes, status: int, words: str):
    answer = send(client_of(make_admin()), **changes)
    assert (answer.status_code, words in answer.text) == (status, True)
    assert not Judging.objects.exists()


def test_a_rater_who_names_what_is_in_the_corpus_is_refused_and_sees_none_of_it(version, settings):
    settings.JUDGE_FOR = "raters"
    painting, track = make_painting(title="A known painting"), make_track()
    client = client_of(make_rater().user)
    for corpus in ({"paintings": painting.key, "painting_files": None}, {"track": track.key, "music_file": None}):
        answer = send(client, **corpus)
        assert (answer.status_code, "may still be judged by raters" in answer.text) == (403, True)
    assert "A known painting" not in client.get("/judge/", {"find": "1", "painting_words": "known"}).text
    assert not Judging.objects.exists()


def test_admins_find_what_is_in_the_corpus_and_keep_what_they_chose(version):
    red, blue = make_painting(title="Red hills"), make_painting(title="Blue hills", artist="Münter")
    track = make_track(title="Winter piece")
    client = client_of(make_admin())
    page = client.get("/judge/", {"find": "1", "painting_words": "hills münter", "paintings": red.key})
    assert [one.title for one in page.context["chosen_paintings"]] == ["Red hills"]
    assert page.context["found_paintings"] == [blue]
    part = client.get("/judge/", {"some": "tracks", "track": ""}, headers={"X-Part": "corpus"})
    assert part.context["found_tracks"] == [track]
    assert "<html" not in part.text
    plain = client.post("/judge/", {"some": "paintings", "paintings": [red.key]})  # without scripts it is the same form
    assert (plain.status_code, plain.context["found_paintings"]) == (200, [blue])
    assert not Judging.objects.exists()
    assert send(client, painting_files=None, paintings=[red.key, blue.key]).status_code == 302
    assert [one.painting for one in Judging.objects.get().subjects.filter(kind="painting")] == [blue, red]


def test_one_painting_is_said_in_numbers_and_words(version):
    admin = make_admin()
    judging = make_done([[0.7, 0.6, 0.62]], user=admin)
    page = client_of(admin).get(f"/judge/{judging.key}/").text
    assert "It fits rather well" in page
    assert "0.58 to 0.70" in page  # 0.64 and 1.96 x 0.03
    assert "0.47 to 0.81" in page  # and people's noise of 0.08
    assert "the mean of 3 windows" in page
    assert page.count("data:image/png;base64,") == 3
    assert "MPJudge v1" in page


@pytest.mark.parametrize(("told_apart", "words"), [(True, "is told apart from the second"), (False, "<em>not</em>")])
def test_several_are_ranked_and_say_whether_they_are_told_apart(version, told_apart: bool, words: str):
    admin = make_admin()
    judging = make_done([[0.5], [0.6]], user=admin, told_apart=told_apart)
    page = client_of(admin).get(f"/judge/{judging.key}/")
    assert [one.name for one in page.context["result"].paintings] == ["painting 1.jpg", "painting 0.jpg"]
    assert page.context["looked_at"].name == "painting 1.jpg"
    assert words in page.text
    assert ("not told apart</span>" in page.text) == (not told_apart)
    assert client_of(admin).get(f"/judge/{judging.key}/?look=0").context["looked_at"].name == "painting 0.jpg"


@pytest.mark.parametrize(("sd", "is_said"), [(0.03, False), (0.2, True)])
def test_a_guess_is_called_one(version, sd: float, is_said: bool):
    admin = make_admin()
    page = client_of(admin).get(f"/judge/{make_done(user=admin, sd=sd).key}/").text
    assert ("take the score for a guess" in page) == is_said


def test_a_model_without_maps_says_so(version):
    admin = make_admin()
    page = client_of(admin).get(f"/judge/{make_done(user=admin, layers=0).key}/").text
    assert "no modulation by music" in page


def test_a_failed_one_says_why(version):
    admin = make_admin()
    judging = make_judging(created_by=admin, state=JobState.FAILED, error="a.jpg: The JPEG picture is damaged.")
    page = client_of(admin).get(f"/judge/{judging.key}/").text
    assert "This could not be judged" in page
    assert "a.jpg: The JPEG picture is damaged." in page


def test_sound_is_played_by_ranges(version):
    admin = make_admin()
    judging = make_done(user=admin, audio=bytes(range(200)))
    answer = client_of(admin).get(f"/judge/{judging.key}/media/window-001.flac", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer["Content-Range"]) == (206, "bytes 10-19/200")
    assert b"".join(answer.streaming_content) == bytes(range(10, 20))
    assert answer["Content-Type"] == "audio/flac"
    assert answer["Cache-Control"] == "private, max-age=3600"


def test_a_file_as_it_was_sent_is_given_to_nobody(version):
    admin = make_admin()
    client = client_of(admin)
    send(client)
    assert client.get(f"/judge/{Judging.objects.get().key}/media/sent-0").status_code == 404


def test_a_body_that_is_too_large_is_refused_before_it_is_read(version, settings):
    settings.JUDGE_MAX_REQUEST_MB = 0
    answer = send(client_of(make_admin()), music_file=music_file(120))
    assert (answer.status_code, "All files together" in answer.text) == (413, True)


def test_the_page_is_safe_from_other_sites(version):
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_admin())
    assert send(client).status_code == 403
    assert not Judging.objects.exists()


def test_raters_wait_when_they_ask_too_often_and_admins_do_not(version, settings):
    settings.JUDGE_FOR, settings.JUDGE_RATE = "raters", "2/hour"
    vera, boris, admin = (client_of(user) for user in (make_rater().user, make_rater().user, make_admin()))
    assert [send(vera).status_code for _ in range(3)] == [302, 302, 429]
    refused = send(vera)
    assert 3500 < int(refused["Retry-After"]) <= 3600
    assert "Try again in 60 minutes" in refused.text
    assert send(boris).status_code == 302
    assert [send(admin).status_code for _ in range(3)] == [302] * 3


def test_one_address_waits_whoever_asks_from_it(version, settings):
    settings.JUDGE_FOR, settings.JUDGE_ADDRESS_RATE = "everyone", "3/hour"
    people = [make_rater().user, make_rater().user, None, None]
    assert [send(client_of(user)).status_code for user in people] == [302, 302, 302, 429]
    elsewhere = Client(REMOTE_ADDR="203.0.113.7", headers={"X-Forwarded-For": "198.51.100.1"})
    assert send(elsewhere).status_code == 302


def test_nobody_gets_round_the_limit_by_saying_another_address(version, settings):
    settings.JUDGE_FOR, settings.JUDGE_RATE = "everyone", "1/hour"
    said = [Client(headers={"X-Forwarded-For": f"198.51.100.{number}"}) for number in range(2)]
    assert [send(client).status_code for client in said] == [302, 429]


def test_judgings_are_no_work_for_the_overview(version):
    make_judging(created_at=timezone.now())
    page = client_of(make_admin()).get("/admin/")
    assert page.status_code == 200
    assert "Judging " not in page.text
    assert 'href="/judge/"' in page.text


def test_raters_find_the_way_where_they_may_go_it(version, settings):
    client = client_of(make_rater().user)
    assert "/judge/" not in client.get("/").text
    settings.JUDGE_FOR = "raters"
    assert "/judge/" in client.get("/").text
