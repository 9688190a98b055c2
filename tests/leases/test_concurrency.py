"""Many raters at once, with real threads, connections and processes: exactly N judgments, and no answer lost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connection, connections
from django.db.models import F, Q

from annotation_site.accounts.models import Rater
from annotation_site.leases.models import SlotState
from annotation_site.preferences.making import tasks_extend
from annotation_site.preferences.models import PreferenceTask, Vote, VoteSlot
from annotation_site.scoring.models import Campaign, Pair, Rating, Repeat, Slot
from annotation_site.scoring.selectors import campaign_progress
from mpd_builder.aggregation import trimmed_mean
from tests.conftest import NOON, REPO_ROOT
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_task
from tests.leases.crew import WORK, Ack, Log, crew_at_work

SUBJECTS, PEOPLE = 40, 16
PROCESSES = 4

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people() -> list[Rater]:
    return [make_rater(is_simulated=True, order_seed=number * 134_217_728) for number in range(PEOPLE)]


@pytest.fixture
def campaign() -> Campaign:
    """40 pairs of 5 ratings."""
    campaign, painting = make_campaign(), make_painting()
    clips = [make_clip() for _ in range(SUBJECTS)]
    for clip in clips:
        make_pair(campaign=campaign, painting=painting, clip=clip)
    return campaign


@pytest.fixture
def task_campaign() -> Campaign:
    """40 tasks of 3 votes; nobody has anything else to do."""
    campaign, painting = make_campaign(), make_painting()
    for _ in range(10):
        make_pair(campaign=campaign, painting=painting, score=0.5, completed_at=NOON)
    _tasks_of(campaign)
    return campaign


def _tasks_of(campaign: Campaign) -> None:
    both = combinations(Pair.objects.filter(campaign=campaign).order_by("pk"), 2)
    for one, other in islice(both, SUBJECTS):
        make_task(pair_a=one, pair_b=other)


def test_threads_at_once_give_every_pair_exactly_its_ratings(campaign: Campaign, people: list[Rater]) -> None:
    log = _threads("PAIRS", campaign, people)
    assert log.faults == []
    _check_pairs(campaign, log.acks)
    _check_nobody_starved(people, log.acks)


def test_hidden_repeats_among_them_change_nothing(campaign: Campaign, people: list[Rater]) -> None:
    """Every second piece of work may be one: ten people have rated enough for some before the pairs run out."""
    Campaign.objects.update(repeat_percent=50, repeat_distance=10)
    campaign.refresh_from_db()
    log = _threads("PAIRS", campaign, people[:10])
    assert log.faults == []
    _check_pairs(campaign, log.acks)
    repeats = Repeat.objects.all()
    assert repeats.filter(state="answered").count() >= 6
    for repeat in repeats:
        assert repeat.distance >= 10
        standing = list(repeat.ratings.filter(state="repeat"))
        assert len(standing) == (repeat.state == "answered")
        assert {(one.rater_id, one.pair_id, one.slot_id) for one in standing} <= {
            (repeat.rater_id, repeat.pair_id, None)
        }


def test_threads_at_once_give_every_task_exactly_its_votes(task_campaign: Campaign, people: list[Rater]) -> None:
    log = _threads("TASKS", task_campaign, people)
    assert log.faults == []
    _check_tasks(task_campaign, log.acks)
    _check_nobody_starved(people, log.acks)


def test_ties_get_more_votes_while_threads_are_at_work(task_campaign: Campaign, people: list[Rater]) -> None:
    """Four votes a task end in a tie three times in eight: two who ask for more go on asking until all is settled."""
    Campaign.objects.update(votes_per_task=4, most_votes_per_task=6)
    task_campaign.refresh_from_db()
    VoteSlot.objects.all().delete()
    PreferenceTask.objects.all().delete()
    _tasks_of(task_campaign)
    log, settled = Log(), threading.Event()
    askers = [threading.Thread(target=_ask_for_more, args=(task_campaign, log, settled)) for _ in range(2)]
    crew = crew_at_work(WORK["TASKS"], task_campaign, people, time.time(), log)
    for asker in askers:
        asker.start()
    for person in crew:
        person.join()
    settled.set()
    for asker in askers:
        asker.join()
    assert log.faults == []
    _check_tasks(task_campaign, log.acks)
    places = Counter(PreferenceTask.objects.values_list("places", flat=True))
    assert set(places) == {4, 5}, "a fifth vote settles every tie of four"
    assert places[5] >= 5


def _ask_for_more(campaign: Campaign, log: Log, settled: threading.Event) -> None:
    """What is kept has to stay as it is, however often somebody asks."""
    kept: dict[int, tuple[Any, ...]] = {}
    try:
        while not settled.wait(0.02):
            tasks_extend(campaign=campaign, now=NOON)
            rows = PreferenceTask.objects.filter(state=PreferenceTask.State.KEPT)
            now_kept = {pk: row for pk, *row in rows.values_list("pk", "winner", "votes_a", "votes_b", "decided_at")}
            assert {pk: now_kept.get(pk) for pk in kept} == kept
            kept = now_kept
    except Exception:  # noqa: BLE001 - the test asks for what was not expected
        log.fault()
    finally:
        connections.close_all()


def _threads(kind: str, campaign: Campaign, people: list[Rater]) -> Log:
    log = Log()
    for person in crew_at_work(WORK[kind], campaign, people, time.time(), log):
        person.join()
    return log


@pytest.mark.parametrize("kind", ["PAIRS", "TASKS"])
def test_processes_at_once_survive_the_sudden_death_of_one(
    kind: str,
    request: pytest.FixtureRequest,
    people: list[Rater],
    tmp_path: Path,
    processes: list[subprocess.Popen[bytes]],
) -> None:
    campaign = request.getfixturevalue("campaign" if kind == "PAIRS" else "task_campaign")
    logs = [tmp_path / f"{number}.jsonl" for number in range(PROCESSES)]
    go, t0 = tmp_path / "go", time.time()
    for number, path in enumerate(logs):
        processes.append(_start(campaign, people[number::PROCESSES], path, go, t0=t0, kind=kind))
    for process, path in zip(processes, logs, strict=True):
        _wait_for(partial(_lines, path, "begun"), process)
    go.touch()
    victim = processes[0]
    _wait_for(lambda: len(_lines(logs[0], "ack")) >= 5, victim)
    victim.send_signal(signal.SIGKILL)
    assert [process.wait(timeout=90) for process in processes] == [-signal.SIGKILL, 0, 0, 0]
    assert [line for path in logs for line in _lines(path, "fault")] == []
    acks = [Ack(*line[1:]) for path in logs for line in _lines(path, "ack")]
    (_check_pairs if kind == "PAIRS" else _check_tasks)(campaign, acks)
    _check_nobody_starved([rater for number in range(1, PROCESSES) for rater in people[number::PROCESSES]], acks)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def _start(
    campaign: Campaign, people: list[Rater], log: Path, go: Path, *, t0: float, kind: str = "PAIRS"
) -> subprocess.Popen[bytes]:
    raters = json.dumps([rater.pk for rater in people])
    command = [sys.executable, "-m", "tests.leases.crew", kind, str(campaign.pk), raters, str(t0), str(log)]
    command.append(str(go))
    env = os.environ | {"DATABASE_URL": _database_url(), "DJANGO_SETTINGS_MODULE": "annotation_site.settings"}
    return subprocess.Popen(command, cwd=REPO_ROOT, env=env)


def _database_url() -> str:
    """The address of the tests' own database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    return urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _wait_for(is_so: Callable[[], object], process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert process.poll() is None, "the process ended by itself"
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.02)


