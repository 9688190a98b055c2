"""Look-alikes: found after an import, once; decided by a person; never merged, and never asked again."""

from __future__ import annotations

import io
from datetime import timedelta

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.likenesses import likenesses_find
from annotation_site.corpus.models import ImportJob, Likeness, PaintingLikeness, Track, TrackFingerprint, TrackLikeness
from annotation_site.corpus.verdicts import likeness_decide
from mpd_builder.ingest.fingerprints import difference_hash
from tests.conftest import NOON
from tests.factories import make_admin, make_painting, make_rater, make_track, make_user

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=1)
Verdict = Likeness.Verdict


def npy(array: np.ndarray) -> ContentFile:
    file = io.BytesIO()
    np.save(file, array)
    return ContentFile(file.getvalue(), "input.npy")


def scene(seed: int) -> np.ndarray:
    """A soft picture that another seed does not give."""
    coarse = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(float)
    return np.kron(coarse, np.ones((32, 32, 1))).astype(np.uint8)


@pytest.fixture
def job() -> ImportJob:
    return ImportJob.objects.create(path="/srv/media", created_at=NOON)


def painting_of(picture: np.ndarray, **fields):
    return make_painting(dhash=difference_hash(picture), model_input=npy(picture), **fields)


def track_of(values: np.ndarray, **fields) -> Track:
    track = make_track(clips=1, **fields)
    TrackFingerprint.objects.create(track=track, values=values.astype("<u4").tobytes())
    return track


def sound(seed: int, length: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**32, length, dtype=np.uint64).astype(np.uint32)


def test_a_painting_like_an_earlier_one_is_reported_and_others_are_not(job):
    first = painting_of(scene(1))
    painting_of(scene(2))
    again = np.clip(scene(1).astype(int) + 3, 0, 255).astype(np.uint8)
    second = painting_of(again, imported_by=job)
    assert likenesses_find(job=job, now=NOON) == 1
    report = PaintingLikeness.objects.get()
    assert (report.first, report.second, report.verdict, report.found_by) == (first, second, Verdict.OPEN, job)
    assert 0.5 < report.similarity <= 1


def test_looking_again_reports_nothing_twice_and_opens_nothing_decided(job):
    painting_of(scene(1))
    painting_of(scene(1), imported_by=job)
    likenesses_find(job=job, now=NOON)
    likeness_decide(likeness=PaintingLikeness.objects.get(), verdict="different", user=make_admin(), now=NOON)
    assert likenesses_find(job=job, now=LATER) == 0
    assert PaintingLikeness.objects.get().verdict == Verdict.DIFFERENT


def test_only_what_the_import_brought_is_compared_and_deleted_files_are_not(job):
    painting_of(scene(1))
    painting_of(scene(1))
    assert likenesses_find(job=job, now=NOON) == 0
    painting_of(scene(2), withdrawn_at=NOON, media_removed_at=NOON)
    painting_of(scene(2), imported_by=job)
    assert likenesses_find(job=job, now=NOON) == 0


def test_a_painting_whose_file_is_gone_does_not_stop_the_import(job):
    gone = painting_of(scene(1))
    painting_of(scene(1), imported_by=job)
    gone.model_input.storage.delete(gone.model_input.name)
    assert likenesses_find(job=job, now=NOON) == 0


def test_a_track_that_holds_another_is_reported_with_the_place_where_they_meet(job):
    whole = sound(1, 1200)
    first = track_of(whole)
    track_of(sound(2))
    second = track_of(whole[300:900], imported_by=job)
    assert likenesses_find(job=job, now=NOON) == 1
    report = TrackLikeness.objects.get()
    assert (report.first, report.second) == (first, second)
    assert report.offset_s < 0, "the earlier track begins before the later one does"


def test_the_offset_turns_round_with_the_order_of_the_two(job):
    whole = sound(1, 1200)
    part = track_of(whole[300:900], imported_by=job)
    track_of(whole)
    assert likenesses_find(job=job, now=NOON) == 1
    report = TrackLikeness.objects.get()
    assert (report.first, report.offset_s > 0) == (part, True)


def test_two_items_have_one_report_in_one_order(job):
    one, other = make_painting(), make_painting()
    PaintingLikeness.objects.create(first=one, second=other, similarity=0.9, created_at=NOON)
    for first, second in ((one, other), (other, one)):
        with pytest.raises(IntegrityError), transaction.atomic():
            PaintingLikeness.objects.create(first=first, second=second, similarity=0.9, created_at=NOON)


