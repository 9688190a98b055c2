"""A rescoring by real workers, one of them killed while it scores."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.__main__ import main
from tests.corpus.sites import Site, migrate
from tests.training.processes import wait_until
from tests.training.stage import Stage, parent_of, staged

pytestmark = [pytest.mark.services, pytest.mark.slow, pytest.mark.timeout(420)]

SETUP = """
from itertools import count
from tests import factories
factories._numbers = count(1000)  # the stage has made its own from 1 on
from tests.rescoring.makers import make_corpus, make_version, small_campaign
small_campaign()
make_corpus(paintings=60, clips=40)  # some seconds of scoring
print("FOUND" + make_version().run.folder)
"""
START = """
import json
from django.utils import timezone
from annotation_site.rescoring.services import rescoring_folder, rescoring_start
from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion
rescoring = rescoring_start(version=ModelVersion.objects.get(), campaign=Campaign.objects.filter(pairs__isnull=False)
    .distinct().get(), pool="matrix", ask_for=0, device="cpu", now=timezone.now())
print("FOUND" + json.dumps([rescoring.pk, str(rescoring_folder(rescoring))]))
"""
LOOK = """
import json
from annotation_site.rescoring.models import Rescoring
rescoring = Rescoring.objects.get(pk={pk})
shards = list(rescoring.shards.order_by("index").values_list("state", "attempts"))
print("FOUND" + json.dumps([rescoring.state, rescoring.error, shards, rescoring.summary.get("scored")]))
"""
TRAIN = ["--recipe", "tiny", "--device", "cpu", "--seed", "5", "--code-version", "test"]
QUICK = ["optim.regression_steps=2", "optim.batch=4", "run.bootstrap=5", "painting.depth=1"]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """Two workers, a corpus of twelve pairs and a model version that was really trained."""
    site = Site(tmp_path / "var")
    site.state.mkdir()
    migrate(site.state, "")
    with staged(site, workers=2) as stage:
        folder = said(stage, SETUP)
        settings = [part for each in QUICK for part in ("--set", each)]
        where = ["--snapshot", str(stage.sealed.path), "--out", str(site.state / "runs" / folder)]
        assert main(["train", *where, *TRAIN, *settings]) == 0
        yield stage


def said(stage: Stage, code: str) -> str:
    return stage.site.shell(code).rsplit("FOUND", 1)[1].strip()


def look(stage: Stage, pk: int) -> dict[str, Any]:
    names = ("state", "error", "shards", "scored")
    return dict(zip(names, json.loads(said(stage, LOOK.format(pk=pk))), strict=True))


def scoring_in(folder: Path) -> list[int]:
    """The processes that score into this folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (place / "cmdline").read_text().split("\0")
            if "score" in command and any(part.startswith(str(folder)) for part in command):
                found.append(int(place.name))
    return found


def ended(stage: Stage, pk: int) -> dict[str, Any]:
    wait_until(lambda: look(stage, pk)["state"] in ("done", "failed", "cancelled"), 150)
    return look(stage, pk)


def begin(stage: Stage) -> tuple[int, Path]:
    pk, folder = json.loads(said(stage, START))
    return pk, Path(folder)


def test_a_worker_killed_while_it_scores_costs_its_shard_and_nothing_else(stage: Stage):
    rescoring, folder = begin(stage)
    wait_until(lambda: bool(scoring_in(folder)), 90)
    scoring = scoring_in(folder)[0]
    line = [scoring]
    while line[-1] not in stage.pids:
        line.append(parent_of(line[-1]))
    os.kill(line[-1], signal.SIGKILL)
    wait_until(lambda: not Path(f"/proc/{scoring}").exists(), 30)
    assert look(stage, rescoring)["state"] == "running", "nobody has joined what is not whole"

    disturbed = ended(stage, rescoring)
    assert (disturbed["state"], disturbed["error"], disturbed["scored"]) == ("done", "", 64 * 43)
    assert disturbed["shards"] == [["done", 2]]
    again, beside = begin(stage)
    undisturbed = ended(stage, again)
    assert (undisturbed["state"], undisturbed["shards"]) == ("done", [["done", 1]])
    scores = [(place / "matrix" / "scores.f16.npy").read_bytes() for place in (folder, beside)]
    assert scores[0] == scores[1]
