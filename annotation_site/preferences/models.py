"""Two-alternative forced-choice (2AFC) tasks, their slots and votes."""

from __future__ import annotations

from random import Random
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.db.models import Case, F, FloatField, Q, Value, When
from django.db.models.functions import Cast, Greatest, NullIf

from annotation_site.leases.models import EndedLease, LeasedSlot, SlotState


class DirectionChoice(models.TextChoices):
    MUSIC_TO_PAINTING = "music->painting", "Music to painting"
    PAINTING_TO_MUSIC = "painting->music", "Painting to music"


class Side(models.TextChoices):
    A = "a", "Candidate A"
    B = "b", "Candidate B"


_MAJORITY = Cast(Greatest("votes_a", "votes_b"), FloatField())
_ALL_VOTES = NullIf(Cast(F("votes_a") + F("votes_b"), FloatField()), Value(0.0))


class PreferenceTask(models.Model):
    """One query, two candidates: the pairs `pair_a` and `pair_b` share their clip or their painting.

    It has as many places as it has slots. Once all are filled it is decided: kept with a strict majority, else
    undecided. What the database works out itself (`unanimous`, `agreement`) is always that of the row.
    """

    class State(models.TextChoices):
        OPEN = "open", "Open"
        KEPT = "kept", "Kept: a strict majority agrees"
        UNDECIDED = "undecided", "Undecided"
        LEFT_BAND = "left_band", "Closed: a pair left the ambiguous band"
        CLOSED = "closed", "Closed with one of its pairs"

    campaign = models.ForeignKey("scoring.Campaign", on_delete=models.PROTECT, related_name="tasks")
    key = models.CharField(max_length=120)
    direction = models.CharField(max_length=20, choices=DirectionChoice.choices)
    pair_a = models.ForeignKey("scoring.Pair", on_delete=models.PROTECT, related_name="tasks_a")
    pair_b = models.ForeignKey("scoring.Pair", on_delete=models.PROTECT, related_name="tasks_b")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    places = models.PositiveSmallIntegerField(default=3, help_text="How many slots it has: so many votes decide it.")
    votes_a = models.PositiveSmallIntegerField(default=0)
    votes_b = models.PositiveSmallIntegerField(default=0)
    winner = models.CharField(max_length=1, choices=Side.choices, blank=True)
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    unanimous = models.GeneratedField(
        expression=~Q(winner="") & (Q(votes_a=0) | Q(votes_b=0)),  # type: ignore[arg-type]
        output_field=models.BooleanField(),
        db_persist=True,
        help_text="Decided without a vote against it.",
    )
    agreement = models.GeneratedField(
        expression=Case(When(~Q(winner=""), then=_MAJORITY / _ALL_VOTES)),
        output_field=models.FloatField(null=True),
        db_persist=True,
        help_text="The share of its votes that went to the winner; empty without one.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "key"], name="task_one_per_campaign_and_key"),
            models.CheckConstraint(condition=~Q(pair_a=F("pair_b")), name="task_pairs_differ"),
            models.CheckConstraint(
                condition=Q(votes_a__lte=F("places") - F("votes_b")), name="task_has_no_more_votes_than_places"
            ),
        ]
        indexes = [models.Index(fields=["campaign", "state"])]

    def __str__(self) -> str:
        return self.key


