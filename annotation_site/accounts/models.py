"""People: users log in, raters judge. An admin is a user with `is_staff`."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """Whoever can log in."""


class RaterState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    EXCLUDED = "excluded", "Excluded"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Rater(models.Model):
    """A person (or a simulated one) who judges. `code` is the pseudonym that leaves the house in snapshots."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="rater")
    code = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=10, choices=RaterState.choices, default=RaterState.ACTIVE)
    is_own_pause = models.BooleanField(
        default=False, help_text="Paused by the rater, who may go on without asking; else an admin paused them."
    )
    background = models.CharField(max_length=120, blank=True, help_text="Training in art or music, in a few words.")
    order_seed = models.PositiveIntegerField(help_text="Where this rater's own random order starts.")
    is_simulated = models.BooleanField(default=False)
    consented_at = models.DateTimeField(null=True, blank=True)
    briefed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_own_pause=False) | Q(state=RaterState.PAUSED), name="rater_own_pause_is_a_pause"
            )
        ]

    def __str__(self) -> str:
        return self.code


class Invitation(models.Model):
    """A link that makes one account. Only the token's SHA-256 is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True)
    is_admin = models.BooleanField(default=False)
    note = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.OneToOneField(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    def __str__(self) -> str:
        return self.note or self.email or f"Invitation {self.pk}"