# --- The page ------------------------------------------------------------------------------------------------------
ADDRESS = "/admin/corpus/look-alikes/"


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(make_admin("ada"))
    return client


@pytest.fixture
def reports() -> list[PaintingLikeness]:
    return [
        PaintingLikeness.objects.create(
            first=make_painting(title=f"Study {number}"),
            second=make_painting(title=f"Copy {number}"),
            similarity=0.8 + number / 100,
            created_at=NOON,
        )
        for number in range(2)
    ]


def text(client: Client, address: str = ADDRESS, **query: object) -> str:
    response = client.get(address, query)
    assert response.status_code == 200
    return response.content.decode()


def decide(client: Client, likeness: Likeness, verdict: str, kind: str = "paintings"):
    return client.post(f"{ADDRESS}?kind={kind}", {"id": likeness.pk, "verdict": verdict})


def test_strangers_raters_and_plain_staff_do_not_decide(client: Client, reports):
    for user in (None, make_rater().user, make_user(is_staff=True)):
        if user:
            client.force_login(user)
        assert client.get(ADDRESS).status_code in (302, 403)
        assert decide(client, reports[0], "same").status_code in (302, 403)
    assert set(PaintingLikeness.objects.values_list("verdict", flat=True)) == {Verdict.OPEN}


def test_the_most_similar_comes_first_and_the_next_one_after_a_decision(admin: Client, reports):
    shown = text(admin)
    assert "Study 1" in shown
    assert "Study 0" not in shown
    answer = decide(admin, reports[1], "same")
    reports[1].refresh_from_db()
    assert (reports[1].verdict, reports[1].decided_by.username) == (Verdict.SAME, "ada")
    after = text(admin, answer["Location"])
    assert "Study 0" in after
    assert f'name="id" value="{reports[1].pk}"' in after, "and it can be undone"


def test_undoing_shows_the_same_two_again(admin: Client, reports):
    decide(admin, reports[1], "different")
    answer = decide(admin, reports[1], "open")
    reports[1].refresh_from_db()
    assert (reports[1].verdict, reports[1].decided_by, reports[1].decided_at) == (Verdict.OPEN, None, None)
    assert "Study 1" in text(admin, answer["Location"])


def test_a_decided_one_is_listed_and_can_be_decided_otherwise(admin: Client, reports):
    decide(admin, reports[0], "same")
    assert f"id={reports[0].pk}" in text(admin)
    assert "The same work" in text(admin, kind="paintings", id=reports[0].pk)
    decide(admin, reports[0], "different")
    reports[0].refresh_from_db()
    assert reports[0].verdict == Verdict.DIFFERENT


def test_what_is_no_answer_changes_nothing(admin: Client, reports):
    assert decide(admin, reports[0], "merge").status_code == 302
    assert admin.post(ADDRESS, {"id": "x", "verdict": "same"}).status_code == 404
    assert admin.post(ADDRESS, {"id": "999999", "verdict": "same"}).status_code == 404
    assert admin.get(ADDRESS, {"kind": "paintings", "id": "999999"}).status_code == 404
    assert set(PaintingLikeness.objects.values_list("verdict", flat=True)) == {Verdict.OPEN}


def test_reports_of_withdrawn_items_do_not_wait(admin: Client, reports):
    for report in reports:
        report.second.withdrawn_at = NOON
        report.second.save()
    assert "No paintings wait for a decision" in text(admin)


def test_two_tracks_have_players_that_start_where_they_match(admin: Client):
    report = TrackLikeness.objects.create(
        first=make_track(clips=3), second=make_track(clips=4), similarity=0.9, offset_s=20.0, created_at=NOON
    )
    shown = text(admin, kind="tracks")
    assert 'data-start="0.000"' in shown
    assert 'data-start="20.000"' in shown
    assert shown.count('data-group="both"') == 2
    assert reverse("admin:corpus_track_remove", args=[report.second.pk]) in shown
    assert "Tracks" in text(admin), "tracks alone wait: they are shown without asking"


def test_an_empty_page_says_when_there_will_be_something(admin: Client):
    assert "No paintings wait for a decision" in text(admin)
