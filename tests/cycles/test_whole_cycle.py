"""One whole turn of the loop with real model processes: a planted truth is exported, learned, measured, asked about."""

from __future__ import annotations

import hashlib
import io
import uuid

import numpy as np
import pytest
from django.core.files.base import ContentFile
from PIL import Image

from annotation_site.accounts.models import Rater
from annotation_site.celery import app
from annotation_site.corpus.models import Clip, Painting
from annotation_site.cycles.machine import CycleState, StepKind
from annotation_site.cycles.models import Cycle
from annotation_site.cycles.tasks import turn
from annotation_site.jobs import services
from annotation_site.jobs.models import JobState
from annotation_site.leases.models import Queue, SlotState
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from annotation_site.training.models import ModelVersion
from mpd_builder import records
from tests.conftest import NOON
from tests.cycles.rounds import make_schedule, step_of
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_track

PAINTINGS, CLIPS, UNRATED = 24, 4, 2
QUICK = {
    "optim.regression_steps": 60, "optim.batch": 32, "run.validate_every": 60, "run.checkpoint_every": 60,
    "run.bootstrap": 20, "painting.depth": 1, "painting.pool": 8, "painting.patch": 8,
}  # fmt: skip


def digest(name: str) -> str:
    return hashlib.sha256(f"whole cycle {name}".encode()).hexdigest()


def array(values: np.ndarray, name: str) -> ContentFile[bytes]:
    file = io.BytesIO()
    np.save(file, values)
    return ContentFile(file.getvalue(), f"{name}.npy")


def painting(number: int) -> Painting:
    """The higher its number, the brighter: that is all there is to it."""
    shade, sha = 10 * number, digest(f"painting {number}")
    picture = io.BytesIO()
    Image.new("RGB", (40, 30), (shade, shade, shade)).save(picture, "JPEG")
    return make_painting(
        key=records.painting_id(sha),
        sha256=sha,
        display=ContentFile(picture.getvalue(), f"p{number}.jpg"),
        model_input=array(np.full((256, 256, 3), shade, np.uint8), f"p{number}"),
    )


def clip(number: int) -> Clip:
    sha = digest(f"track {number}")
    track = make_track(clips=0, key=records.track_id(sha), sha256=sha)
    audio = ContentFile(b"fLaC" + bytes([number]), f"c{number}.flac")
    return make_clip(track=track, audio=audio, mel=array(np.full((128, 469), -number, np.float16), f"c{number}"))


def rate(pair: Pair, raters: list[Rater], score: float) -> None:
    """Five ratings around a score, as quickly as rows can be made."""
    slots = list(pair.slots.order_by("index"))
    for slot, rater in zip(slots, raters, strict=True):
        slot.state, slot.rater, slot.token = SlotState.FILLED, rater, uuid.uuid4()
    Slot.objects.bulk_update(slots, ["state", "rater", "token"])
    Rating.objects.bulk_create(
        Rating(
            slot=slot, pair=pair, rater=slot.rater, value=round(score + 0.01 * (place - 2), 2), key=uuid.uuid4(),
            created_at=NOON,
        )
        for place, slot in enumerate(slots)
    )  # fmt: skip


@pytest.fixture
def campaign() -> Campaign:
    """Every painting but the last two was rated with every clip: the brighter, the better it goes with anything."""
    made = make_campaign()
    raters, clips = [make_rater() for _ in range(5)], [clip(number) for number in range(CLIPS)]
    paintings = [painting(number) for number in range(PAINTINGS)]
    for number, item in enumerate(paintings[:-UNRATED]):
        for sound in clips:
            rate(make_pair(campaign=made, painting=item, clip=sound), raters, 0.1 + 0.8 * number / PAINTINGS)
    Pair.objects.update(rating_count=5, score=0.5, completed_at=NOON)
    return made


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What went to the broker: task and job."""
    app.loader.import_default_modules()
    sent: list[tuple[str, int]] = []
    monkeypatch.setattr(services.current_app, "send_task", lambda name, *, args, **_: sent.append((name, args[0])))
    return sent


def work(messages: list[tuple[str, int]]) -> None:
    """What a worker and beat do until nothing is left to do."""
    while messages:
        name, job = messages.pop()
        app.tasks[name](job)
        turn()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)  # the jobs' heartbeats have a connection of their own
def test_a_planted_truth_goes_once_round(campaign: Campaign, messages: list[tuple[str, int]]) -> None:
    schedule = make_schedule(
        campaign=campaign,
        every_pairs=50,
        snapshot_overrides={"split": "unseen-painting", "media": "none"},
        overrides=QUICK,
        device="cpu",
        least_pairs=10,
        pool_size=6,
        ask_for=3,
    )
    turn()
    cycle = Cycle.objects.get()
    assert cycle.new_pairs == (PAINTINGS - UNRATED) * CLIPS
    work(messages)
    cycle.refresh_from_db()
    assert cycle.state == CycleState.DONE, cycle.words
    contest = step_of(cycle, StepKind.CONTEST).contest
    assert contest is not None
    assert contest.state == JobState.DONE
    assert contest.found is not None
    srcc = contest.found["opponents"]["“clip mean”"]["regimes"]["unseen-painting"]["srcc"]
    assert 0 < srcc["low"] < srcc["difference"]
    version = ModelVersion.objects.get(is_active=True)
    assert version.run.snapshot.digest == step_of(cycle, StepKind.EXPORT).figures["digest"]
    rescoring = step_of(cycle, StepKind.RESCORE).rescoring
    assert rescoring is not None
    assert (rescoring.version, rescoring.summary["scored"]) == (version, 6)
    assert schedule.cycles.count() == 1
    proposal = step_of(cycle, StepKind.PROPOSE).proposal
    assert proposal is not None
    assert (proposal.state, proposal.standing, proposal.pairs.count()) == (JobState.DONE, "draft", 3)
    assert not Slot.objects.filter(queue=Queue.ASKED).exists()  # nobody is asked before an admin has said so
