"""Runs side by side, chosen in the list or in the address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from annotation_site.charts.drawings import LINE_STYLES, Series
from annotation_site.training import selectors
from annotation_site.training.comparison import MOST_RUNS, Side, blocks, differences, warnings
from annotation_site.training.curves import Curves, run_curves
from annotation_site.training.models import TrainingRun
from annotation_site.training.pages.access import admins_only
from model.config import Config, ConfigError


@require_safe
@admins_only
def comparison_page(request: HttpRequest) -> HttpResponse:
    """`?runs=3&runs=5` or `?runs=3,5`; with fewer than two there is nothing to compare, and the page says so."""
    asked = asked_runs(request.GET.getlist("runs"))
    by_pk = TrainingRun.objects.select_related("snapshot").in_bulk(asked)
    runs = [by_pk[pk] for pk in asked if pk in by_pk]
    context = {
        **admin.site.each_context(request),
        "title": "Runs side by side",
        "most": MOST_RUNS,
        "list_url": reverse("admin:training_trainingrun_changelist"),
        **(compared(runs) if len(runs) > 1 else {}),
    }
    return render(request, "admin/training/comparison.html", context)


def asked_runs(values: Sequence[str]) -> list[int]:
    """Each run once, in the order asked for, and no more than fit on a page."""
    numbers = [part for value in values for part in value.split(",")]
    asked = [int(part[:18]) for part in numbers if part.isascii() and part.isdecimal()]
    return list(dict.fromkeys(asked))[:MOST_RUNS]


def compared(runs: Sequence[TrainingRun]) -> dict[str, Any]:
    sides = [side_of(run) for run in runs]
    curves = [run_curves(run) for run in runs]
    return {
        "runs": [
            {"run": run, "side": side, "url": reverse("admin:training_trainingrun_change", args=[run.pk])}
            for run, side in zip(runs, sides, strict=True)
        ],
        "warnings": warnings(sides),
        "differences": differences(sides),
        "blocks": blocks(sides),
        "charts": [
            ("Training loss", overlaid(runs, curves, "losses", "Total"), 0.0),
            ("SRCC on the validation split", overlaid(runs, curves, "validation", "SRCC"), None),
        ],
    }


def overlaid(runs: Sequence[TrainingRun], curves: Sequence[Curves], kind: str, name: str) -> list[Series]:
    """One curve of every run that has it; each run keeps its stroke and its colour from chart to chart."""
    return [
        Series(str(run), next((each.points for each in getattr(found, kind) if each.name == name), []), style)
        for run, found, style in zip(runs, curves, LINE_STYLES, strict=False)
    ]


def side_of(run: TrainingRun) -> Side:
    config: Config | None
    try:
        config = selectors.run_config(run)
    except ConfigError:  # of code that knew other settings
        config = None
    return Side(
        name=str(run),
        digest=run.snapshot.digest,
        snapshot=str(run.snapshot),
        seed=run.seed,
        code=run.code_version,
        config=config,
        report=run.report or {},
    )
