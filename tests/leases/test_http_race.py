"""Many raters over HTTP against gunicorn, whose processes are killed: exactly N judgments a subject all the same."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

import pytest
from django.conf import settings
from django.db.models import F, QuerySet
from django.test import Client
from django.utils import timezone

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import LeasedSlot, SlotState
from annotation_site.preferences.making import tasks_make
from annotation_site.preferences.models import Vote, VoteSlot
from annotation_site.scoring.models import Campaign, Rating, RatingState, Slot
from annotation_site.scoring.selectors import pairs_over_quota
from annotation_site.scoring.services import pairs_make
from tests.conftest import REPO_ROOT
from tests.factories import NOON, make_campaign, make_clip, make_painting, make_pair, make_rater, make_track
from tests.leases.http_crew import SCORES, VOTES, Person, Told, Work
from tests.leases.test_concurrency import _database_url

PAIRS, PEOPLE, WORKERS, KILLS = 200, 50, 4, 3
TASKS, FEWER = 60, 16
PATIENCE_S = 240

pytestmark = [pytest.mark.slow, pytest.mark.services, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def campaign() -> Campaign:
    """200 pairs of 5 ratings. The clips have no length, so that nobody has to wait for music."""
    for _ in range(40):
        make_painting()
    track = make_track(clips=0)
    for index in range(20):
        make_clip(track=track, index=index, start_frame=0, stop_frame=0)
    campaign = make_campaign()
    pairs_make(campaign=campaign, count=PAIRS, seed=4, balance=False, now=NOON)
    return campaign


@pytest.fixture
def task_campaign() -> Campaign:
    """60 tasks of 3 votes, in both directions."""
    campaign = make_campaign()
    paintings, track = [make_painting() for _ in range(8)], make_track(clips=0)
    for index in range(5):
        clip = make_clip(track=track, index=index, start_frame=0, stop_frame=0)
        for painting in paintings:
            make_pair(campaign=campaign, painting=painting, clip=clip, score=0.5, completed_at=NOON)
    made = tasks_make(campaign=campaign, count=TASKS // 2, seed=4, now=NOON)
    assert len(made) == TASKS
    return campaign


@pytest.fixture
def crew() -> list[tuple[Rater, str]]:
    """Each rater with the key of a live session."""
    found = []
    for number in range(PEOPLE):
        rater, client = make_rater(order_seed=number * 42_949_673), Client()
        client.force_login(rater.user, backend=settings.AUTHENTICATION_BACKENDS[0])
        found.append((rater, client.cookies[settings.SESSION_COOKIE_NAME].value))
    return found


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "gunicorn", "annotation_site.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", str(WORKERS), "--no-control-socket", "--log-level", "critical"]
    env = os.environ | {"DATABASE_URL": _database_url(), "DJANGO_SETTINGS_MODULE": "annotation_site.settings"}
    with (tmp_path / "gunicorn.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=REPO_ROOT, env=env, stdout=log, stderr=log)
        yield process, port
        process.terminate()
        process.wait(timeout=30)


def test_fifty_raters_and_dying_servers_give_every_pair_exactly_five_ratings(
    campaign: Campaign, crew: list[tuple[Rater, str]], server: tuple[subprocess.Popen[bytes], int]
) -> None:
    told = _work(SCORES, Slot, campaign, crew, server, is_over=lambda: not campaign.pairs.filter(completed_at=None))
    counted = _check(Rating, "pair", 5, campaign, crew, told)
    assert len(counted) == PAIRS
    assert pairs_over_quota(campaign=campaign) == 0


def test_dying_servers_give_every_task_exactly_three_votes(
    task_campaign: Campaign, crew: list[tuple[Rater, str]], server: tuple[subprocess.Popen[bytes], int]
) -> None:
    tasks, crew = task_campaign.tasks, crew[:FEWER]
    told = _work(VOTES, VoteSlot, task_campaign, crew, server, is_over=lambda: not tasks.filter(state="open"))
    counted = _check(Vote, "task", 3, task_campaign, crew, told)
    assert len(counted) == TASKS
    for task in tasks.all():
        tally = Counter(task.votes.filter(state="counted").values_list("choice", flat=True))
        assert (task.votes_a, task.votes_b, task.state) == (tally["a"], tally["b"], "kept")
        assert task.winner == max("ab", key=lambda side: tally[side])


def _work(
    work: Work,
    model: type[LeasedSlot],
    campaign: Campaign,
    crew: list[tuple[Rater, str]],
    server: tuple[subprocess.Popen[bytes], int],
    *,
    is_over: Callable[[], bool],
) -> Told:
    """Everybody at work until it is over; what they were told."""
    process, port = server
    told, random = Told(), Random(11)
    people = [Person(work, n, port, campaign.slug, session, told, seed=3) for n, (_, session) in enumerate(crew)]
    for person in people:
        person.start()
    places = model._default_manager.filter(campaign=campaign)
    kills = _trouble_until_done(places, is_over, process, told, random)
    told.is_over.set()
    for person in people:
        person.join(timeout=60)
    for person in people:
        for answer in person.sent:  # what was held back comes in last of all
            person.send(answer)
    assert told.odd == []
    assert kills == KILLS
    return told


def _trouble_until_done(
    places: QuerySet[Any], is_over: Callable[[], bool], process: subprocess.Popen[bytes], told: Told, random: Random
) -> int:
    """Let leases run out and kill servers, until all is judged; how many were killed."""
    end, killed, step = time.monotonic() + PATIENCE_S, 0, places.count() // (KILLS + 2)
    while not is_over():
        assert time.monotonic() < end, "the campaign never ends"
        assert process.poll() is None, "gunicorn itself ended"
        leased = list(places.filter(state=SlotState.LEASED).values_list("pk", flat=True))
        ended = [pk for pk in leased if random.random() < 0.1]
        past = timezone.now() - timedelta(seconds=1)
        places.filter(pk__in=ended, state=SlotState.LEASED).update(lease_expires_at=past)
        if killed < KILLS and len(told.acks) > (killed + 1) * step:
            os.kill(random.choice(_children(process.pid)), signal.SIGKILL)
            killed += 1
        time.sleep(0.3)
    return killed


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _check(
    model: Any, subject: str, quota: int, campaign: Campaign, crew: list[tuple[Rater, str]], told: Told
) -> Counter[int]:
    """Exactly so many judgments of each subject, one a rater, each acknowledged one there; how many by subject."""
    counted = model.objects.filter(**{f"{subject}__campaign": campaign}, state=RatingState.COUNTED)
    by_subject = Counter(counted.values_list(subject, flat=True))
    assert set(by_subject.values()) == {quota}
    assert len(set(counted.values_list(subject, "rater"))) == quota * len(by_subject)
    assert not counted.exclude(**{"slot__rater": F("rater"), f"slot__{subject}": F(subject)}).exists()
    stored = {str(key): (rater, state) for key, rater, state in model.objects.values_list("key", "rater", "state")}
    assert model.objects.count() == len(stored)
    for number, key, state in told.acks:
        assert stored[key] == (crew[number][0].pk, state)
    assert len(told.acks) > len(stored), "nothing was sent twice: the test is not worth its name"
    assert 500 not in told.statuses
    shares = Counter(counted.values_list("rater", flat=True))
    each = [shares[rater.pk] for rater, _ in crew]
    assert min(each) >= median(each) / 4, f"somebody starved: {sorted(each)}"
    return by_subject
