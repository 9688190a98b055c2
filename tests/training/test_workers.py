"""Runs by real workers: one killed in the middle, a broker that restarts, processes that share a run."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from model.events import read_events
from tests.corpus.sites import Site, migrate
from tests.databases import SQLITE_NAME, empty_sqlite, postgres_copies
from tests.running.test_run import free_port
from tests.training.processes import wait_until
from tests.training.stage import Stage, staged, train_alone

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(600)]

SMALL: dict[str, object] = {
    "optim.batch": 4, "painting.depth": 1, "run.log_every": 1, "run.bootstrap": 5, "run.validate_every": 1000,
}  # fmt: skip
LONG = SMALL | {"optim.regression_steps": 200, "run.checkpoint_every": 5}
TIMES = ("training_seconds", "evaluation_seconds")


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return empty_sqlite(tmp_path_factory.mktemp("migrated"), migrate)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], str]]:
    with postgres_copies(tmp_path_factory.mktemp("postgres"), migrate) as copies:
        yield copies


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """Two workers, on the database that the test names."""
    state = tmp_path / "var"
    state.mkdir()
    if getattr(request, "param", "sqlite") == "postgres":
        site = Site(state, request.getfixturevalue("postgres")())
    else:
        shutil.copy(request.getfixturevalue("empty"), state / SQLITE_NAME)
        site = Site(state)
    with staged(site, workers=2) as stage:
        yield stage


def losses(events: list[dict[str, Any]]) -> dict[int, float]:
    """The last that was said of each step: one that was resumed says some of them twice."""
    return {event["step"]: event["loss"] for event in events}


@pytest.mark.parametrize("stage", ["sqlite", "postgres"], indirect=True)
def test_a_run_whose_worker_is_killed_ends_on_the_other_as_if_nothing_had_been(stage: Stage, tmp_path: Path):
    run = stage.start(**LONG)
    wait_until(lambda: len(stage.events(run, "checkpoint")) > 1, 120)
    killed = time.monotonic()
    first = stage.kill_worker_of(run)
    wait_until(lambda: not stage.trained_beside(run), 30)
    wait_until(lambda: stage.look(run)["attempts"] == 2, 90)
    assert time.monotonic() - killed < 60, "noticed within a minute, and taken by the other"
    ended = stage.ended(run)
    assert (ended["state"], ended["error"], ended["attempts"]) == ("done", "", 2)
    assert first not in ended["worker"]
    assert stage.events(run, "start")[1]["step"] > 0, "it went on from a checkpoint"

    alone = tmp_path / "alone"
    train_alone(stage, alone, code=ended["report"]["code_version"], **LONG)
    report = json.loads((alone / "report.json").read_text())
    assert {name: ended["report"][name] for name in report if name not in TIMES} == {
        name: value for name, value in report.items() if name not in TIMES
    }
    seals = [json.loads((folder / "checkpoint.json").read_text()) for folder in (alone, stage.folder(run))]
    assert seals[0] == seals[1], "bit for bit"


def test_a_broker_that_restarts_costs_nothing_and_a_cancelled_run_resumes(stage: Stage):
    run = stage.start(**LONG)
    wait_until(lambda: stage.events(run, "checkpoint"), 120)
    steps = len(stage.events(run, "step"))
    stage.restart_broker(meanwhile=lambda: wait_until(lambda: len(stage.events(run, "step")) > steps + 3))
    stage.cancel(run)
    assert stage.ended(run)["state"] == "cancelled"
    assert not stage.trained_beside(run)
    last = stage.events(run, "step")[-1]["step"]
    assert stage.events(run, "checkpoint")[-1]["step"] == last, "it saved before it stopped"
    stage.resume(run)
    ended = stage.ended(run)
    assert (ended["state"], ended["error"]) == ("done", "")
    assert stage.events(run, "start")[1]["step"] == last


def test_two_processes_learn_what_one_does_and_stop_and_fail_together(stage: Stage):
    settings = SMALL | {"optim.regression_steps": 12, "music.norm": "group"}
    one, two = stage.start(**settings), stage.start(processes=2, **settings)
    assert [stage.ended(run)["state"] for run in (one, two)] == ["done", "done"]
    assert [stage.look(run)["attempts"] for run in (one, two)] == [1, 1], "more messages start nothing"
    assert [event["processes"] for event in stage.events(two, "start")] == [2]
    assert losses(stage.events(two, "step")) == pytest.approx(losses(stage.events(one, "step")), rel=1e-4)

    stopped = stage.start(processes=2, **LONG)
    wait_until(lambda: stage.events(stopped, "checkpoint"), 120)
    stage.cancel(stopped)
    assert stage.ended(stopped)["state"] == "cancelled"
    assert stage.events(stopped, "checkpoint")[-1]["step"] == stage.events(stopped, "step")[-1]["step"]

    failed = stage.start(processes=2, **settings | {"optim.lr": 1e30, "optim.clip_norm": 0})
    ended = stage.ended(failed)
    assert (ended["state"], ended["reason"]) == ("failed", "not_finite")
    assert "lower optim.lr" in ended["error"]
    assert not any(stage.trained_beside(run) for run in (one, two, stopped, failed))


def test_two_machines_share_a_training(tmp_path: Path, empty: Path, monkeypatch: pytest.MonkeyPatch):
    """Both on this machine: a worker, and the command that runs on every further one."""
    monkeypatch.setenv("TRAINING_NODES", "2")
    monkeypatch.setenv("TRAINING_RENDEZVOUS", f"127.0.0.1:{free_port()}")
    (tmp_path / "var").mkdir()
    shutil.copy(empty, tmp_path / "var" / SQLITE_NAME)
    settings = SMALL | {"optim.regression_steps": 6, "music.norm": "group"}
    with staged(Site(tmp_path / "var"), workers=1) as stage:
        other = stage.site.start("manage.py", "join_trainings", "--once")
        run = stage.start(**settings)
        ended = stage.ended(run)
        assert (ended["state"], ended["error"]) == ("done", "")
        assert stage.events(run, "start")[0]["processes"] == 2
        assert other.wait(timeout=60) == 0
        train_alone(stage, tmp_path / "alone", **settings)
        alone = [event for event in read_events(tmp_path / "alone" / "events.jsonl") if event["event"] == "step"]
        assert losses(stage.events(run, "step")) == pytest.approx(losses(alone), rel=1e-4)
