"""How long the warm model takes for one painting with 15 seconds of music, and the whole request around it.

Usage: python -m bench.warm [RECIPE]. The model is untrained, of full size. Three figures of the same run: the bare
forward in this process, the warm process asked over its pipes, and a whole judging of two uploaded files (request, row,
files, decoding, model, row). Times of the clock are those of a quiet machine alone; what the processors spend is not.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # as the warm process has it; torch reads it when it is loaded

import django

django.setup()

import numpy as np  # noqa: E402
import soundfile  # noqa: E402
import torch  # noqa: E402
from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from PIL import Image  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

from annotation_site import broker  # noqa: E402
from annotation_site.accounts.models import User  # noqa: E402
from annotation_site.jobs.models import JobState  # noqa: E402
from annotation_site.judging.warm import WarmModel  # noqa: E402
from annotation_site.scoring.models import Campaign  # noqa: E402
from annotation_site.snapshots.models import Snapshot  # noqa: E402
from annotation_site.training.models import ModelVersion, TrainingRun  # noqa: E402
from bench.serving import Server, processor_seconds  # noqa: E402
from bench.surroundings import ROOT  # noqa: E402
from bench.table import timed  # noqa: E402
from model import checkpoints, recipes  # noqa: E402
from model.checkpoints import Checkpoint, Identity  # noqa: E402
from model.judge import build  # noqa: E402
from model.pairfile import MELS_NAME, PAINTINGS_NAME  # noqa: E402
from model.scoring import Posterior  # noqa: E402

TURNS = 12


def untrained(folder: Path, recipe: str) -> Checkpoint:
    torch.manual_seed(0)
    module = build(recipes.get(recipe))
    weights = module.head.in_features + 1
    posterior = Posterior(np.eye(weights) * 1e-4, 0.01).to_tensors()
    checkpoints.save(folder, module, identity=Identity("0" * 64, 0, "bench"), step=0, posterior=posterior)
    return checkpoints.load(folder)


def forward_ms(checkpoint: Checkpoint) -> tuple[list[float], float]:
    """The bare forward of one pair, once a turn, and the processor time of one."""
    painting, mel = torch.rand(1, 3, 256, 256), torch.randn(1, 1, 128, 469)
    with torch.inference_mode():
        checkpoint.module(painting, mel)
        before = time.process_time()
        taken = [timed(lambda: checkpoint.module(painting, mel)) for _ in range(TURNS)]
        return taken, 1000 * (time.process_time() - before) / TURNS


def asked_ms(folder: Path, arrays: Path) -> tuple[list[float], float]:
    """The warm process over its pipes, with maps, after a first question that does not count; and processor time."""
    warm = WarmModel()

    def ask() -> None:
        with warm.in_use():
            warm.ask(arrays, version=1, folder=folder, on_progress=lambda done, total: None)

    try:
        ask()
        assert warm.pid is not None
        before = processor_seconds(warm.pid)
        taken = [timed(ask) for _ in range(TURNS)]
        return taken, 1000 * (processor_seconds(warm.pid) - before) / TURNS
    finally:
        warm.close()


def requests_ms(folder: Path, state: Path) -> tuple[list[float], float]:
    """`POST /api/judge/?wait=20` over HTTP to gunicorn, with a worker, by a token; two files are sent each time."""
    token = active_version_of(folder)
    valkey = broker.start(state)
    command = [sys.executable, "-W", "ignore", "-m", "celery", "-A", "annotation_site", "worker", "-Q", "judge"]
    worker = subprocess.Popen([*command, "-c", "1", "-l", "error", "--without-mingle"], cwd=ROOT)
    body, kind = form({"painting_files": ("a.jpg", picture()), "music_file": ("b.flac", music())})
    try:
        with Server(state) as server:
            address = f"http://127.0.0.1:{server.port}/api/judge/?wait=20"
            headers = {"Authorization": f"Token {token}", "Content-Type": kind}

            def ask() -> str:
                asked = urllib.request.Request(address, body, headers)
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    return str(json.load(answer)["state"])

            while ask() != "done":  # the worker starts, and loads the model
                continue
            before = processor_seconds(worker.pid) + processor_seconds(server.pid)
            taken = [timed(ask) for _ in range(TURNS)]
            spent = processor_seconds(worker.pid) + processor_seconds(server.pid) - before
            return taken, 1000 * spent / TURNS
    finally:
        worker.terminate()
        worker.wait()
        if valkey is not None:
            valkey.terminate()
            valkey.wait()


def active_version_of(folder: Path) -> str:
    """Tables, an admin's token, and a version whose checkpoint lies in `folder`, which is below the runs' root."""
    call_command("migrate", verbosity=0)
    now = timezone.now()
    campaign = Campaign.objects.create(name="Bench", slug="bench", created_at=now)
    told = {"campaign": campaign, "name": "bench", "recipe": {}, "digest": "0" * 64, "state": JobState.DONE}
    snapshot = Snapshot.objects.create(**told, created_at=now)
    told = {"snapshot": snapshot, "recipe": "paper", "folder": folder.name, "state": JobState.DONE}
    run = TrainingRun.objects.create(**told, created_at=now)
    ModelVersion.objects.create(run=run, number=1, is_active=True, promoted_at=now)
    user = User.objects.create_superuser("bench", "bench@example.org", "a long word for benches")
    return str(Token.objects.create(user=user).key)


def form(files: Mapping[str, tuple[str, bytes]]) -> tuple[bytes, str]:
    """The files as a form's body, and its content type."""
    boundary = "----bench"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n\r\n'.encode() + data
        for field, (name, data) in files.items()
    ]
    return b"\r\n".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def arrays_in(folder: Path) -> Path:
    generator = np.random.default_rng(0)
    folder.mkdir()
    np.save(folder / PAINTINGS_NAME, generator.integers(0, 256, (1, 256, 256, 3), dtype=np.uint8))
    np.save(folder / MELS_NAME, generator.normal(-3, 1, (1, 128, 469)).astype(np.float16))
    return folder


def picture() -> bytes:
    """A JPEG of 1,600 x 1,200 pixels."""
    blocks = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    file = BytesIO()
    Image.fromarray(blocks).resize((1600, 1200), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def music() -> bytes:
    """Sixteen seconds of stereo at 44.1 kHz, as FLAC."""
    file = BytesIO()
    soundfile.write(file, np.random.default_rng(0).normal(0, 0.1, (16 * 44_100, 2)), 44_100, format="FLAC")
    return file.getvalue()


def said(taken: list[float], processor_ms: float) -> str:
    return f"median {statistics.median(taken):.0f} ms, quickest {min(taken):.0f} ms, processors {processor_ms:.0f} ms"


def say(what: str, recipe: str, found: tuple[list[float], float], forward: tuple[list[float], float]) -> None:
    where = f"`{recipe}`, one painting and 15 s, {torch.get_num_threads()} threads, {TURNS} turns"
    ratio = f"{found[1] / forward[1]:.2f} x the processor time"
    print(f"{what}\t{where}\t{said(*found)}\t{ratio}\tthe bare forward: {said(*forward)}", flush=True)


def main(recipe: str = "paper") -> None:
    state = Path(settings.STATE_DIR)
    folder = Path(settings.RUNS_ROOT) / "run"
    checkpoint = untrained(folder, recipe)
    asked = asked_ms(folder, arrays_in(state / "arrays"))
    forward = forward_ms(checkpoint)
    whole = requests_ms(folder, state)
    say("judging, the warm model with maps", recipe, asked, forward)
    say("judging, a whole request", recipe, whole, forward)


if __name__ == "__main__":
    main(*sys.argv[1:])
