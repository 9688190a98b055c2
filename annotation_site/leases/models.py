"""The abstract slot: one of N places of a pair (or of a preference task) for one person's judgment.

N slot rows are made with the subject, so no code path can collect more than N: a judgment needs a slot, a slot takes
one judgment, and a person holds at most one slot of a subject (constraints in the concrete tables).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SlotState(models.TextChoices):
    FREE = "free", "Free"
    LEASED = "leased", "Leased"
    FILLED = "filled", "Filled"


class Queue(models.IntegerChoices):
    """Which slots go out first. A subject once begun is finished first; what a model asked for goes before the rest."""

    ASKED_BEGUN = 0, "Asked for, begun"
    ASKED = 1, "Asked for"
    BEGUN = 2, "Begun"
    FRESH = 3, "Fresh"


class LeasedSlot(models.Model):
    """A place that a rater can hold for a while (a lease) and fill once.

    `order_key` is random and fixed: each rater walks it from a start of their own, so that everyone has another order
    and an index serves it. A lease that ran out counts as free in the query; nothing needs to sweep it.
    """

    subject_field: ClassVar[str]

    index = models.PositiveSmallIntegerField()
    quota = models.PositiveSmallIntegerField(help_text="How many slots its subject has.")
    state = models.CharField(max_length=6, choices=SlotState.choices, default=SlotState.FREE)
    queue = models.PositiveSmallIntegerField(choices=Queue.choices, default=Queue.FRESH)
    order_key = models.PositiveIntegerField()
    rater = models.ForeignKey("accounts.Rater", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    token = models.UUIDField(null=True, blank=True, unique=True, help_text="The lease; new for each claim.")
    leased_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True
