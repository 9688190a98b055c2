"""People: users log in, raters judge. An admin is a user with `is_staff`."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q


class User(AbstractUser):
    """Whoever can log in."""


class RaterState(models.TextChoices):
    ACTIVE = "active", "Active"
    PAUSED = "paused", "Paused"
    EXCLUDED = "excluded", "Excluded"
    WITHDRAWN = "withdrawn", "Withdrawn"


class Role(models.TextChoices):
    ART_TEACHER = "art_teacher", "I teach art"
    MUSIC_TEACHER = "music_teacher", "I teach music"
    GRADUATE = "graduate", "I am a graduate student"
    ARTIST = "artist", "I am a painter, musician or designer"
    OTHER = "other", "Something else"


class Rater(models.Model):
    """A person (or a simulated one) who judges. `code` is the pseudonym that leaves the house in snapshots."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="rater")
    code = models.CharField(max_length=24, unique=True)
    state = models.CharField(max_length=10, choices=RaterState.choices, default=RaterState.ACTIVE)
    role = models.CharField(max_length=13, choices=Role.choices, blank=True)
    discipline = models.CharField(max_length=80, blank=True, help_text="Of their training: painting, composition ...")
    training_years = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MaxValueValidator(80)], help_text="Years of training in art or music."
    )
    is_own_pause = models.BooleanField(
        default=False, help_text="Paused by the rater, who may go on without asking; else an admin paused them."
    )
    background = models.CharField(max_length=120, blank=True, help_text="Training in art or music, in a few words.")
    order_seed = models.PositiveIntegerField(help_text="Where this rater's own random order starts.")
    is_simulated = models.BooleanField(default=False)
    consented_at = models.DateTimeField(null=True, blank=True)
    background_at = models.DateTimeField(null=True, blank=True)
    briefed_at = models.DateTimeField(null=True, blank=True)
    protocol = models.ForeignKey(
        "protocols.ProtocolVersion",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="raters",
        help_text="The version whose briefing they read last: their ratings carry its number.",
    )
    admitted_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when they have taken every step that comes before work."
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_own_pause=False) | Q(state=RaterState.PAUSED), name="rater_own_pause_is_a_pause"
            )
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def protocol_label(self) -> str:
        """The version of the instructions that they were shown, as their judgments carry it."""
        return str(self.protocol_id or 1)


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
