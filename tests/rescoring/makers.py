"""Small corpora with the model's inputs, a promoted version, and model processes that are played by a function."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from django.core.files.base import ContentFile

from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.rescoring.models import Proposal, ProposedPair, Rescoring, Route, Stage
from annotation_site.rescoring.services import rescoring_start
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from mpd_builder.mel import MEL_SHAPE
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_track


def npy(array: np.ndarray[Any, Any]) -> ContentFile:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return ContentFile(buffer.getvalue(), "array.npy")


def make_corpus(*, paintings: int = 4, clips: int = 3, is_synthetic: bool = False) -> None:
    """Paintings of two styles in turn, and one track; every input is told by its value."""
    for number in range(paintings):
        array = npy(np.full((256, 256, 3), 10 * number % 256, np.uint8))
        make_painting(model_input=array, style=("Baroque", "Cubism")[number % 2], is_synthetic=is_synthetic)
    track = make_track(clips=0, is_synthetic=is_synthetic)
    for index in range(clips):
        make_clip(track=track, index=index, mel=npy(np.full(MEL_SHAPE, index, np.float16)))


def small_campaign() -> Campaign:
    """Four paintings, one track of three clips; two of the twelve pairs are in the campaign, one of them begun."""
    campaign = make_campaign()
    make_corpus()
    paintings, clips = Painting.objects.order_by("pk"), Clip.objects.order_by("pk")
    make_pair(campaign=campaign, painting=paintings[0], clip=clips[0], rating_count=2)
    make_pair(campaign=campaign, painting=paintings[1], clip=clips[1])
    return campaign


def make_version(number: int = 1, **fields: Any) -> ModelVersion:
    """A promoted run whose checkpoint nobody will read."""
    sealed = {"recipe": {}, "state": JobState.DONE, "digest": "d" * 64, "folder": f"v{number}", "created_at": NOON}
    snapshot = Snapshot.objects.create(campaign=make_campaign(), name=f"v{number}", **sealed)
    run = TrainingRun.objects.create(
        snapshot=snapshot, recipe="tiny", state=JobState.DONE, folder=f"run-{number:06d}", created_at=NOON
    )
    return ModelVersion.objects.create(
        **{"run": run, "number": number, "is_active": number == 1, "promoted_at": NOON} | fields
    )


def start(campaign: Campaign, **fields: Any) -> Rescoring:
    version = fields.pop("version", None) or ModelVersion.objects.first() or make_version()
    return rescoring_start(**{"version": version, "campaign": campaign, "ask_for": 0, "now": NOON} | fields)


def scored(campaign: Campaign, **fields: Any) -> Rescoring:
    """A rescoring that is done, without files."""
    version = ModelVersion.objects.first() or make_version()
    defaults = {"state": JobState.DONE, "stage": Stage.JOINING, "summary": {"scored": 12}, "finished_at": NOON}
    return Rescoring.objects.create(
        **{"version": version, "campaign": campaign, "created_at": NOON} | defaults | fields
    )


def proposed(rescoring: Rescoring, *, count: int = 6, **fields: Any) -> Proposal:
    """A draft of `count` pairs of the corpus: every third of the control arm, every fourth probably ambiguous."""
    proposal = Proposal.objects.create(
        **{"rescoring": rescoring, "state": JobState.DONE, "created_at": NOON, "finished_at": NOON} | fields
    )
    cells = [(painting, clip) for clip in Clip.objects.order_by("pk") for painting in Painting.objects.order_by("pk")]
    ProposedPair.objects.bulk_create(
        ProposedPair(
            proposal=proposal,
            rank=rank,
            painting=painting,
            clip=clip,
            score=0.3 + 0.02 * rank,
            sd=0.1,
            reason="control" if rank % 3 == 2 else "variance",
            route=Route.PREFERENCE if rank % 4 == 3 else Route.RATINGS,
        )
        for rank, (painting, clip) in enumerate(reversed(cells[-count:]))
    )
    return proposal


def told(arguments: Sequence[str], name: str) -> str:
    return arguments[list(arguments).index(name) + 1]


class FakeModel:
    """Plays `python -m model`: each call is noted, `score` scores by rule, `choose` takes the least sure first."""

    def __init__(self, sd: Callable[[int, int], float] = lambda p, c: 0.01 * (1 + p) + 0.001 * c) -> None:
        self.sd = sd
        self.calls: list[list[str]] = []

    def follow(self, arguments: Sequence[str], *, folder: Path, on_event: Any, beat: Any) -> None:
        self.calls.append(list(arguments))
        if arguments[0] == "choose":
            self._choose(arguments)
        elif "--matrix" in arguments:
            self._matrix(arguments)
        else:
            self._score(arguments, on_event)

    @staticmethod
    def score(painting: int, clip: int) -> float:
        return 0.1 * painting + 0.2 * clip

    def _score(self, arguments: Sequence[str], on_event: Any) -> None:
        rows = list(csv.DictReader(Path(told(arguments, "--pairs")).read_text().splitlines()))
        with Path(told(arguments, "--out")).open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow([*rows[0], "score", "sd"])
            for row in rows:
                p, c = int(row["painting_row"]), int(row["clip_row"])
                out.writerow([*row.values(), f"{self.score(p, c):.6f}", f"{self.sd(p, c):.6f}"])
        if "--features" in arguments:
            np.save(told(arguments, "--features"), np.ones((len(rows), 2), np.float32))
        on_event({"event": "progress", "done": len(rows), "total": len(rows)})

    def _matrix(self, arguments: Sequence[str]) -> None:
        arrays, out = Path(told(arguments, "--arrays")), Path(told(arguments, "--out"))
        items = json.loads((arrays / "items.json").read_text())
        shape = (len(items["clips"]), len(items["paintings"]))
        out.mkdir(exist_ok=True)
        matrix = np.fromfunction(lambda c, p: self.score(p, c), shape)  # type: ignore[arg-type,return-value]
        np.save(out / "scores.f16.npy", matrix.astype(np.float16))
        (out / "scores.json").write_text(json.dumps({"sha256": ""}))

    def _choose(self, arguments: Sequence[str]) -> None:
        rows = list(csv.DictReader(Path(told(arguments, "--scores")).read_text().splitlines()))
        order = sorted(range(len(rows)), key=lambda row: -float(rows[row]["sd"]))[: int(told(arguments, "--count"))]
        with Path(told(arguments, "--out")).open("w", newline="") as file:
            out = csv.writer(file)
            out.writerow([*rows[0], "row", "reason", "route"])
            for rank, row in enumerate(order):
                reason = "control" if rank % 5 == 4 else told(arguments, "--method")
                out.writerow([*rows[row].values(), row, reason, ("ratings", "leave")[rank % 5 == 4]])
