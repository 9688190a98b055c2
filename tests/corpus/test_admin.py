"""The corpus in the admin panel, tried by an admin, a rater and a stranger."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.models import ImportIssue, ImportJob, Painting, Track
from annotation_site.corpus.services import import_now
from annotation_site.jobs.models import JobState
from tests.conftest import NOON
from tests.factories import make_admin, make_clip, make_painting, make_rater, make_track

pytestmark = pytest.mark.django_db

MODELS = ("painting", "track", "clip", "importjob")


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin())
    return client


def page(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(f"admin:corpus_{name}", args=args), query)
    assert response.status_code == 200, name
    return response.content.decode()


def test_raters_and_strangers_see_none_of_it(client: Client):
    painting, track = make_painting(), make_track()
    addresses = [reverse(f"admin:corpus_{model}_changelist") for model in MODELS]
    addresses += [reverse("admin:corpus_painting_change", args=[painting.pk]), reverse("admin:corpus_importjob_add")]
    addresses += [reverse("admin:corpus_track_change", args=[track.pk])]
    for _ in ("a stranger", "a rater"):
        for address in addresses:
            assert client.get(address).status_code in (302, 403)
        client.force_login(make_rater().user)


def test_paintings_are_listed_with_their_thumbnails_and_found_by_artist(admin: Client):
    shown, other = make_painting(title="Night", artist="Ann"), make_painting(title="Day", artist="Ben")
    listed = page(admin, "painting_changelist", q="ann")
    assert f'src="{shown.thumbnail.url}"' in listed
    assert other.thumbnail.url not in listed


def test_a_painting_page_shows_it_and_lets_only_its_catalogue_be_mended(admin: Client):
    painting = make_painting(title="Night")
    assert f'src="{painting.display.url}"' in page(admin, "painting_change", painting.pk)
    fields = {name: getattr(painting, name) for name in ("year", "style", "source", "licence", "attribution")}
    changed = {**fields, "title": "Evening", "artist": "Ann", "sha256": "0" * 64, "width": 1, "is_synthetic": "on"}
    response = admin.post(reverse("admin:corpus_painting_change", args=[painting.pk]), changed)
    assert response.status_code == 302
    after = Painting.objects.get()
    assert (after.title, after.artist) == ("Evening", "Ann")
    assert (after.sha256, after.width, after.is_synthetic) == (painting.sha256, painting.width, False)


def test_a_track_page_plays_its_clips_and_marks_silent_ones(admin: Client):
    track = make_track(clips=1, title="Dawn")
    silent = make_clip(track=track, index=1, is_silent=True)
    shown = page(admin, "track_change", track.pk)
    assert shown.count("<audio") == 2
    assert f'src="{silent.audio.url}"' in shown
    assert shown.count('<span class="corpus-tag">Silent</span>') == 1


def test_clips_of_one_track_are_listed_with_players(admin: Client):
    mine, other = make_track(clips=2, title="Dawn"), make_track(clips=3, title="Dusk")
    assert f"track__id__exact={other.pk}" in page(admin, "track_changelist", view="table")
    listed = page(admin, "clip_changelist", track__id__exact=str(mine.pk))
    assert listed.count("<audio") == 2
    assert "corpus-waveform" in listed


def test_lists_of_many_ask_the_database_a_few_times(admin: Client, django_assert_max_num_queries):
    for _ in range(8):
        make_painting()
        make_track(clips=2)
    for model in MODELS:
        with django_assert_max_num_queries(14):
            page(admin, f"{model}_changelist")


def test_titles_are_text_not_markup(admin: Client):
    make_painting(title="<script>alert(1)</script>")
    track = make_track(title='"><script>alert(2)</script>')
    everything = page(admin, "painting_changelist") + page(admin, "clip_changelist")
    everything += page(admin, "track_change", track.pk)
    assert "<script>alert" not in everything


def test_nothing_of_the_corpus_is_added_or_deleted_by_hand(admin: Client):
    painting, track = make_painting(), make_track()
    for model, item in (("painting", painting), ("track", track), ("clip", track.clips.first())):
        assert admin.get(reverse(f"admin:corpus_{model}_add")).status_code == 403
        assert admin.post(reverse(f"admin:corpus_{model}_delete", args=[item.pk]), {"post": "yes"}).status_code == 403
    assert (Painting.objects.count(), Track.objects.count()) == (1, 1)


def test_an_import_is_started_from_the_panel(
    admin: Client, folder: Path, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks
):
    rung: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "annotation_site.jobs.services.current_app.send_task", lambda name, *, args, **_: rung.append((name, args[0]))
    )
    with django_capture_on_commit_callbacks(execute=True):
        response = admin.post(reverse("admin:corpus_importjob_add"), {"path": str(folder)})
    job = ImportJob.objects.get()
    assert response["Location"] == reverse("admin:corpus_importjob_change", args=[job.pk])
    assert (job.path, job.state, rung) == (str(folder), JobState.QUEUED, [("corpus.import", job.pk)])


def test_a_folder_that_is_not_there_is_said_so_above_the_form(admin: Client, tmp_path: Path):
    response = admin.post(reverse("admin:corpus_importjob_add"), {"path": str(tmp_path / "nowhere")})
    assert "There is no folder" in response.content.decode()
    assert not ImportJob.objects.exists()


@pytest.mark.usefixtures("in_process")
def test_an_import_page_says_what_came_in_and_why_the_rest_did_not(admin: Client, untidy: Path):
    job = import_now(path=untidy, now=NOON)
    shown = page(admin, "importjob_change", job.pk)
    assert "Not taken: 2" in shown
    assert "It is a web page" in shown
    assert "Download the file again." in shown
    assert "It has the same bytes as a.png" in shown
    assert "2 clips of 15 s" in shown


def test_of_very_many_issues_the_first_are_shown_and_all_are_counted(admin: Client):
    job = ImportJob.objects.create(path="/x", created_at=NOON, state=JobState.DONE, finished_at=NOON)
    ImportIssue.objects.bulk_create(
        ImportIssue(job=job, file=f"{index:04d}.jpg", level=ImportIssue.Level.REJECTED, code="empty", reason="Empty.")
        for index in range(1_250)
    )
    shown = page(admin, "importjob_change", job.pk)
    assert "Not taken: 1,250" in shown
    assert shown.count("Empty.") == 200
    assert "The first 200 are shown." in shown
