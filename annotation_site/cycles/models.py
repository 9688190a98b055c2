"""The loop as a schedule: when a cycle begins, what it did step by step, and the contest that decides on promotion."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from annotation_site.cycles.machine import OPEN, CycleState, StepKind, StepState
from annotation_site.jobs.models import Job
from annotation_site.rescoring.models import Method, Pool, Proposal, Rescoring
from annotation_site.training.models import MOST_PROCESSES, ModelVersion, TrainingRun
from model.acquisition import DEFAULT_METHOD

POOLS = [(pool.value, pool.label) for pool in (Pool.RANDOM, Pool.MATRIX)]
"""Styles are somebody's choice of a day, not a schedule's."""

METHODS = [(method.value, method.label) for method in Method if method is not Method.ENSEMBLE]
"""An ensemble has members that a person chooses."""


def default_method() -> str:
    """A function, so that another default needs no migration."""
    return DEFAULT_METHOD.value


SEEDS = [MinValueValidator(0), MaxValueValidator(2**31 - 1)]


class Schedule(models.Model):
    """When a campaign's loop goes round by itself, and with which settings. Off until an admin turns it on."""

    campaign = models.OneToOneField("scoring.Campaign", on_delete=models.PROTECT, related_name="schedule")
    is_enabled = models.BooleanField(default=False)
    every_pairs = models.PositiveIntegerField(default=200, validators=[MinValueValidator(1)])
    most_per_day = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    snapshot_recipe = models.CharField(max_length=40, default="default")
    snapshot_overrides = models.JSONField(default=dict, blank=True)
    recipe = models.CharField(max_length=60, default="small")
    overrides = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0, validators=SEEDS)
    device = models.CharField(max_length=12, default="auto")
    processes = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(MOST_PROCESSES)]
    )
    promotes = models.BooleanField(default=True)
    least_pairs = models.PositiveIntegerField(default=50, validators=[MinValueValidator(2)])
    pool = models.CharField(max_length=8, choices=POOLS, default=Pool.RANDOM)
    pool_size = models.PositiveIntegerField(default=2000, validators=[MinValueValidator(1)])
    ask_for = models.PositiveIntegerField(default=40, validators=[MinValueValidator(1)])
    method = models.CharField(max_length=8, choices=METHODS, default=default_method)
    control_share = models.FloatField(default=0.2, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)])
    set_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    set_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(pool="random") | Q(ask_for__lte=models.F("pool_size")),
                name="schedule_asks_for_no_more_than_it_scores",
                violation_error_message="No more pairs can be asked for than are scored.",
            ),
            models.CheckConstraint(
                condition=Q(every_pairs__gte=1, most_per_day__gte=1, least_pairs__gte=2),
                name="schedule_counts_from_one",
                violation_error_message="A cycle needs at least one new pair, and two test pairs.",
            ),
        ]

    def __str__(self) -> str:
        return f"Schedule of {self.campaign}"


class Cycle(models.Model):
    """One turn of the loop, from export to proposal, under the settings that its schedule had when it began."""

    schedule = models.ForeignKey(Schedule, on_delete=models.PROTECT, related_name="cycles")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=12, choices=CycleState.choices, default=CycleState.RUNNING)
    plan = models.JSONField(help_text="The schedule's settings when it began.")
    new_pairs = models.PositiveIntegerField(help_text="Pairs completed since the cycle before, when it began.")
    is_asked = models.BooleanField(default=False, help_text="Begun by hand rather than by the schedule.")
    words = models.TextField(blank=True, help_text="How it ended.")
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["schedule", "number"], name="cycle_numbers_of_a_schedule"),
            models.UniqueConstraint(
                fields=["schedule"], condition=Q(state__in=[str(state) for state in OPEN]), name="one_open_cycle"
            ),
        ]
        indexes = [models.Index(fields=["schedule", "started_at"])]

    def __str__(self) -> str:
        return f"Cycle {self.number} of {self.schedule.campaign}"

    @property
    def is_over(self) -> bool:
        return self.state not in OPEN


class Contest(Job):
    """A run measured against the active version (or against predictors that know nothing) on pairs new to both."""

    task_name: ClassVar[str] = "cycles.contest"
    queue: ClassVar[str] = "gpu"

    run = models.ForeignKey(TrainingRun, on_delete=models.PROTECT, related_name="contests")
    against = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="contests")
    least_pairs = models.PositiveIntegerField(default=50)
    seed = models.PositiveIntegerField(default=0)
    folder = models.CharField(max_length=400, blank=True, help_text="Below the runs' root.")
    found = models.JSONField(null=True, blank=True, help_text="As `python -m model contest` writes it.")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="done") | Q(found__isnull=False), name="contest_done_is_found"),
        ]

    def __str__(self) -> str:
        against = str(self.against) if self.against else "predictors that know nothing"
        return f"{self.run} against {against}"


class CycleStep(models.Model):
    """What a cycle did, or does now. The job that does it is one of the rows that it links to."""

    cycle = models.ForeignKey(Cycle, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=8, choices=StepKind.choices)
    state = models.CharField(max_length=12, choices=StepState.choices, default=StepState.RUNNING)
    is_last = models.BooleanField(default=False, help_text="The cycle ends with it, and that is well.")
    attempts = models.PositiveSmallIntegerField(default=1)
    words = models.TextField(blank=True)
    figures = models.JSONField(default=dict, blank=True)
    snapshot = models.ForeignKey(
        "snapshots.Snapshot", null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps"
    )
    run = models.ForeignKey(TrainingRun, null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps")
    contest = models.ForeignKey(Contest, null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps")
    version = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps"
    )
    rescoring = models.ForeignKey(
        Rescoring, null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps"
    )
    proposal = models.ForeignKey(Proposal, null=True, blank=True, on_delete=models.PROTECT, related_name="cycle_steps")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cycle", "kind"], name="one_step_of_a_kind_in_a_cycle")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.cycle}"

    @property
    def job(self) -> Job | None:
        """The job that does it; None of a step that is done in a moment."""
        return {
            StepKind.EXPORT: self.snapshot,
            StepKind.TRAIN: self.run,
            StepKind.CONTEST: self.contest,
            StepKind.RESCORE: self.rescoring,
            StepKind.PROPOSE: self.proposal,
        }.get(StepKind(self.kind))
