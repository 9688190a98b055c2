"""Rights, same works and loudness, from the database into a snapshot and out of the panel."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from annotation_site.corpus.models import Clip, Likeness, Painting, PaintingLikeness, Track, TrackLikeness
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.services import Form, archive_prepare, snapshot_folder, snapshot_start
from annotation_site.snapshots.source import judgments_of
from mpd_builder import snapshot as snapshots
from mpd_builder.sides import is_towards_train
from mpd_builder.snapshot import NoPublicForm
from tests.conftest import NOON
from tests.factories import make_admin, make_painting, make_track
from tests.snapshots.judged_campaign import Judged, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


@pytest.fixture
def restricted(judged: Judged) -> Judged:
    """The same, with one painting and one track that may be annotated and not published."""
    Painting.objects.filter(pk=judged.paintings[0].pk).update(may_publish=False, collection="AACP")
    Track.objects.filter(pk=judged.clips[0].track_id).update(may_publish=False, valence=6.25, arousal=3.5)
    return judged


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def exported(campaign: Campaign) -> Snapshot:
    job = snapshot_start(campaign=campaign, recipe="demo", now=NOON)
    job_run(model=Snapshot, job_id=job.pk, work=snapshot_export)
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.error
    return job


def url(name: str, job: Snapshot) -> str:
    return reverse(f"admin:snapshots_snapshot_{name}", args=[job.pk])


def unpacked(response, folder: Path) -> Path:
    content = b"".join(response.streaming_content)
    assert int(response["Content-Length"]) == len(content)
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        opened.extractall(folder)
    (top,) = folder.iterdir()
    assert response["Content-Disposition"] == f'attachment; filename="{top.name}.zip"'
    return top


def test_what_the_rows_say_of_rights_provenance_and_loudness_is_in_the_tables(restricted: Judged) -> None:
    Clip.objects.filter(pk=restricted.clips[1].pk).update(loudness_lufs=-12.5, true_peak_dbtp=-0.5)
    data = snapshots.read(snapshot_folder(exported(restricted.campaign)))
    paintings = data.paintings.set_index("painting_id")
    held = paintings.loc[restricted.paintings[0].key]
    assert (held["may_publish"], held["collection"]) == (False, "AACP")
    assert set(paintings[paintings["media"].isna()].index) == {restricted.paintings[0].key}
    assert held["sha256"] == restricted.paintings[0].sha256
    assert paintings["may_publish"].sum() == 3
    clips = data.clips.set_index("clip_id")
    assert not clips.loc[restricted.clips[0].key, "may_publish"]
    assert (clips.loc[restricted.clips[0].key, ["valence", "arousal"]] == [6.25, 3.5]).all()
    assert (clips.loc[restricted.clips[1].key, ["loudness_lufs", "true_peak_dbtp"]] == [-12.5, -0.5]).all()
    assert set(clips[clips["media"].isna()].index) == {restricted.clips[0].key}


def test_a_campaigns_playback_loudness_is_in_facts_manifest_and_card(judged: Judged) -> None:
    Campaign.objects.update(loudness_lufs=-23.0)
    job = exported(Campaign.objects.get())
    assert job.facts["playback_lufs"] == -23.0
    assert job.facts["unmeasured_clips"] == 3
    assert "played at -23 LUFS" in (snapshot_folder(job) / "README.md").read_text()


def test_verdicts_of_the_same_work_reach_the_splits_also_through_items_elsewhere(judged: Judged) -> None:
    elsewhere = make_painting()
    for painting in judged.paintings:
        PaintingLikeness.objects.create(
            first=painting, second=elsewhere, similarity=0.9, verdict=Likeness.Verdict.SAME, created_at=NOON
        )
    first, second = make_track(), make_track()
    for verdict in (Likeness.Verdict.OPEN, Likeness.Verdict.DIFFERENT):
        tracks = (first, second) if verdict == Likeness.Verdict.OPEN else (first, make_track())
        TrackLikeness.objects.create(
            first=tracks[0], second=tracks[1], similarity=0.9, verdict=verdict, created_at=NOON
        )
    found = judgments_of(campaign=judged.campaign)
    assert set(found.same_works) == {(painting.key, elsewhere.key) for painting in judged.paintings}
    assert found.alike == ((first.key, second.key),)
    assert found.kept_together == ()
    job = exported(judged.campaign)
    data = snapshots.read(snapshot_folder(job))
    assert len(set(data.paintings["split"])) == 1
    keys = sorted(painting.key for painting in judged.paintings)
    assert job.facts["same_works"] == {"paintings": [keys], "tracks": []}


def test_what_is_alike_is_kept_together_until_it_is_decided_and_after_it_was_rated(judged: Judged) -> None:
    one, two, three, four = judged.paintings
    for (first, second), verdict, decided_at in (
        ((one, two), Likeness.Verdict.OPEN, None),
        ((three, four), Likeness.Verdict.DIFFERENT, NOON - timedelta(days=30)),
    ):
        PaintingLikeness.objects.create(
            first=first, second=second, similarity=0.9, verdict=verdict, decided_at=decided_at, created_at=NOON
        )
    found = judgments_of(campaign=judged.campaign)
    assert (found.same_works, found.alike, found.kept_together) == ((), ((one.key, two.key),), ())
    job = exported(judged.campaign)
    assert job.facts["alike"] == {"paintings": [sorted((one.key, two.key))], "tracks": []}
    PaintingLikeness.objects.update(verdict=Likeness.Verdict.DIFFERENT, decided_at=NOON + timedelta(days=30))
    found = judgments_of(campaign=judged.campaign)
    assert set(found.kept_together) == {(one.key, two.key), (three.key, four.key)}
    later = exported(judged.campaign)
    before, after = (snapshots.read(snapshot_folder(each)).paintings for each in (job, later))
    moves = zip(before["split"], after["split"], strict=True)
    assert not any(is_towards_train(was, is_now) for was, is_now in moves)
    assert list(after["work"]) == list(after["painting_id"])


def test_both_forms_are_offered_and_both_verify(restricted: Judged, admin: Client, tmp_path: Path) -> None:
    job = exported(restricted.campaign)
    page = admin.get(url("change", job)).content.decode()
    assert url("download", job) in page
    assert url("download_public", job) in page
    assert "stays in the lab" in page
    assert "1 of 4 paintings" in page
    whole = unpacked(admin.get(url("download", job)), tmp_path / "whole")
    assert snapshots.verify(whole).digest == job.digest
    assert (whole / "arrays").is_dir()
    public = unpacked(admin.get(url("download_public", job)), tmp_path / "public")
    report = snapshots.verify(public)
    assert report.ok, report.words
    assert report.manifest["public_form_of"] == job.digest
    assert not (public / "arrays").exists()
    assert report.digest[:12] in public.name
    assert "Do not pass on" not in (public / "README.md").read_text()
    # The same as the command makes of the complete one.
    assert snapshots.publish(whole, out_dir=tmp_path / "published").digest == report.digest


def test_the_public_form_resumes_and_stays_as_it_was_made(restricted: Judged, admin: Client) -> None:
    job = exported(restricted.campaign)
    first = admin.get(url("download_public", job))
    content = b"".join(first.streaming_content)
    beside = snapshot_folder(job).with_name(f"{job.folder}.public")
    made = {place.name: (place.stat().st_mtime_ns, place.read_bytes()) for place in beside.iterdir()}
    part = admin.get(url("download_public", job), headers={"range": "bytes=1000-", "if-range": first["ETag"]})
    assert (part.status_code, b"".join(part.streaming_content)) == (206, content[1000:])
    assert {place.name: (place.stat().st_mtime_ns, place.read_bytes()) for place in beside.iterdir()} == made
    assert first["ETag"] != f'"{job.digest}"'


def test_a_snapshot_of_which_all_may_be_passed_on_has_one_download(judged: Judged, admin: Client) -> None:
    job = exported(judged.campaign)
    page = admin.get(url("change", job)).content.decode()
    assert url("download", job) in page
    assert url("download_public", job) not in page
    assert "stays in the lab" not in page
    assert admin.get(url("download_public", job)).status_code == 404
    with pytest.raises(NoPublicForm):
        archive_prepare(snapshot=job, form=Form.PUBLIC)


def test_the_public_form_is_for_admins_only(restricted: Judged) -> None:
    job = exported(restricted.campaign)
    for client in (Client(), Client()):
        response = client.get(url("download_public", job))
        assert response.status_code == 302
        assert "login" in response["Location"]
        client.force_login(restricted.raters[0].user)
        assert client.get(url("download_public", job)).status_code == 302


def test_the_page_of_a_snapshot_from_before_the_rights_still_opens(judged: Judged, admin: Client) -> None:
    job = exported(judged.campaign)
    new = ("restricted", "restricted_clips", "same_works", "playback_lufs", "unmeasured_clips", "held_back_clips")
    Snapshot.objects.update(facts={name: value for name, value in job.facts.items() if name not in new})
    page = admin.get(url("change", job))
    assert page.status_code == 200
    assert url("download", job) in page.content.decode()


def test_the_command_says_when_a_folder_must_stay_in_the_lab(
    restricted: Judged, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("export_snapshot", "--recipe", "demo", "--out", str(tmp_path / "s"))
    assert f"python -m mpd_builder publish {tmp_path / 's'}" in capsys.readouterr().out
    call_command("export_snapshot", "--recipe", "demo", "--out", str(tmp_path / "t"), "--json")
    assert json.loads(capsys.readouterr().out)["facts"]["restricted_clips"] == 1
