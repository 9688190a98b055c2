"""Which unrated pairs a rescoring looks at, what it hands to the model, and whom it asks about."""

from __future__ import annotations

import io

import numpy as np
import pytest
from django.core.files.base import ContentFile

from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import Reporter
from annotation_site.leases.models import Queue
from annotation_site.scoring.models import Pair, Slot
from annotation_site.training import rescorings
from annotation_site.training.models import ModelVersion, Rescoring
from annotation_site.training.rescorings import pool, rescore, write_inputs
from annotation_site.training.services import rescoring_start, run_start, version_promote
from mpd_builder.mel import MEL_SHAPE
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_track
from tests.training.test_services import make_snapshot

pytestmark = pytest.mark.django_db


def npy(array: np.ndarray) -> ContentFile:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return ContentFile(buffer.getvalue(), "array.npy")


@pytest.fixture
def campaign():
    """Four paintings, one track of three clips; two of the twelve pairs are in the campaign, one of them rated."""
    campaign = make_campaign()
    shades = [make_painting(model_input=npy(np.full((256, 256, 3), 10 * n, np.uint8))) for n in range(4)]
    track = make_track(clips=0)
    clips = [make_clip(track=track, index=n, mel=npy(np.full(MEL_SHAPE, n, np.float16))) for n in range(3)]
    make_pair(campaign=campaign, painting=shades[0], clip=clips[0], rating_count=2)
    make_pair(campaign=campaign, painting=shades[1], clip=clips[1])
    return campaign


@pytest.fixture
def version() -> ModelVersion:
    run = run_start(snapshot=make_snapshot(), recipe="tiny", seed=1, now=NOON)
    type(run).objects.filter(pk=run.pk).update(state=JobState.DONE)
    run.refresh_from_db()
    return version_promote(run=run, note="", user=None, now=NOON)


def keys(candidates) -> list[tuple[str, str]]:
    return [
        (candidates.paintings[p].key, candidates.clips[c].key)
        for p, c in zip(candidates.painting_rows, candidates.clip_rows, strict=True)
    ]


def test_the_pool_holds_every_unrated_pair_once_and_no_rated_one(campaign):
    found = keys(pool(campaign=campaign, size=1000, seed=1))
    rated = Pair.objects.get(rating_count=2)
    assert len(found) == len(set(found)) == 4 * 3 - 1
    assert (rated.painting.key, rated.clip.key) not in found


def test_the_campaigns_own_open_pairs_come_first(campaign):
    waiting = Pair.objects.get(rating_count=0)
    assert keys(pool(campaign=campaign, size=1, seed=1)) == [(waiting.painting.key, waiting.clip.key)]


def test_silent_clips_and_items_of_another_kind_are_left_out(campaign):
    make_clip(track=make_track(clips=0), is_silent=True)
    make_painting(is_synthetic=True)
    make_track(clips=1, is_synthetic=True)
    assert len(keys(pool(campaign=campaign, size=1000, seed=1))) == 11


def test_the_models_inputs_are_the_items_own_arrays(campaign, tmp_path):
    candidates = pool(campaign=campaign, size=5, seed=1)
    write_inputs(candidates, folder=tmp_path, report=lambda **_: None)  # type: ignore[arg-type]
    paintings, mels = np.load(tmp_path / "paintings.u8.npy"), np.load(tmp_path / "mels.f16.npy")
    assert paintings.shape == (4, 256, 256, 3)
    assert mels.shape == (3, *MEL_SHAPE)
    for row, painting in enumerate(candidates.paintings):
        with painting.model_input.open("rb") as file:
            assert (paintings[row] == np.load(file)).all()
    assert len((tmp_path / "pairs.csv").read_text().splitlines()) == 1 + 5


def test_what_the_model_is_least_sure_of_goes_to_the_front(campaign, version, monkeypatch):
    """The model's process is replaced by a file of scores; everything around it is real."""

    def score(rescoring: Rescoring, *, folder, report: Reporter) -> None:
        lines = (folder / "pairs.csv").read_text().splitlines()
        rows = [f"{line},0.5,{0.3 if row == 7 else 0.1}" for row, line in enumerate(lines[1:])]
        (folder / "scores.csv").write_text("\n".join([lines[0] + ",score,sd", *rows]) + "\n")

    monkeypatch.setattr(rescorings, "score", score)
    job = rescoring_start(
        version=version, campaign=campaign, pool_size=11, ask_for=3, control_share=0.0, seed=5, now=NOON
    )
    least_sure = keys(pool(campaign=campaign, size=11, seed=5))[7]
    rescore(job, lambda *_, **__: None)  # type: ignore[arg-type]
    job.refresh_from_db()
    assert job.n_asked == 3
    assert job.summary["scored"] == 11
    assert job.summary["mean_sd_asked"] > job.summary["mean_sd"]
    asked = Slot.objects.filter(queue=Queue.ASKED).values_list("pair__painting__key", "pair__clip__key")
    assert least_sure in set(asked)
    assert len(set(asked)) == 3