def _lines(path: Path, kind: str) -> list[list[Any]]:
    """The log's whole lines of one kind: the last one may be cut off where its process was killed."""
    text = path.read_text() if path.exists() else ""
    lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    return [line for line in lines if line[0] == kind]


def _check_pairs(campaign: Campaign, acks: list[Ack]) -> None:
    counted = Rating.objects.filter(state="counted")
    assert set(Slot.objects.values_list("state", flat=True)) == {SlotState.FILLED}
    for pair in Pair.objects.filter(campaign=campaign):
        ratings = list(counted.filter(pair=pair))
        assert len(ratings) == len({rating.rater_id for rating in ratings}) == pair.rating_count == 5
        assert pair.score == trimmed_mean([rating.value for rating in ratings])
        assert pair.completed_at is not None
    seen = campaign_progress(campaign=campaign, now=NOON)
    assert (seen.complete, seen.ratings, seen.over_quota) == (SUBJECTS, 5 * SUBJECTS, 0)
    assert not counted.exclude(slot__rater=F("rater"), slot__pair=F("pair")).exists()
    assert not Rating.objects.filter(Q(state="counted", slot=None) | ~Q(state="counted") & ~Q(slot=None)).exists()
    rows = dict(Rating.objects.values_list("pk", "state"))
    _check_acks(acks, dict(Rating.objects.values_list("key", "pk")), rows)


def _check_tasks(campaign: Campaign, acks: list[Ack]) -> None:
    """Every place filled, by one rater each; the tally and the outcome are those of the votes."""
    slots = VoteSlot.objects.filter(campaign=campaign)
    assert set(slots.values_list("state", flat=True)) == {SlotState.FILLED}
    counted = Vote.objects.filter(state="counted")
    assert not counted.exclude(slot__rater=F("rater"), slot__task=F("task")).exists()
    assert not Vote.objects.filter(Q(state="counted", slot=None) | ~Q(state="counted") & ~Q(slot=None)).exists()
    for token, left, first in counted.values_list("slot__token", "left", "first"):
        assert token is not None
        assert VoteSlot.dealt(token) == {"left": left, "first": first}
    tasks = PreferenceTask.objects.filter(campaign=campaign)
    assert len(tasks) == SUBJECTS
    for task in tasks:
        votes = list(counted.filter(task=task).values_list("rater", "choice"))
        assert len(votes) == len(dict(votes)) == task.places == task.slots.count()
        assert set(task.slots.values_list("quota", flat=True)) == {task.places}
        tally = Counter(choice for _, choice in votes)
        assert (task.votes_a, task.votes_b) == (tally["a"], tally["b"])
        winner = "" if tally["a"] == tally["b"] else max("ab", key=lambda side: tally[side])
        assert (task.state, task.winner) == ("kept" if winner else "undecided", winner)
    _check_acks(acks, dict(Vote.objects.values_list("key", "pk")), dict(Vote.objects.values_list("pk", "state")))


def _check_acks(acks: list[Ack], row_of_key: dict[UUID, int], state_of_row: dict[int, str]) -> None:
    assert len(acks) > len(row_of_key), "nothing was sent twice: the test is not worth its name"
    for ack in acks:
        assert row_of_key[UUID(ack.key)] == ack.row
        assert state_of_row[ack.row] == ack.state


def _check_nobody_starved(people: list[Rater], acks: list[Ack]) -> None:
    """Everyone got work and an answer to it, however many asked at once."""
    assert {ack.rater for ack in acks} >= {rater.pk for rater in people}
