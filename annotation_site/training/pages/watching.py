"""What a run's page shows: how far it is while it goes on, what it is worth once it is done."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.playing import clip_player
from annotation_site.jobs.models import JobState
from annotation_site.training import selectors
from annotation_site.training.artefacts import StorageUnreachable, log_tail_of
from annotation_site.training.curves import run_curves
from annotation_site.training.figures import shown_report
from annotation_site.training.models import TrainingRun
from annotation_site.training.pages.files import files_of, opened
from annotation_site.training.queue import queue_place
from model.config import ConfigError
from model.files import EXAMPLES_NAME

LOG_LINES = 40
OTHERS = 50
"""So many other runs are offered to compare with."""


def run_context(run: TrainingRun) -> dict[str, Any]:
    """All that the live part of a run's page shows beside the job itself."""
    return {
        "curves": run_curves(run),
        "identity": identity(run),
        "log": log_tail_of(run, lines=LOG_LINES),
        "waiting": waiting(run),
        **(done_context(run) if run.state == JobState.DONE else {}),
    }


def waiting(run: TrainingRun) -> str:
    """Where a queued run stands, in words; nothing once it waits no more."""
    before = queue_place(run)
    if before is None:
        return ""
    if not before:
        return "Next in the queue"
    return f"{before} job{'s' if before > 1 else ''} before it in the queue"


def identity(run: TrainingRun) -> list[tuple[str, str, str]]:
    """The four identities as (id, name, value): what another run must share to be the same."""
    try:
        config = selectors.run_config(run).to_json()
    except ConfigError as error:
        config = f"cannot be read by this version: {error}"
    return [
        ("snapshot", "Snapshot digest", run.snapshot.digest),
        ("config", "Config", config),
        ("seed", "Seed", str(run.seed)),
        ("code", "Code", run.code_version or "known once it is done"),
    ]


def done_context(run: TrainingRun) -> dict[str, Any]:
    return {
        "report": shown_report(run.report or {}),
        "report_url": reverse("admin:training_trainingrun_report", args=[run.pk]),
        "maps": maps_of(run),
        "facts": facts(run.report or {}),
        "files": [
            (name, words, reverse("admin:training_trainingrun_file", args=[run.pk, name]))
            for name, words in files_of(run)
        ],
    }


def facts(report: dict[str, Any]) -> list[tuple[str, str]]:
    """What it ran on and how long it took."""
    found = [
        ("Device", str(report["device"])) if "device" in report else None,
        ("Processes", str(report["processes"])) if report.get("processes", 1) > 1 else None,
        ("Training pairs", f"{report['training_pairs']:,}") if "training_pairs" in report else None,
        ("Training preferences", f"{report['training_preferences']:,}") if "training_preferences" in report else None,
        ("Training time", f"{report['training_seconds']:.1f} s") if "training_seconds" in report else None,
        ("Parameters", f"{report['costs']['total']['parameters']:,}") if "costs" in report else None,
    ]
    return [each for each in found if each is not None]


def maps_of(run: TrainingRun) -> dict[str, Any] | None:
    """The modulation maps of the run's ten test pairs; None where it left none (a model without MAN has none)."""
    try:
        with opened(run, EXAMPLES_NAME) as file:
            found = json.loads(file.read())
    except (OSError, ValueError, StorageUnreachable):
        return None
    pairs = found["pairs"]
    paintings = Painting.objects.in_bulk({pair.get("painting", "") for pair in pairs}, field_name="key")
    clips = Clip.objects.select_related("track").in_bulk({pair.get("clip", "") for pair in pairs}, field_name="key")
    shown = [_map(run, pair, paintings.get(pair.get("painting")), clips.get(pair.get("clip"))) for pair in pairs]
    return {**found, "pairs": shown}


def _map(run: TrainingRun, pair: dict[str, Any], painting: Painting | None, clip: Clip | None) -> dict[str, Any]:
    """With the names of both and the sound, where the corpus still has them."""
    music = str(clip) if clip else pair.get("clip", "")
    has_sound = clip is not None and clip.track.media_removed_at is None
    return {
        **pair,
        "url": reverse("admin:training_trainingrun_map", args=[run.pk, pair["picture"]]),
        "painting_name": str(painting) if painting else pair.get("painting", ""),
        "music": music,
        "player": clip_player(clip, label=music) if clip and has_sound else "",
        "difference": pair["predicted"] - pair["score"],
    }


def others_than(run: TrainingRun) -> list[TrainingRun]:
    """Other runs to compare with, those on the same snapshot first."""
    others = TrainingRun.objects.exclude(pk=run.pk).order_by("-pk")[:OTHERS]
    return sorted(others, key=lambda other: other.snapshot_id != run.snapshot_id)
