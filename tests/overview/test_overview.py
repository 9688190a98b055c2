"""The panel's first page: the loop in numbers, what to do next, jobs, and links that all lead somewhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from django.utils import timezone

from annotation_site.admin_site import navigation
from annotation_site.corpus.models import ImportJob
from annotation_site.cycles.models import Contest
from annotation_site.jobs.models import JobState
from annotation_site.overview.numbers import Numbers, numbers, stages
from annotation_site.overview.steps import next_steps
from annotation_site.overview.work import activity, job_lines
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from tests.conftest import NOON
from tests.factories import make_admin, make_campaign, make_pair, make_rater, make_rating

pytestmark = pytest.mark.django_db

BUSY = Numbers(
    paintings=96,
    synthetic_paintings=0,
    tracks=40,
    clips=120,
    campaigns=1,
    newest_campaign=1,
    raters=3,
    pairs=600,
    complete=400,
    closed=0,
    ambiguous=80,
    ratings=2100,
    tasks=40,
    tasks_kept=20,
    tasks_open=15,
    snapshots=1,
    runs=1,
    runs_going=0,
    ready_to_promote=0,
    rescorings=1,
    newest_snapshot="first",
    snapshot_untrained=False,
    model="MPJudge v1",
    model_at=NOON,
    model_rescored=True,
    batches_to_approve=0,
    newest_batch=None,
)


@pytest.fixture(autouse=True)
def fresh_cache() -> None:
    cache.clear()


@pytest.fixture
def ada() -> Client:
    client = Client()
    client.force_login(make_admin("ada"))
    return client


def words(**changes: Any) -> list[str]:
    return [step.words for step in next_steps(replace(BUSY, **changes))]


def test_every_link_of_the_sidebar_leads_to_a_page(ada: Client) -> None:
    request = RequestFactory().get("/admin/")
    links = [str(item["link"]) for group in navigation(request) for item in group["items"]]
    assert len(links) == 25
    assert {link: ada.get(link).status_code for link in links} == dict.fromkeys(links, 200)


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        ({"paintings": 0}, "Bring in paintings and music"),
        ({"campaigns": 0, "pairs": 0}, "Make a campaign"),
        ({"pairs": 0}, "Draw pairs"),
        ({"raters": 0}, "Invite raters"),
        ({"ready_to_promote": 1}, "Promote a run to model version"),
        ({"model_rescored": False}, "Let the model choose what to ask next"),
        ({"batches_to_approve": 2, "newest_batch": 7}, "Look at the batch that the model proposes"),
        ({"snapshot_untrained": True}, "Train on the newest snapshot"),
        ({"tasks": 0}, "Turn ambiguous pairs into preference tasks"),
        ({"snapshots": 0}, "Export a snapshot"),
        ({}, "Nothing waits for you"),
    ],
)
def test_what_to_do_next_follows_from_the_numbers(changes: dict[str, Any], first: str) -> None:
    assert words(**changes)[0] == first


def test_a_run_on_its_way_is_not_asked_for_again() -> None:
    assert "Train on the newest snapshot" not in words(snapshot_untrained=True, runs_going=1)


def test_every_step_leads_to_a_page(ada: Client) -> None:
    empty = replace(BUSY, paintings=0, newest_campaign=None)
    busy = replace(BUSY, newest_campaign=make_campaign().pk)
    asking = replace(busy, raters=0, ready_to_promote=1, model_rescored=False, snapshot_untrained=True, tasks=0)
    drawing, exporting = replace(busy, pairs=0), replace(asking, snapshots=0)
    for n in (empty, replace(empty, paintings=1, campaigns=0), drawing, asking, exporting, busy):
        for step in next_steps(n):
            assert ada.get(step.url).status_code == 200, step.words


def test_an_empty_site_has_a_first_page(ada: Client) -> None:
    page = ada.get("/admin/")
    assert page.status_code == 200
    assert "Bring in paintings and music" in page.text


def test_the_numbers_are_those_of_the_tables() -> None:
    done, begun = make_pair(), make_pair()
    for value in (0.3, 0.4, 0.5, 0.6, 0.7):
        make_rating(pair=done, rater=make_rater(is_simulated=True), value=value)
    make_rating(pair=begun, rater=make_rater(), value=0.2)
    n = numbers()
    assert (n.paintings, n.tracks, n.clips, n.campaigns) == (2, 2, 2, 2)
    assert (n.pairs, n.complete, n.ambiguous, n.ratings, n.raters) == (2, 1, 1, 6, 1)


def test_runs_newer_than_the_active_model_wait_for_promotion() -> None:
    snapshot = Snapshot.objects.create(
        campaign=make_pair().campaign,
        name="first",
        recipe={},
        digest="ab" * 32,
        state=JobState.DONE,
        created_at=NOON,
        finished_at=NOON,
    )
    assert numbers().snapshot_untrained
    cache.clear()
    old, active, new = (
        TrainingRun.objects.create(snapshot=snapshot, recipe="tiny", state=JobState.DONE, created_at=NOON)
        for _ in range(3)
    )
    ModelVersion.objects.create(run=active, number=1, is_active=True, promoted_at=NOON)
    n = numbers()
    assert (n.ready_to_promote, n.runs, n.model, n.snapshot_untrained) == (1, 3, "MPJudge v1", False)
    assert old.pk < active.pk < new.pk
    contest = Contest.objects.create(run=new, state=JobState.DONE, found={"verdict": "better"}, created_at=NOON)
    cache.clear()
    assert numbers().ready_to_promote == 1
    Contest.objects.filter(pk=contest.pk).update(found={"verdict": "not told apart"})
    cache.clear()
    assert numbers().ready_to_promote == 0


def test_the_loop_has_its_eight_stations_in_order() -> None:
    titles = [stage.title for stage in stages(BUSY, now=NOON + timedelta(days=2))]
    assert titles == ["Corpus", "Pairs", "Ratings", "Scores", "Preferences", "Snapshots", "Training runs", "Model"]
    assert stages(BUSY, now=NOON + timedelta(days=2))[-1].detail == "promoted 2 days ago, 1 rescoring"


@pytest.mark.parametrize(
    ("synthetic", "told"), [(0, "paintings,"), (96, "synthetic paintings,"), (6, "real and synthetic paintings,")]
)
def test_synthetic_material_is_called_so(synthetic: int, told: str) -> None:
    assert stages(replace(BUSY, synthetic_paintings=synthetic), now=NOON)[0].detail.startswith(told)


def test_jobs_that_run_come_first_and_old_ones_go() -> None:
    def job(state: JobState, hours: int = 0, **fields: Any) -> ImportJob:
        ended = NOON - timedelta(hours=hours) if state in (JobState.DONE, JobState.FAILED) else None
        return ImportJob.objects.create(path="/data", state=state, created_at=NOON, finished_at=ended, **fields)

    done, waiting = job(JobState.DONE, 1, words="About 0 s left"), job(JobState.QUEUED, words="Waiting")
    running = job(JobState.RUNNING, done=3, total=4)
    failed = job(JobState.FAILED, 2, error="The disk is full.")
    job(JobState.DONE, 25)
    lines = job_lines(now=NOON)
    assert [line.title for line in lines] == [str(one) for one in (running, waiting, done, failed)]
    assert [line.words for line in lines] == ["", "Waiting", "", "The disk is full."]
    assert (lines[0].percent, lines[2].since) == (75, "1\xa0hour")


def test_judgments_are_counted_by_day_up_to_today() -> None:
    rater = make_rater()
    for days, times in ((0, 1), (1, 2), (13, 1), (14, 5)):
        for _ in range(times):
            make_rating(pair=make_pair(), rater=rater, value=0.5, now=NOON - timedelta(days=days))
    seen = activity(now=NOON)
    assert seen.days == (1, *[0] * 11, 2, 1)
    assert (seen.today, seen.week) == (1, 3)


def test_the_live_part_is_for_admins_and_has_no_page_around_it(ada: Client) -> None:
    rater = Client()
    rater.force_login(make_rater().user)
    part = ada.get("/admin/overview/")
    assert part.text.lstrip().startswith('<div id="overview"')
    assert "<html" not in part.text
    assert rater.get("/admin/overview/", follow=True).status_code == 403
    assert Client().get("/admin/overview/").status_code == 302


def test_a_running_job_shows_its_progress(ada: Client) -> None:
    ImportJob.objects.create(path="/data", state=JobState.RUNNING, created_at=timezone.now(), done=1, total=2)
    page = ada.get("/admin/").text
    assert 'value="50"' in page
    assert "running" in page
