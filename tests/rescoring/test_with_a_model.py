"""The same with real processes and a really trained, tiny model; and that words mean the same on both sides."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from annotation_site.jobs.models import JobState
from annotation_site.rescoring import sharding, tasks
from annotation_site.rescoring.models import CONTROL, Method, Pool, Proposal, Rescoring, Route
from annotation_site.rescoring.proposals import proposal_folder, proposal_start
from annotation_site.rescoring.results import scores_read
from annotation_site.rescoring.services import rescoring_folder
from annotation_site.scoring.models import Pair
from model import acquisition
from model.__main__ import main
from tests.conftest import NOON
from tests.factories import make_rater, make_rating
from tests.mpd_builder.small_snapshot import write_small
from tests.rescoring.makers import make_version, start

QUICK = [
    "--set",
    "optim.regression_steps=2",
    "--set",
    "optim.batch=4",
    "--set",
    "run.bootstrap=5",
    "--set",
    "painting.depth=1",
]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    snapshot = write_small(folder / "snapshot").path
    command = [
        "train",
        "--recipe",
        "tiny",
        "--snapshot",
        str(snapshot),
        "--out",
        str(folder / "run"),
        "--device",
        "cpu",
    ]
    assert main([*command, "--seed", "5", "--code-version", "test", *QUICK]) == 0
    return folder / "run"


def test_both_sides_mean_the_same_by_method_reason_and_route():
    assert set(Method.values) == set(acquisition.Method)
    assert {*Method.values, CONTROL} == set(acquisition.Reason)
    assert set(Route.values) == set(acquisition.Route)


def score_all(rescoring: Rescoring) -> None:
    tasks.run(rescoring.pk)
    for shard in rescoring.shards.all():
        assert tasks.score_shard(shard.pk) == JobState.DONE, rescoring.shards.get(pk=shard.pk).error
    assert tasks.run(rescoring.pk) == JobState.DONE, Rescoring.objects.get(pk=rescoring.pk).error
    rescoring.refresh_from_db()


@pytest.mark.slow
@pytest.mark.django_db
def test_from_a_checkpoint_to_a_batch(campaign, trained, monkeypatch):
    """A list, a matrix by two shares, and a batch from it, by a method that looks into the model and at ratings."""
    version = make_version()
    Path(settings.RUNS_ROOT).mkdir(parents=True)
    shutil.copytree(trained, Path(settings.RUNS_ROOT) / version.run.folder)
    rated = Pair.objects.get(rating_count=0)
    for _ in range(5):
        make_rating(pair=rated, rater=make_rater(), value=0.5)
    listed = start(campaign, version=version, pool_size=11, device="cpu")
    score_all(listed)
    assert listed.summary["scored"] == 10
    assert 0 < listed.summary["mean_sd"] < 1

    monkeypatch.setattr(sharding, "CELLS_A_SHARD", 6)
    matrix = start(campaign, version=version, pool=Pool.MATRIX, device="cpu")
    score_all(matrix)
    assert (matrix.shards.count(), matrix.summary["scored"]) == (2, 12)
    proposal = proposal_start(rescoring=matrix, method=Method.LCMD, count=5, control_share=0.2, now=NOON)
    assert tasks.choose(proposal.pk) == JobState.DONE, Proposal.objects.get(pk=proposal.pk).error
    assert sorted(proposal.pairs.values_list("reason", flat=True)) == [CONTROL, *["lcmd"] * 4]
    assert not proposal.pairs.filter(painting=rated.painting, clip=rated.clip).exists()

    cells = np.load(rescoring_folder(matrix) / "matrix" / "scores.f16.npy").astype(np.float64)
    again = scores_read(proposal_folder(proposal) / "scores.csv")
    assert len(again) == 10
    assert again.score_N == pytest.approx(cells[again.clip_N, again.painting_N], abs=2e-3)
