"""The loop in numbers: one count of everything, and the stations that the overview shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db.models import Count, F, Q, QuerySet, Sum
from django.urls import reverse

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.jobs.models import JobState
from annotation_site.preferences.models import PreferenceTask
from annotation_site.rescoring.models import Proposal, Rescoring
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from model.contest import Verdict

NUMBERS_KEPT_S = 3


@dataclass(frozen=True, slots=True)
class Stage:
    """One station of the loop: its number, a line below it, and the page that holds the rest."""

    title: str
    icon: str
    value: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class Numbers:
    """The counts that stages and next steps are made of, over all campaigns."""

    paintings: int
    synthetic_paintings: int
    tracks: int
    clips: int
    campaigns: int
    newest_campaign: int | None
    raters: int
    pairs: int
    complete: int
    closed: int
    ambiguous: int
    ratings: int
    tasks: int
    tasks_kept: int
    tasks_open: int
    snapshots: int
    runs: int
    runs_going: int
    ready_to_promote: int
    rescorings: int
    newest_snapshot: str
    snapshot_untrained: bool
    model: str
    model_at: datetime | None
    model_rescored: bool
    batches_to_approve: int
    newest_batch: int | None


def numbers() -> Numbers:
    """Count everything, at most every few seconds."""
    found: Numbers | None = cache.get("overview:numbers:5")
    if found is None:
        found = _count()
        cache.set("overview:numbers:5", found, NUMBERS_KEPT_S)
    return found


def _count() -> Numbers:
    in_band = Q(score__gte=F("campaign__band_low"), score__lte=F("campaign__band_high"))
    pairs = Pair.objects.aggregate(
        n=Count("pk"),
        complete=Count("score"),
        closed=Count("pk", filter=Q(score=None, closed_at__isnull=False)),
        ambiguous=Count("pk", filter=in_band),
        ratings=Sum("rating_count"),
    )
    states = dict(PreferenceTask.objects.order_by().values_list("state").annotate(Count("pk")))
    snapshots = Snapshot.objects.filter(state=JobState.DONE).order_by("-finished_at", "-pk")
    newest = snapshots.first()
    active = ModelVersion.objects.filter(is_active=True).first()
    drafts = Proposal.objects.filter(state=JobState.DONE, standing=Proposal.Standing.DRAFT)
    done_runs = TrainingRun.objects.filter(state=JobState.DONE)
    return Numbers(
        paintings=Painting.objects.count(),
        synthetic_paintings=Painting.objects.filter(is_synthetic=True).count(),
        tracks=Track.objects.count(),
        clips=Clip.objects.count(),
        campaigns=Campaign.objects.count(),
        newest_campaign=Campaign.objects.order_by("-created_at", "-pk").values_list("pk", flat=True).first(),
        raters=Rater.objects.filter(state=RaterState.ACTIVE, is_simulated=False).count(),
        pairs=pairs["n"],
        complete=pairs["complete"],
        closed=pairs["closed"],
        ambiguous=pairs["ambiguous"],
        ratings=pairs["ratings"] or 0,
        tasks=sum(states.values()),
        tasks_kept=states.get(PreferenceTask.State.KEPT, 0),
        tasks_open=states.get(PreferenceTask.State.OPEN, 0),
        snapshots=snapshots.count(),
        runs=done_runs.count(),
        runs_going=_going(TrainingRun.objects.all()).count(),
        ready_to_promote=_newer_than_active(done_runs, active).count(),
        rescorings=Rescoring.objects.filter(state=JobState.DONE).count(),
        newest_snapshot=newest.name if newest else "",
        snapshot_untrained=newest is not None and not newest.runs.exclude(state=JobState.FAILED).exists(),
        model=str(active) if active else "",
        model_at=active.promoted_at if active else None,
        model_rescored=active is not None and active.rescorings.exclude(state=JobState.FAILED).exists(),
        batches_to_approve=drafts.count(),
        newest_batch=drafts.order_by("-pk").values_list("pk", flat=True).first(),
    )


def _going(jobs: QuerySet[Any]) -> QuerySet[Any]:
    return jobs.filter(state__in=[JobState.QUEUED, JobState.RUNNING])


def _newer_than_active(runs: QuerySet[TrainingRun], active: ModelVersion | None) -> QuerySet[TrainingRun]:
    runs = runs.filter(version=None).exclude(contests__found__verdict__in=[Verdict.WORSE, Verdict.NOT_TOLD_APART])
    return runs.filter(pk__gt=active.run_id) if active else runs


def stages(n: Numbers, *, now: datetime) -> list[Stage]:
    """The loop from corpus to model, in its order."""
    page = admin_page
    return [
        Stage(
            "Corpus",
            "palette",
            f"{n.paintings:,}",
            f"{_kind(n)}paintings, {many(n.clips, 'clip')} of {many(n.tracks, 'track')}",
            page("corpus_painting"),
        ),
        Stage("Pairs", "compare", f"{n.pairs:,}", f"in {many(n.campaigns, 'campaign')}", page("scoring_pair")),
        Stage("Ratings", "tune", f"{n.ratings:,}", f"{many(n.raters, 'rater')} at hand", page("scoring_rating")),
        Stage(
            "Scores",
            "monitoring",
            f"{n.complete:,}",
            f"{n.ambiguous:,} ambiguous, {n.pairs - n.complete - n.closed:,} pairs open",
            reverse("admin:reliability"),
        ),
        Stage(
            "Preferences",
            "swap_horiz",
            f"{n.tasks_kept:,}",
            f"kept of {many(n.tasks, 'task')}, {n.tasks_open:,} open",
            page("preferences_preferencetask"),
        ),
        Stage(
            "Snapshots",
            "inventory_2",
            f"{n.snapshots:,}",
            f"newest: {n.newest_snapshot}" if n.newest_snapshot else "none sealed yet",
            page("snapshots_snapshot"),
        ),
        Stage(
            "Training runs",
            "model_training",
            f"{n.runs:,}",
            f"done, {n.runs_going:,} going",
            page("training_trainingrun"),
        ),
        Stage(
            "Model",
            "verified",
            n.model.removeprefix("MPJudge ") or "none",
            _model_words(n, now),
            page("training_modelversion"),
        ),
    ]


def admin_page(model: str, action: str = "changelist") -> str:
    return reverse(f"admin:{model}_{action}")


def many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _kind(n: Numbers) -> str:
    """Synthetic material is called so."""
    if not n.synthetic_paintings:
        return ""
    return "synthetic " if n.synthetic_paintings == n.paintings else "real and synthetic "


def _model_words(n: Numbers, now: datetime) -> str:
    if n.model_at is None:
        return "no run promoted yet"
    days = (now - n.model_at).days
    when = "today" if days <= 0 else f"{many(days, 'day')} ago"
    return f"promoted {when}, {many(n.rescorings, 'rescoring')}"