class VoteSlot(LeasedSlot):
    """One of a task's places for a vote."""

    subject_field: ClassVar[str] = "task"
    offered_sql: ClassVar[str] = """
        AND EXISTS (
            SELECT 1 FROM preferences_preferencetask AS task
            WHERE task.id = slot.task_id AND task.state = 'open' LIMIT 1 OFFSET 0
        )
    """
    preferred_sql: ClassVar[str] = """
        AND NOT EXISTS (
            SELECT 1 FROM preferences_preferencetask AS task
            JOIN scoring_slot AS scored ON scored.pair_id IN (task.pair_a_id, task.pair_b_id)
            WHERE task.id = slot.task_id AND scored.rater_id = %(rater)s AND scored.state = 'filled' LIMIT 1 OFFSET 0
        )
    """  # those who scored neither pair come first

    task = models.ForeignKey(PreferenceTask, on_delete=models.CASCADE, related_name="slots")
    left = models.CharField(max_length=1, choices=Side.choices, blank=True, help_text="Drawn when the slot is leased.")
    first = models.CharField(
        max_length=1,
        choices=Side.choices,
        blank=True,
        help_text="Which of two clips the page plays first; drawn with the lease, whatever the side.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "index"], name="voteslot_one_per_task_and_index"),
            models.UniqueConstraint(fields=["task", "rater"], name="voteslot_one_per_task_and_rater"),
            models.CheckConstraint(condition=Q(index__lt=F("quota")), name="voteslot_index_below_quota"),
            models.CheckConstraint(
                condition=Q(state=SlotState.FREE, rater__isnull=True, token__isnull=True)
                | (
                    Q(rater__isnull=False, token__isnull=False)
                    & (Q(state=SlotState.FILLED) | Q(state=SlotState.LEASED, lease_expires_at__isnull=False))
                ),
                name="voteslot_state_and_holder_agree",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "queue", "order_key"],
                name="voteslot_open_in_order",
                condition=~Q(state=SlotState.FILLED),
            ),
            models.Index(fields=["rater", "campaign", "state", "leased_at"], name="voteslot_of_rater"),
        ]

    @classmethod
    def dealt(cls, token: UUID) -> dict[str, Any]:
        random = Random(token.int)  # noqa: S311 - no secret
        return {name: random.choice(Side.values) for name in ("left", "first")}


class VoteLease(EndedLease):
    """A lease of a vote slot that ended without a vote."""

    slot = models.ForeignKey(VoteSlot, on_delete=models.CASCADE, related_name="ended_leases")


class VoteBar(models.Model):
    """A rater skipped a task: it is never offered to them again."""

    task = models.ForeignKey(PreferenceTask, on_delete=models.CASCADE, related_name="bars")
    rater = models.ForeignKey("accounts.Rater", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=40)
    note = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "rater"], name="votebar_one_per_task_and_rater")]

    def __str__(self) -> str:
        return f"{self.rater} skipped {self.task}"


class VoteState(models.TextChoices):
    COUNTED = "counted", "Counted"
    SUPERSEDED = "superseded", "Superseded by a correction"
    SURPLUS = "surplus", "Surplus: came after its place was taken"
    WITHDRAWN = "withdrawn", "Withdrawn with its rater"


class Vote(models.Model):
    """One rater's choice in one task, with the side that each candidate was shown on and the order drawn for them."""

    slot = models.ForeignKey(VoteSlot, null=True, blank=True, on_delete=models.PROTECT, related_name="votes")
    task = models.ForeignKey(PreferenceTask, on_delete=models.PROTECT, related_name="votes")
    rater = models.ForeignKey("accounts.Rater", on_delete=models.PROTECT, related_name="votes")
    choice = models.CharField(max_length=1, choices=Side.choices)
    left = models.CharField(max_length=1, choices=Side.choices)
    first = models.CharField(
        max_length=1, choices=Side.choices, blank=True, help_text="Which of two clips was to play first."
    )
    state = models.CharField(max_length=10, choices=VoteState.choices, default=VoteState.COUNTED)
    key = models.UUIDField()
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    active_ms = models.PositiveIntegerField(default=0)
    evidence = models.JSONField(default=dict, blank=True, help_text="Played ranges, switches, time in view, focus.")
    protocol = models.CharField(max_length=16, default="1", help_text="Version of the instructions that were shown.")
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "key"], name="vote_one_per_submission"),
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state=VoteState.COUNTED), name="vote_one_counted_per_slot"
            ),
            models.UniqueConstraint(
                fields=["task", "rater"],
                condition=Q(state=VoteState.COUNTED),
                name="vote_one_counted_per_task_and_rater",
            ),
            models.CheckConstraint(
                condition=Q(slot__isnull=False) | ~Q(state=VoteState.COUNTED), name="vote_counted_has_a_slot"
            ),
        ]
        indexes = [models.Index(fields=["rater", "created_at"])]

    def __str__(self) -> str:
        return f"{self.choice} by {self.rater}"
