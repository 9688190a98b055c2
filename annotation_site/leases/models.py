"""The abstract slot: one of N places of a pair (or of a preference task) for one person's judgment.

N slot rows are made with the subject, so no code path can collect more than N: a judgment needs a slot, a slot takes
one judgment, and a person holds at most one slot of a subject (constraints in the concrete tables).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Protocol
from uuid import UUID

from django.db import models

ORDER_KEYS = 2**31
"""Order keys are drawn from 0 <= key < ORDER_KEYS."""


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
    CLOSED = 9, "Closed: given to nobody any more"

    @property
    def begun(self) -> Queue:
        """Where a subject's slots go once one of them is taken."""
        if self is Queue.CLOSED:
            return self
        return Queue.ASKED_BEGUN if self in (Queue.ASKED, Queue.ASKED_BEGUN) else Queue.BEGUN

    @property
    def asked(self) -> Queue:
        """Where a subject's slots go once they are asked for."""
        if self is Queue.CLOSED:
            return self
        return Queue.ASKED_BEGUN if self in (Queue.BEGUN, Queue.ASKED_BEGUN) else Queue.ASKED


class Lease(Protocol):
    """What pages and programs are told of something that a rater holds."""

    token: UUID | None
    leased_at: datetime | None
    lease_expires_at: datetime | None


class LeasedSlot(models.Model):
    """A place that a rater can hold for a while (a lease) and fill once.

    `order_key` is random and fixed: each rater walks it from a start of their own, so that everyone has another order
    and an index serves it. A lease that ran out counts as free in the query; nothing needs to sweep it.

    A concrete slot has the foreign key `subject_field`; its subject has the reverse relation `bars`, and the slot
    itself the reverse relation `ended_leases`.
    """

    subject_field: ClassVar[str]
    offered_sql: ClassVar[str] = ""
    """What else must hold of a row `slot` to be offered: a condition on it, beginning with AND."""
    preferred_sql: ClassVar[str] = ""
    """What makes a row `slot` better for the rater `%(rater)s` than others: a condition on it, beginning with AND."""

    campaign = models.ForeignKey("scoring.Campaign", on_delete=models.PROTECT, related_name="%(class)ss")
    index = models.PositiveSmallIntegerField()
    quota = models.PositiveSmallIntegerField(help_text="How many slots its subject has.")
    state = models.CharField(max_length=6, choices=SlotState.choices, default=SlotState.FREE)
    queue = models.PositiveSmallIntegerField(choices=Queue.choices, default=Queue.FRESH)
    order_key = models.PositiveIntegerField()
    rater = models.ForeignKey(
        "accounts.Rater", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    token = models.UUIDField(null=True, blank=True, unique=True, help_text="The lease; new for each claim.")
    leased_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @classmethod
    def dealt(cls, token: UUID) -> dict[str, Any]:
        """Fields that are drawn with a lease; the same token always draws the same."""
        return {}

    @property
    def subject_id(self) -> int:
        return int(getattr(self, f"{self.subject_field}_id"))


class LeaseEnd(models.TextChoices):
    TAKEN = "taken", "Ran out, taken by another rater"
    RENEWED = "renewed", "Ran out, given to the same rater again"
    RELEASED = "released", "Given back"
    SKIPPED = "skipped", "Skipped"


class EndedLease(models.Model):
    """A lease that ended without a judgment, kept so that work which comes late still finds where it belongs.

    A concrete one has the foreign key `slot`, with the related name `ended_leases`.
    """

    rater = models.ForeignKey("accounts.Rater", on_delete=models.CASCADE, related_name="+")
    token = models.UUIDField(unique=True)
    end = models.CharField(max_length=8, choices=LeaseEnd.choices)
    issued_at = models.DateTimeField()
    ended_at = models.DateTimeField()

    class Meta:
        abstract = True
