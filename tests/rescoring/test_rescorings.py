"""A rescoring's life: its pool is cut into shards, each ends in its own way, and the scores are joined once."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, job_run
from annotation_site.jobs.services import job_claim, jobs_sweep
from annotation_site.rescoring import sharding, tasks, working
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.inputs import items_read
from annotation_site.rescoring.models import Pool, Proposal, Rescoring, RescoringShard, Stage
from annotation_site.rescoring.results import result_files, score_of
from annotation_site.rescoring.services import (
    rescoring_cancel,
    rescoring_folder,
    rescoring_follow,
    rescoring_pause,
    rescoring_resume,
    rescorings_sweep,
)
from annotation_site.rescoring.working import rescore
from annotation_site.scoring.models import Campaign, Pair
from tests.conftest import NOON
from tests.factories import make_campaign
from tests.rescoring.makers import FakeModel, start, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def four_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharding, "PAIRS_A_SHARD", 3)


def gathered(campaign: Campaign, **fields) -> Rescoring:
    """Its shards wait for workers."""
    rescoring = start(campaign, **{"pool_size": 11} | fields)
    assert tasks.run(rescoring.pk) == "not ours"  # it gave itself over to its shards
    return again(rescoring)


def again(rescoring: Rescoring) -> Rescoring:
    rescoring.refresh_from_db()
    return rescoring


def states(rescoring: Rescoring) -> list[str]:
    return [str(state) for state in rescoring.shards.order_by("index").values_list("state", flat=True)]


def shard(rescoring: Rescoring, index: int) -> RescoringShard:
    return rescoring.shards.get(index=index)


def test_a_pool_is_cut_into_shards_that_wait_for_workers(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    assert (rescoring.state, rescoring.stage, rescoring.worker) == (JobState.RUNNING, Stage.SCORING, "")
    assert states(rescoring) == ["queued"] * 4
    assert [one.total for one in rescoring.shards.order_by("index")] == [2, 3, 3, 3]
    assert rescoring.total == 11
    jobs_sweep(model=Rescoring, now=NOON)
    assert again(rescoring).state == JobState.RUNNING, "no worker holds it, so none can have died"


def test_the_last_shard_lets_the_scores_be_joined(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    for index in (2, 0, 3):
        assert tasks.score_shard(shard(rescoring, index).pk) == JobState.DONE
    assert (again(rescoring).state, rescoring.done) == (JobState.RUNNING, 8)
    assert tasks.score_shard(shard(rescoring, 1).pk) == JobState.DONE
    assert (again(rescoring).state, rescoring.stage) == (JobState.QUEUED, Stage.JOINING)
    assert tasks.run(rescoring.pk) == JobState.DONE
    folder = rescoring_folder(again(rescoring))
    table = pq.read_table(folder / "scores.parquet").to_pandas()
    assert (len(table), len(table.drop_duplicates(["painting", "clip"]))) == (11, 11)
    items = items_read(folder)
    for painting, clip, score in table[["painting", "clip", "score"]].itertuples(index=False):
        row, column = items.paintings.index(painting), items.clips.index(clip)
        assert score == pytest.approx(FakeModel.score(row, column), abs=1e-6)
        found = score_of(folder, items, painting=painting, clip=clip)
        assert found == pytest.approx((score, fake_model.sd(row, column)), abs=1e-6)
    assert (rescoring.summary["scored"], len(rescoring.summary["ends"]["top"])) == (11, 6)
    assert not (folder / "shards").exists()
    assert not Proposal.objects.exists(), "none was asked for"
    assert set(Pair.objects.values_list("origin", flat=True)) == {"random"}, "nobody is asked by scoring alone"


def test_joining_again_after_a_kill_finds_the_table_and_proposes_once(campaign, fake_model):
    rescoring = gathered(campaign, ask_for=3)
    tasks.score_shard(shard(rescoring, 0).pk)
    job = job_claim(model=Rescoring, job_id=rescoring.pk, worker="w1", now=NOON)
    rescore(job, lambda *_, **__: None)  # and then its worker dies
    Rescoring.objects.update(state=JobState.QUEUED, worker="")
    assert tasks.run(rescoring.pk) == JobState.DONE
    proposal = Proposal.objects.get()
    assert (proposal.count, proposal.control_share, proposal.state) == (3, 0.2, JobState.QUEUED)


def test_a_whole_matrix_goes_by_shares_and_leaves_the_matrix(campaign, fake_model, monkeypatch):
    monkeypatch.setattr(sharding, "CELLS_A_SHARD", 4)
    rescoring = gathered(campaign, pool=Pool.MATRIX)
    assert states(rescoring) == ["queued"] * 3
    for one in rescoring.shards.all():
        assert tasks.score_shard(one.pk) == JobState.DONE
    assert sorted(told(call, "--share") for call in fake_model.calls) == ["0/3", "1/3", "2/3"]
    assert len({told(call, "--out") for call in fake_model.calls}) == 1
    assert len({told(call, "--events") for call in fake_model.calls}) == 3
    assert tasks.run(rescoring.pk) == JobState.DONE
    folder = rescoring_folder(again(rescoring))
    assert [place.name for place in result_files(folder)] == ["scores.f16.npy", "scores.json"]
    assert np.load(folder / "matrix" / "scores.f16.npy").shape == (3, 4)
    assert (rescoring.summary["scored"], rescoring.summary["mean_sd"]) == (12, None)
    items = items_read(folder)
    found = score_of(folder, items, painting=items.paintings[3], clip=items.clips[2])
    assert found == (pytest.approx(0.7, abs=1e-3), None)


def test_a_failed_shard_ends_the_rescoring_in_its_words_and_resuming_keeps_what_is_done(
    campaign, fake_model, four_shards, monkeypatch
):
    rescoring = gathered(campaign)
    tasks.score_shard(shard(rescoring, 0).pk)
    monkeypatch.setattr(working, "follow", fails)
    assert tasks.score_shard(shard(rescoring, 2).pk) == JobState.FAILED
    assert (again(rescoring).state, rescoring.error) == (JobState.FAILED, "Shard 3: Out of memory.")
    assert states(rescoring) == ["done", "cancelled", "failed", "cancelled"]
    monkeypatch.setattr(working, "follow", fake_model.follow)
    rescoring_resume(rescoring=rescoring, now=NOON)
    assert (again(rescoring).state, rescoring.error) == (JobState.RUNNING, "")
    assert states(rescoring) == ["done", "queued", "queued", "queued"]
    for index in (1, 2, 3):
        tasks.score_shard(shard(rescoring, index).pk)
    assert tasks.run(rescoring.pk) == JobState.DONE
    assert len(fake_model.calls) == 4, "the shard that was done is not scored again"


def fails(*_: object, **__: object) -> None:
    raise JobFailed("Out of memory.")


def test_paused_nothing_is_begun_and_resumed_it_goes_on(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    tasks.score_shard(shard(rescoring, 0).pk)
    at_work = job_claim(model=RescoringShard, job_id=shard(rescoring, 1).pk, worker="w1", now=NOON)
    rescoring_pause(rescoring=rescoring, now=NOON)
    rescoring_pause(rescoring=rescoring, now=NOON)
    assert (again(rescoring).is_paused, rescoring.get_state_display()) == (True, "Paused")
    assert states(rescoring) == ["done", "running", "cancelled", "cancelled"]
    assert RescoringShard.objects.get(pk=at_work.pk).cancel_requested
    RescoringShard.objects.filter(pk=at_work.pk).update(state=JobState.CANCELLED)
    rescorings_sweep(now=NOON)
    assert states(rescoring) == ["done", "cancelled", "cancelled", "cancelled"]
    assert tasks.score_shard(shard(rescoring, 2).pk) == "not ours"
    rescoring_resume(rescoring=rescoring, now=NOON)
    assert (again(rescoring).is_paused, states(rescoring)) == (False, ["done", "queued", "queued", "queued"])


def test_resumed_at_once_a_shard_that_was_to_stop_goes_on_or_is_queued_again(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    stops, goes_on = (shard(rescoring, index) for index in (0, 1))
    for one in (stops, goes_on):
        job_claim(model=RescoringShard, job_id=one.pk, worker="w1", now=NOON)
    rescoring_pause(rescoring=rescoring, now=NOON)
    rescoring_resume(rescoring=rescoring, now=NOON)
    assert not shard(rescoring, 1).cancel_requested
    RescoringShard.objects.filter(pk=stops.pk).update(state=JobState.CANCELLED)  # it had seen the wish already
    rescoring_follow(rescoring_id=rescoring.pk, now=NOON)
    assert states(rescoring) == ["queued", "running", "queued", "queued"]


def test_a_message_that_comes_after_the_pause_begins_nothing(campaign, fake_model):
    rescoring = gathered(campaign)
    rescoring_pause(rescoring=rescoring, now=NOON)
    RescoringShard.objects.update(state=JobState.QUEUED)
    assert tasks.score_shard(shard(rescoring, 0).pk) == JobState.CANCELLED
    assert fake_model.calls == []


def test_cancelled_all_shards_stop_and_a_resume_goes_on_from_what_is_done(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    tasks.score_shard(shard(rescoring, 3).pk)
    assert rescoring_cancel(rescoring=rescoring, now=NOON)
    assert (again(rescoring).state, states(rescoring)) == (JobState.CANCELLED, ["cancelled"] * 3 + ["done"])
    assert not rescoring_cancel(rescoring=rescoring, now=NOON)
    rescoring_resume(rescoring=rescoring, now=NOON)
    assert (again(rescoring).state, states(rescoring)) == (JobState.RUNNING, ["queued"] * 3 + ["done"])
    with pytest.raises(RescoringError, match="has not stopped"):
        rescoring_resume(rescoring=rescoring, now=NOON)


def test_a_queued_rescoring_is_cancelled_and_resumed_before_it_has_shards(campaign):
    rescoring = start(campaign)
    with pytest.raises(RescoringError, match="nothing to pause"):
        rescoring_pause(rescoring=rescoring, now=NOON)
    assert rescoring_cancel(rescoring=rescoring, now=NOON)
    assert again(rescoring).state == JobState.CANCELLED
    rescoring_resume(rescoring=rescoring, now=NOON)
    assert (again(rescoring).state, rescoring.cancel_requested) == (JobState.QUEUED, False)


def test_the_sweep_joins_what_a_dying_worker_left_scored(campaign, fake_model):
    rescoring = gathered(campaign)
    job_run(model=RescoringShard, job_id=shard(rescoring, 0).pk, work=working.shard_score)  # and no word after it
    assert again(rescoring).state == JobState.RUNNING
    rescorings_sweep(now=NOON)
    assert (again(rescoring).state, rescoring.stage) == (JobState.QUEUED, Stage.JOINING)


def test_a_shard_whose_worker_dies_is_taken_by_another(campaign, fake_model, four_shards):
    rescoring = gathered(campaign)
    for index in (0, 1, 2):
        tasks.score_shard(shard(rescoring, index).pk)
    job_claim(model=RescoringShard, job_id=shard(rescoring, 3).pk, worker="dead", now=NOON)
    RescoringShard.objects.filter(worker="dead").update(heartbeat_at=NOON.replace(year=2020))
    jobs_sweep(model=RescoringShard, now=NOON)
    assert states(rescoring) == ["done", "done", "done", "queued"]
    assert tasks.score_shard(shard(rescoring, 3).pk) == JobState.DONE
    assert again(rescoring).stage == Stage.JOINING


def test_nothing_left_to_score_is_told_in_words(campaign):
    Pair.objects.all().delete()
    rescoring = start(make_campaign(is_synthetic=True), pool_size=5)
    assert tasks.run(rescoring.pk) == JobState.FAILED
    assert "no unrated pair left" in again(rescoring).error


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"pool_size": 10, "ask_for": 11}, "no more pairs than are scored"),
        ({"pool_size": 0}, "from 1 to 500,000"),
        ({"pool": Pool.STYLES}, "at least one style"),
        ({"control_share": 1.5, "ask_for": 2}, "from 0 to 1"),
    ],
)
def test_what_cannot_be_is_refused_in_words(campaign, fields, words):
    with pytest.raises(RescoringError, match=words):
        start(campaign, **fields)
    assert not Rescoring.objects.exists()


def test_a_closed_campaign_can_be_scored_but_not_be_asked(campaign):
    closed = make_campaign(is_open=False)
    with pytest.raises(RescoringError, match="closed"):
        start(closed, ask_for=5)
    assert start(closed).state == JobState.QUEUED
