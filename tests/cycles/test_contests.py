"""Contests as jobs: against which snapshot each model is held, what ends in words, and what is kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.conf import settings

from annotation_site.cycles import contests
from annotation_site.cycles.contests import command_of, contest_folder, contest_hold, contest_start, training_snapshot
from annotation_site.cycles.models import Contest
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import job_run
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun, VersionSource
from annotation_site.training.services import TrainingError
from tests.conftest import NOON
from tests.cycles.rounds import found, make_version
from tests.factories import make_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ModelVersion:
    return make_version(make_campaign())


@pytest.fixture
def run(version: ModelVersion) -> TrainingRun:
    """A finished run on a later snapshot than the version's."""
    assert version.run is not None
    snapshot = Snapshot.objects.create(
        campaign=version.run.snapshot.campaign, name="after", recipe={}, folder="after", state=JobState.DONE,
        digest="a" * 64, created_at=NOON,
    )  # fmt: skip
    return TrainingRun.objects.create(
        snapshot=snapshot, recipe="tiny", folder="run-000009", device="cpu", state=JobState.DONE, created_at=NOON
    )


def start(run: TrainingRun, against: ModelVersion | None) -> Contest:
    return contest_start(run=run, against=against, least_pairs=30, seed=4, now=NOON)


def brought_in(digest: str) -> ModelVersion:
    """A version that came as a file, trained on a snapshot of that digest."""
    ModelVersion.objects.update(is_active=False)
    return ModelVersion.objects.create(
        number=8, source=VersionSource.IMPORT, folder="version-8", identity={"snapshot_digest": digest},
        is_active=True, promoted_at=NOON,
    )  # fmt: skip


def test_each_model_is_held_beside_the_snapshot_that_it_was_trained_on(run: TrainingRun, version: ModelVersion) -> None:
    arguments = command_of(start(run, version))
    snapshots, runs = settings.SNAPSHOTS_ROOT, settings.RUNS_ROOT
    assert arguments[:5] == [
        "contest",
        "--checkpoint",
        f"{runs / 'run-000009'}",
        "--snapshot",
        f"{snapshots / 'after'}",
    ]
    assert arguments[5:9] == ["--against", f"{runs / 'before'}", "--against-trained-on", f"{snapshots / 'before'}"]
    assert arguments[9:15] == ["--least", "30", "--seed", "4", "--device", "cpu"]
    assert "--against" not in command_of(start(run, None))


def test_a_version_that_was_brought_in_needs_its_snapshot_here(run: TrainingRun) -> None:
    known = brought_in("b" * 64)
    assert training_snapshot(known) == Snapshot.objects.get(name="before")
    assert f"{settings.SNAPSHOTS_ROOT / 'before'}" in command_of(start(run, known))
    ModelVersion.objects.filter(pk=known.pk).update(identity={"snapshot_digest": "c" * 64})
    known.refresh_from_db()
    with pytest.raises(TrainingError, match="the snapshot that it was trained on is not here"):
        start(run, known)


def test_a_run_that_is_not_done_is_not_compared(run: TrainingRun) -> None:
    TrainingRun.objects.update(state=JobState.FAILED)
    run.refresh_from_db()
    with pytest.raises(TrainingError, match="only a finished run"):
        start(run, None)


def test_what_was_found_is_kept_and_a_missing_result_ends_in_words(
    run: TrainingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model's process is replaced by what it writes, or does not write."""
    contest = start(run, None)

    def leave(arguments: Any, *, folder: Any, on_event: Any, **_: Any) -> None:
        on_event({"event": "progress", "done": 5, "total": 10})
        if contest.folder == folder.name:
            folder.mkdir(parents=True)
            (folder / "contest.json").write_text(json.dumps(found()))

    monkeypatch.setattr(contests, "follow", leave)
    assert job_run(model=Contest, job_id=contest.pk, work=contest_hold) == JobState.DONE
    contest.refresh_from_db()
    assert contest.found == found()
    assert contest_folder(contest).parent == settings.RUNS_ROOT
    other = start(run, None)
    assert job_run(model=Contest, job_id=other.pk, work=contest_hold) == JobState.FAILED
    other.refresh_from_db()
    assert "left no result that can be read" in other.error
