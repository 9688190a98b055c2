"""From the database to a sealed folder: what goes in, what stays out, and what a failure leaves behind."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from random import Random
from threading import Thread

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.db import connection
from django.test import override_settings

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.jobs.services import job_cancel
from annotation_site.preferences.models import Vote, VoteState
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.scoring.services import rater_withdraw
from annotation_site.snapshots import exporting
from annotation_site.snapshots.exporting import snapshot_export
from annotation_site.snapshots.leftovers import leftovers_sweep
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.selectors import one_moment
from annotation_site.snapshots.services import SnapshotError, recipe_for, snapshot_folder, snapshot_start
from annotation_site.snapshots.source import CampaignSource, judgments_of
from mpd_builder import snapshot as snapshots
from mpd_builder.records import Direction
from tests.conftest import NOON
from tests.factories import make_campaign, make_pair, make_rater
from tests.snapshots.judged_campaign import Judged, judge, judged_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def judged() -> Judged:
    return judged_campaign()


def exported(campaign: Campaign, *, recipe: str = "demo") -> Snapshot:
    """Start an export and do the work here, as the worker does it."""
    job = snapshot_start(campaign=campaign, recipe=recipe, now=NOON)
    job_run(model=Snapshot, job_id=job.pk, work=snapshot_export)
    job.refresh_from_db()
    return job


def test_a_campaign_becomes_a_snapshot_that_verifies_and_reads_back(judged):
    job = exported(judged.campaign)
    assert (job.state, job.error) == (JobState.DONE, "")
    data = snapshots.read(snapshot_folder(job))
    assert data.digest == job.digest
    assert (len(data.pairs), len(data.ratings), len(data.preferences)) == (12, 60, 2)
    assert data.manifest["facts"] == job.facts
    report = snapshots.verify(snapshot_folder(job))
    assert (job.n_files, job.n_bytes) == (report.n_files, report.n_bytes)
    assert data.manifest["created_on"] == NOON.date().isoformat()


def test_media_and_arrays_are_those_of_the_store(judged):
    data = snapshots.read(snapshot_folder(exported(judged.campaign)))
    for painting in judged.paintings:
        row = data.paintings.set_index("painting_id").loc[painting.key]
        with painting.display.open("rb") as file:
            assert (data.path / row["media"]).read_bytes() == file.read()
        with painting.model_input.open("rb") as file:
            assert np.array_equal(data.arrays().paintings_u8[row["row"]], np.load(file))
    for clip in judged.clips:
        row = data.clips.set_index("clip_id").loc[clip.key]
        assert row["media"].endswith(".flac")
        with clip.audio.open("rb") as file:
            assert (data.path / row["media"]).read_bytes() == file.read()


def test_the_order_in_which_rows_were_inserted_changes_no_byte(judged):
    digests = {exported(judged.campaign).digest}
    for seed in (2, 3):
        same = judge(judged.paintings, judged.clips, judged.raters, Random(seed))
        digests.add(exported(same.campaign).digest)
    assert len(digests) == 1


def test_raters_appear_by_their_code_and_nothing_else_of_them_is_in_any_file(judged):
    folder = snapshot_folder(exported(judged.campaign))
    data = snapshots.read(folder)
    assert set(data.raters["rater_id"]) == {rater.code for rater in judged.raters}
    content = b"".join(place.read_bytes() for place in folder.rglob("*") if place.is_file())
    for rater in judged.raters:
        for personal in (rater.user.username, rater.user.email):
            assert personal.encode() not in content


def test_only_counted_judgments_are_exported(judged):
    first = Rating.objects.order_by("pk").first()
    for state in (RatingState.SUPERSEDED, RatingState.SURPLUS, RatingState.WITHDRAWN):
        Rating.objects.create(
            pair=first.pair, rater=make_rater(), value=0.99, state=state, key=uuid.uuid4(), created_at=NOON
        )
    task = Vote.objects.order_by("pk").first().task
    Vote.objects.create(
        task=task, rater=make_rater(), choice="b", left="a", state=VoteState.SURPLUS, key=uuid.uuid4(), created_at=NOON
    )
    judgments = judgments_of(campaign=judged.campaign)
    assert len(judgments.ratings) == 60
    assert 0.99 not in {rating.value for rating in judgments.ratings}
    assert len(judgments.votes) == 6


def test_another_campaigns_judgments_stay_out(judged):
    judge(judged.paintings, judged.clips, judged.raters, Random(2))
    judgments = judgments_of(campaign=judged.campaign)
    assert (len(judgments.pairs), len(judgments.ratings), len(judgments.tasks)) == (12, 60, 2)


def test_a_tasks_query_is_what_its_pairs_share(judged):
    queries = {task.direction: task.query_id for task in judgments_of(campaign=judged.campaign).tasks}
    assert queries == {
        Direction.MUSIC_TO_PAINTING: judged.clips[0].key,
        Direction.PAINTING_TO_MUSIC: judged.paintings[0].key,
    }


def test_simulated_raters_are_named_as_such(judged):
    judged.raters[0].is_simulated = True
    judged.raters[0].save()
    data = snapshots.read(snapshot_folder(exported(judged.campaign)))
    assert set(data.raters[data.raters["simulated"]]["rater_id"]) == {judged.raters[0].code}


def test_a_sealed_snapshot_stays_when_a_rater_is_withdrawn_and_later_ones_follow(judged):
    before = exported(judged.campaign)
    rater_withdraw(rater=judged.raters[0], now=NOON)
    before.refresh_from_db()
    assert snapshots.read(snapshot_folder(before)).digest == before.digest
    assert judged.raters[0].code in set(snapshots.read(snapshot_folder(before)).raters["rater_id"])
    after = exported(judged.campaign)
    data = snapshots.read(snapshot_folder(after))
    assert judged.raters[0].code not in set(data.ratings["rater_id"])
    assert 0 < len(data.pairs) < 12
    assert data.manifest["facts"]["incomplete_pairs"] == 12 - len(data.pairs)


def test_the_recipe_takes_over_the_campaigns_protocol():
    campaign = make_campaign(raters_per_pair=7, trim=2, band_low=0.3, band_high=0.7, votes_per_task=5)
    recipe = recipe_for(campaign=campaign, name="demo")
    assert (recipe.raters_per_pair, recipe.min_ratings, recipe.trim) == (7, 7, 2)
    assert (recipe.band, recipe.votes_needed) == ((0.3, 0.7), 5)
    assert recipe.shares == snapshots.recipe.get("demo").shares


def test_an_unknown_recipe_and_a_campaign_without_complete_pairs_are_refused_in_words():
    pair = make_pair()
    with pytest.raises(SnapshotError, match="no recipe 'huge'"):
        snapshot_start(campaign=pair.campaign, recipe="huge", now=NOON)
    with pytest.raises(SnapshotError, match=r"No pair of .* has its 5 ratings yet"):
        snapshot_start(campaign=pair.campaign, recipe="demo", now=NOON)
    assert not Snapshot.objects.exists()


def test_a_missing_media_file_fails_the_job_by_name_and_leaves_nothing(judged, settings):
    default_storage.delete(judged.clips[1].mel.name)
    job = exported(judged.campaign)
    assert job.state == JobState.FAILED
    assert f"A file of {judged.clips[1].key} is missing from the media store" in job.error
    assert list(Path(settings.SNAPSHOTS_ROOT).iterdir()) == []


def test_a_folder_that_cannot_be_written_fails_the_job_in_words(judged, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with override_settings(SNAPSHOTS_ROOT=tmp_path / "file"):
        job = exported(judged.campaign)
    assert job.state == JobState.FAILED
    assert "could not be written: File exists" in job.error
    assert str(tmp_path / "file") in job.error


def test_a_cancelled_export_leaves_no_snapshot_and_can_be_gone_on_with(judged, settings, monkeypatch):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)

    def cancelled_meanwhile(campaign):
        job_cancel(job=job, now=NOON)
        return CampaignSource(campaign)

    monkeypatch.setattr(exporting, "CampaignSource", cancelled_meanwhile)
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == JobState.CANCELLED
    job.refresh_from_db()
    assert (job.state, job.digest) == (JobState.CANCELLED, "")
    left = [place for place in Path(settings.SNAPSHOTS_ROOT).rglob("*") if place.is_file()]
    assert all("/media/" in str(place) and not snapshots.verify(place.parents[2]).ok for place in left)
    monkeypatch.undo()
    Snapshot.objects.filter(pk=job.pk).update(state=JobState.QUEUED, cancel_requested=False)
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == JobState.DONE
    names = {place.name for place in Path(settings.SNAPSHOTS_ROOT).iterdir()}
    assert names == {job.folder, f"{job.folder}.zip-index.json"}


def test_a_second_attempt_takes_over_what_the_first_had_sealed(judged):
    job = exported(judged.campaign)
    digest, facts = job.digest, job.facts
    # The worker died after the seal and before the row was written; the sweep queued the job again.
    Snapshot.objects.filter(pk=job.pk).update(state=JobState.QUEUED, digest="", facts={}, n_files=0)
    Pair.objects.filter(campaign=judged.campaign).update(score=0.9)
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == JobState.DONE
    job.refresh_from_db()
    assert (job.digest, job.facts) == (digest, facts)


def test_a_second_attempt_clears_what_a_killed_one_left(judged, settings):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)
    leftover = Path(settings.SNAPSHOTS_ROOT) / f".{job.folder}.0badcafe.partial"
    (leftover / "data").mkdir(parents=True)
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == JobState.DONE
    assert not leftover.exists()


def test_what_a_broken_off_export_left_is_kept_for_days_and_then_removed(judged, settings):
    running, fresh, old = (snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON) for _ in range(3))
    week = timedelta(days=settings.SNAPSHOT_LEFTOVERS_KEPT_DAYS)
    ends = {running: (JobState.RUNNING, None), fresh: (JobState.FAILED, NOON - week)}
    ends[old] = (JobState.CANCELLED, NOON - week - timedelta(seconds=1))
    leftovers = {}
    for job, (state, finished_at) in ends.items():
        Snapshot.objects.filter(pk=job.pk).update(state=state, finished_at=finished_at)
        leftovers[job] = Path(settings.SNAPSHOTS_ROOT) / f".{job.folder}.0badcafe.partial"
        (leftovers[job] / "media").mkdir(parents=True)
    leftovers_sweep(now=NOON)
    assert [job for job in ends if leftovers[job].exists()] == [running, fresh]


def test_a_damaged_folder_is_never_taken_over(judged):
    job = exported(judged.campaign)
    readme = snapshot_folder(job) / "README.md"
    readme.chmod(0o644)
    readme.write_text("changed")
    Snapshot.objects.filter(pk=job.pk).update(state=JobState.QUEUED, digest="")
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == JobState.FAILED
    job.refresh_from_db()
    assert "README.md was changed after the snapshot was sealed" in job.error


def test_a_worker_that_lost_the_job_writes_no_row(judged, monkeypatch):
    job = snapshot_start(campaign=judged.campaign, recipe="demo", now=NOON)

    def taken_over(campaign):
        Snapshot.objects.filter(pk=job.pk).update(worker="someone else")
        return CampaignSource(campaign)

    monkeypatch.setattr(exporting, "CampaignSource", taken_over)
    assert job_run(model=Snapshot, job_id=job.pk, work=snapshot_export) == "not ours"
    job.refresh_from_db()
    assert (job.digest, job.worker) == ("", "someone else")


@pytest.mark.django_db(transaction=True)
def test_an_export_reads_one_moment_while_others_go_on_writing():
    def write_meanwhile() -> None:
        try:
            make_campaign()
        finally:
            connection.close()

    make_campaign()
    with one_moment():
        before = Campaign.objects.count()
        writer = Thread(target=write_meanwhile)
        writer.start()
        writer.join(timeout=0.5)
        assert Campaign.objects.count() == before
    writer.join(timeout=20)
    assert Campaign.objects.count() == before + 1
