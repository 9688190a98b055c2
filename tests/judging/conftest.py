"""An active version, files to send, and judgings that are done without a worker."""

from __future__ import annotations

import itertools
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from annotation_site.jobs.models import JobState
from annotation_site.judging.models import Judging, Subject
from annotation_site.judging.storing import made_store
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from tests.conftest import NOON
from tests.factories import make_campaign

REPORT = {
    "trained_under": "unseen-both",
    "protocols": {
        "unseen-both": {
            "n": 840,
            "srcc": {"value": 0.62, "low": 0.55, "high": 0.68},
            "mae": {"value": 0.11, "low": 0.1, "high": 0.12},
        }
    },
}


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    """What is throttled is counted in the cache."""
    cache.clear()


@pytest.fixture(autouse=True)
def nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """Messages go nowhere; the tests call the work themselves."""
    sent: list[tuple[str, Any]] = []

    def send_task(name: str, **options: Any) -> None:
        sent.append((name, options))

    monkeypatch.setattr("annotation_site.jobs.services.current_app.send_task", send_task)
    return sent


def make_version(number: int = 1, *, is_active: bool = True, now: datetime = NOON) -> ModelVersion:
    """A version of a run whose files nobody has."""
    snapshot = Snapshot.objects.create(
        campaign=make_campaign(),
        name=f"s{number}",
        recipe={},
        state=JobState.DONE,
        digest=f"{number:064x}",
        created_at=now,
    )
    run = TrainingRun.objects.create(
        snapshot=snapshot, recipe="tiny", state=JobState.DONE, folder=f"run-{number}", created_at=now
    )
    told = {"folder": run.folder, "metrics": REPORT, "is_active": is_active}
    return ModelVersion.objects.create(run=run, number=number, promoted_at=now, **told)


@pytest.fixture
def version(db: None) -> ModelVersion:
    return make_version()


def picture_bytes(number: int = 0, *, size: tuple[int, int] = (320, 280), exif: bytes = b"") -> bytes:
    """A JPEG of coloured blocks, blurred, that no other number gives."""
    blocks = np.random.default_rng(number).integers(20, 235, (5, 6, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=92, exif=exif)
    return file.getvalue()


def music_bytes(seconds: float = 31.0, *, number: int = 0, rate: int = 16_000, silent_from: float = 1e9) -> bytes:
    """Noise that swells and sinks, as FLAC; no other number sounds like it."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(number).normal(0, 0.1, time.size)
    swell = noise * (0.6 + 0.4 * np.sin(2 * np.pi * time / 7)) * (time < silent_from)
    file = BytesIO()
    soundfile.write(file, swell, rate, format="FLAC")
    return file.getvalue()


def picture_file(number: int = 0, name: str = "painting.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture_bytes(number), content_type="image/jpeg")


def music_file(seconds: float = 31.0, *, number: int = 0, name: str = "music.flac") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, music_bytes(seconds, number=number), content_type="audio/flac")


def verdict(scores: list[list[float]], *, sd: float = 0.03, told_apart: bool = True, layers: int = 3) -> dict[str, Any]:
    """What a model would say: the scores of each painting (a list each) in each window."""
    means = [float(np.mean(row)) for row in scores]
    order = sorted(range(len(means)), key=lambda row: -means[row])
    steps = [
        {"difference": means[a] - means[b], "sd": 0.01, "is_told_apart": told_apart}
        for a, b in itertools.pairwise(order)
    ]
    places = np.arange(256).reshape(16, 16)
    layer = [
        {"low": 0.1, "high": 0.9, "mean": 0.4, "values": np.roll(places, 40 * n).ravel().tolist()}
        for n in range(layers)
    ]
    return {
        "paintings": [
            {"score": mean, "sd": sd, "windows": [{"score": score, "sd": 1.4 * sd} for score in row]}
            for mean, row in zip(means, scores, strict=True)
        ],
        "noise": 0.08,
        "ranking": {"order": order, "steps": steps, "brackets": [] if told_apart or len(means) < 2 else [[0, 1]]},
        "maps": {"window": 0, "grid": 16, "paintings": [layer] * len(scores)} if layers else None,
        "seconds": 0.31,
    }


def make_judging(*, now: datetime = NOON, **fields: Any) -> Judging:
    return Judging.objects.create(**{"created_at": now, "expires_at": now.replace(year=now.year + 1)} | fields)


def make_done(
    scores: list[list[float]] | None = None, *, user: Any = None, audio: bytes = b"sound", **fields: Any
) -> Judging:
    """A judging that is done, with its files; what it found is made up."""
    scores = scores or [[0.7, 0.6]]
    judging = make_judging(created_by=user, **{name: fields.pop(name) for name in ("expires_at",) if name in fields})
    for place in range(len(scores)):
        named = {"kind": "painting", "position": place, "name": f"painting {place}.jpg"}
        Subject.objects.create(judging=judging, **named)
    Subject.objects.create(judging=judging, kind="music", name="music.flac")
    finish(judging, scores, audio=audio, **fields)
    return judging


def finish(judging: Judging, scores: list[list[float]], *, audio: bytes = b"sound", **fields: Any) -> None:
    """What a worker would leave."""
    for subject in judging.subjects.filter(kind="painting"):
        place = subject.position
        display = made_store(judging, f"painting-{place}.jpg", picture_bytes(place, size=(640, 560)))
        subject.shown = {"display": display, "width": 640, "height": 560}
        subject.save()
    windows = range(len(scores[0]))
    swings = [int(100 * abs(np.sin(0.4 * bar))) + 5 for bar in range(60)]
    judging.subjects.filter(kind="music").update(
        shown={
            "audio": [made_store(judging, f"window-{index:03d}.flac", audio) for index in windows],
            "peaks": [[side for swing in swings for side in (-swing, swing)] for _ in windows],
            "starts": [15.0 * index for index in windows],
            "silent": 0,
        }
    )
    judging.result, judging.version = verdict(scores, **fields), ModelVersion.objects.filter(is_active=True).first()
    judging.state = JobState.DONE
    judging.save()


def stored_files(root: Path) -> list[str]:
    """All files of the media folder that belong to judgings."""
    folder = root / "judging"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
