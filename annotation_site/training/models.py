"""Training runs, the model versions promoted from them, and rescorings of unrated pairs."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job


class TrainingRun(Job):
    """One training: its snapshot's digest, its config, its seed and its code version are its identity."""

    task_name: ClassVar[str] = "training.run"
    queue: ClassVar[str] = "gpu"

    snapshot = models.ForeignKey("snapshots.Snapshot", on_delete=models.PROTECT, related_name="runs")
    recipe = models.CharField(max_length=40)
    overrides = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0)
    device = models.CharField(max_length=12, default="auto")
    note = models.CharField(max_length=200, blank=True)
    folder = models.CharField(max_length=400, blank=True, help_text="Below the runs' root.")
    code_version = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict, blank=True, help_text="report.json of the run, once done.")

    def __str__(self) -> str:
        return f"Run {self.pk} ({self.recipe})"


class ModelVersion(models.Model):
    """A promoted run. Exactly one version is active."""

    run = models.OneToOneField(TrainingRun, on_delete=models.PROTECT, related_name="version")
    number = models.PositiveIntegerField(unique=True)
    note = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=False)
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    promoted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_active_model_version"),
        ]

    def __str__(self) -> str:
        return f"MPJudge v{self.number}"


class Rescoring(Job):
    """A model version scores unrated pairs; the least sure of them are asked for next."""

    task_name: ClassVar[str] = "training.rescore"
    queue: ClassVar[str] = "gpu"

    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="rescorings")
    campaign = models.ForeignKey("scoring.Campaign", on_delete=models.PROTECT, related_name="rescorings")
    pool_size = models.PositiveIntegerField(default=2000, help_text="Unrated pairs drawn at random and scored.")
    ask_for = models.PositiveIntegerField(default=40, help_text="How many go to the front of the raters' queue.")
    control_share = models.FloatField(default=0.2, help_text="Share of them drawn at random, to measure the gain.")
    seed = models.PositiveIntegerField(default=0)
    folder = models.CharField(max_length=400, blank=True)
    n_asked = models.PositiveIntegerField(default=0)
    summary = models.JSONField(default=dict, blank=True)

    def __str__(self) -> str:
        return f"Rescoring {self.pk} by {self.version}"
