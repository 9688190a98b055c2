"""Pairs closed while raters are at work, over real threads and processes: no claim after it, and nothing is lost."""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from threading import Thread
from uuid import UUID

import pytest
from django.db import connections
from django.db.models import Count

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Painting
from annotation_site.corpus.withdrawal import Begun, item_withdraw
from annotation_site.leases.models import Queue
from annotation_site.preferences.models import PreferenceTask, Vote, VoteLease, VoteSlot
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot, SlotLease
from annotation_site.scoring.selectors import campaign_progress
from annotation_site.scoring.services import pairs_close, pairs_make, pairs_reopen
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting
from tests.leases.crew import SPEED, WORK, Ack, Log, crew_at_work
from tests.leases.test_concurrency import (
    PROCESSES,
    _check_acks,
    _lines,
    _start,
    _wait_for,
    campaign,
    people,
    processes,
    task_campaign,
)

__all__ = ["campaign", "people", "processes", "task_campaign"]

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

BATCHES = 5


def their_now(t0: float) -> datetime:
    """The raters' clock, which runs fast."""
    return datetime(2026, 1, 15, 12, tzinfo=UTC) + timedelta(seconds=(time.time() - t0) * SPEED)


def close_half(pairs: list[int], t0: float) -> dict[int, set[UUID]]:
    """Close half of the pairs in a few steps. For each: every lease of it that there was when closing had returned."""
    doomed = Random(7).sample(pairs, len(pairs) // 2)
    known: dict[int, set[UUID]] = {}
    for step in range(BATCHES):
        batch = doomed[step::BATCHES]
        pairs_close(pair_ids=batch, because="in the middle of it", now=their_now(t0))
        known |= {pair: leases_of(pair) for pair in batch}
        time.sleep(0.1)
    return known


def leases_of(pair: int) -> set[UUID]:
    now = Slot.objects.filter(pair=pair).exclude(token=None).values_list("token", flat=True)
    ended = SlotLease.objects.filter(slot__pair=pair).values_list("token", flat=True)
    return {token for token in [*now, *ended] if token is not None}


def check_closed(campaign: Campaign, known: dict[int, set[UUID]], acks: list[Ack]) -> None:
    for pair, leases in known.items():
        assert leases_of(pair) <= leases, "a lease was given after the pair was closed"
    assert set(Slot.objects.filter(pair__in=known).values_list("queue", flat=True)) == {Queue.CLOSED}
    check_ratings(campaign, acks)
    left = Pair.objects.filter(campaign=campaign).exclude(pk__in=known)
    assert {(pair.rating_count, pair.completed_at is not None) for pair in left} == {(5, True)}


def check_ratings(campaign: Campaign, acks: list[Ack]) -> None:
    counted = Rating.objects.filter(state="counted", pair__campaign=campaign)
    per_pair = dict(counted.order_by().values_list("pair").annotate(n=Count("pk")))
    for pair in Pair.objects.filter(campaign=campaign):
        assert per_pair.get(pair.pk, 0) == pair.rating_count <= 5
    assert campaign_progress(campaign=campaign, now=NOON).over_quota == 0
    rows = dict(Rating.objects.values_list("pk", "state"))
    _check_acks(acks, dict(Rating.objects.values_list("key", "pk")), rows)


def test_threads_claim_nothing_after_a_pair_is_closed_and_go_on_once_it_is_reopened(
    campaign: Campaign, people: list[Rater]
) -> None:
    log, t0 = Log(), time.time()
    crew = crew_at_work(WORK["PAIRS"], campaign, people, t0, log)
    known = close_half(sorted(Pair.objects.values_list("pk", flat=True)), t0)
    for person in crew:
        person.join()
    assert log.faults == []
    check_closed(campaign, known, log.acks)
    unfinished = Pair.objects.filter(pk__in=known, completed_at=None).count()
    assert unfinished, "nothing was closed in the middle of it: the test is not worth its name"

    assert pairs_reopen(pair_ids=known) == len(known)
    for person in crew_at_work(WORK["PAIRS"], campaign, people, t0 - 60, log):
        person.join()
    assert log.faults == []
    check_ratings(campaign, log.acks)
    assert not Pair.objects.filter(completed_at=None).exists()


def test_processes_claim_nothing_after_a_pair_is_closed(
    campaign: Campaign, people: list[Rater], tmp_path: Path, processes: list[subprocess.Popen[bytes]]
) -> None:
    logs = [tmp_path / f"{number}.jsonl" for number in range(PROCESSES)]
    go, t0 = tmp_path / "go", time.time()
    for number, path in enumerate(logs):
        processes.append(_start(campaign, people[number::PROCESSES], path, go, t0=t0))
    for process, path in zip(processes, logs, strict=True):
        _wait_for(partial(_lines, path, "begun"), process)
    go.touch()
    _wait_for(lambda: _lines(logs[0], "ack"), processes[0])
    known = close_half(sorted(Pair.objects.values_list("pk", flat=True)), t0)
    assert [process.wait(timeout=90) for process in processes] == [0] * PROCESSES
    assert [line for path in logs for line in _lines(path, "fault")] == []
    acks = [Ack(*line[1:]) for path in logs for line in _lines(path, "ack")]
    check_closed(campaign, known, acks)


def test_votes_go_on_while_tasks_close_with_their_pairs(task_campaign: Campaign, people: list[Rater]) -> None:
    log, t0 = Log(), time.time()
    crew = crew_at_work(WORK["TASKS"], task_campaign, people, t0, log)
    pair = Pair.objects.filter(campaign=task_campaign).first()
    assert pair is not None
    time.sleep(0.3)
    pairs_close(pair_ids=[pair.pk], because="in the middle of it", now=their_now(t0))
    closed = PreferenceTask.objects.filter(state=PreferenceTask.State.CLOSED)
    pks = set(closed.values_list("pk", flat=True))

    def leases() -> set[UUID | None]:
        tokens = VoteSlot.objects.filter(task__in=pks).exclude(token=None).values_list("token", flat=True)
        return {*tokens, *VoteLease.objects.filter(slot__task__in=pks).values_list("token", flat=True)}

    known = leases()
    for person in crew:
        person.join()
    assert log.faults == []
    assert leases() <= known
    votes = dict(Vote.objects.filter(state="counted").order_by().values_list("task").annotate(n=Count("pk")))
    for task in PreferenceTask.objects.all():
        assert votes.get(task.pk, 0) == task.votes_a + task.votes_b <= task.campaign.votes_per_task
    _check_acks(log.acks, dict(Vote.objects.values_list("key", "pk")), dict(Vote.objects.values_list("pk", "state")))


def test_no_pair_is_drawn_of_a_painting_that_is_being_withdrawn() -> None:
    campaigns = [make_campaign(raters_per_pair=2, trim=0) for _ in range(2)]
    paintings = [make_painting() for _ in range(12)]
    for _ in range(12):
        make_clip()
    faults: list[BaseException] = []

    def draw(campaign: Campaign) -> None:
        try:
            for seed in range(12):
                pairs_make(campaign=campaign, count=5, seed=seed, balance=False, now=NOON)
        except Exception as error:  # noqa: BLE001 - the test asks for what was not expected
            faults.append(error)
        finally:
            connections.close_all()

    drawers = [Thread(target=draw, args=(campaign,)) for campaign in campaigns]
    for drawer in drawers:
        drawer.start()
    for painting in paintings[:6]:
        item_withdraw(item=painting, because="tried", begun=Begun.CLOSE, now=NOON)
    for drawer in drawers:
        drawer.join()
    assert faults == []
    assert Painting.objects.exclude(withdrawn_at=None).count() == 6
    assert not Pair.objects.filter(closed_at=None).exclude(painting__withdrawn_at=None).exists()
    assert not Slot.objects.exclude(queue=Queue.CLOSED).exclude(pair__painting__withdrawn_at=None).exists()
