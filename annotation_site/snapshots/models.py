"""Dataset versions. A sealed snapshot is a read-only folder; its row keeps the digest that names it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job


class Snapshot(Job):
    """One export of a campaign under a recipe. `done` only when the folder is sealed and its digest is known."""

    task_name: ClassVar[str] = "snapshots.export"

    key = models.UUIDField(
        null=True, blank=True, unique=True, editable=False, help_text="Sent again, it is the same export."
    )
    campaign = models.ForeignKey("scoring.Campaign", on_delete=models.PROTECT, related_name="snapshots")
    name = models.CharField(max_length=120)
    recipe = models.JSONField(help_text="The recipe's canonical form.")
    folder = models.CharField(max_length=400, blank=True, help_text="Below the snapshots' root.")
    digest = models.CharField(max_length=64, blank=True)
    n_files = models.PositiveIntegerField(default=0)
    n_bytes = models.PositiveBigIntegerField(default=0)
    facts = models.JSONField(default=dict, blank=True, help_text="Counts and statistics, as its card prints them.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="done") | ~Q(digest=""), name="snapshot_done_has_a_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})" if self.digest else self.name


class Verification(Job):
    """One reading of every byte of a sealed snapshot. `done` says that it was read, `outcome` what was found."""

    class Outcome(models.TextChoices):
        WHOLE = "whole", "Whole"
        DAMAGED = "damaged", "Damaged"

    task_name: ClassVar[str] = "snapshots.verify"

    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="verifications")
    outcome = models.CharField(max_length=8, choices=Outcome.choices, blank=True)
    n_files = models.PositiveIntegerField(default=0)
    n_bytes = models.PositiveBigIntegerField(default=0)
    n_problems = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True, help_text="The first of them: file, damage, words.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["snapshot"], condition=Q(state__in=["queued", "running"]), name="one_verification_at_a_time"
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | ~Q(outcome=""), name="verification_done_has_an_outcome"
            ),
        ]

    def __str__(self) -> str:
        return f"Verification {self.pk} of {self.snapshot}"


class Comparison(Job):
    """Two sealed snapshots side by side. What was found stays, since neither of them ever changes."""

    task_name: ClassVar[str] = "snapshots.compare"

    before = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    after = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="+")
    code_version = models.CharField(max_length=64, blank=True, help_text="Of the code that compared them.")
    found = models.JSONField(null=True, blank=True, help_text="As `mpd_builder.comparison` gives it.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["before", "after"], name="one_comparison_of_two_snapshots"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(found__isnull=False), name="comparison_done_is_found"
            ),
        ]

    def __str__(self) -> str:
        return f"Comparison of {self.before} and {self.after}"
