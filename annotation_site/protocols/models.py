"""What raters are told before they judge, in versions: consent, briefing, worked examples, practice; and who took what.

A version is written as a draft and published once; from then on it never changes, because ratings name it.
"""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

UNIT = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    PUBLISHED = "published", "Published"


class ProtocolVersion(models.Model):
    """All that a rater reads and tries before the first pair. The newest published one is in force."""

    number = models.PositiveIntegerField(primary_key=True)
    state = models.CharField(max_length=9, choices=VersionState.choices, default=VersionState.DRAFT)
    summary = models.CharField(max_length=200, blank=True, help_text="What is new in it, in a line.")
    consent = models.TextField(help_text="Markdown. {code} stands for the rater's pseudonym.")
    briefing = models.TextField(help_text="Markdown.")
    asks_background = models.BooleanField(
        default=True, help_text="Ask for role, discipline and years of training before the briefing."
    )
    practice_attempts = models.PositiveSmallIntegerField(
        default=0, help_text="How many practice rounds somebody may try to qualify in. 0: as many as they like."
    )
    qualifies_within = models.FloatField(
        null=True,
        blank=True,
        validators=UNIT,
        help_text="The largest mean distance between their marks and the reference scores. Empty: all may go on.",
    )
    again_consent = models.BooleanField(default=False, help_text="Raters of earlier versions have to agree again.")
    again_briefing = models.BooleanField(
        default=False, help_text="Raters of earlier versions have to read the briefing and the examples again."
    )
    again_practice = models.BooleanField(default=False, help_text="Raters of earlier versions have to practise again.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of all of it, taken when it was published.")
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = models.ForeignKey(
        "accounts.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state=VersionState.DRAFT), name="protocol_one_draft_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state=VersionState.DRAFT, published_at__isnull=True, digest="")
                | (Q(state=VersionState.PUBLISHED, published_at__isnull=False) & ~Q(digest="")),
                name="protocol_published_has_a_time_and_a_digest",
            ),
            models.CheckConstraint(
                condition=Q(qualifies_within__isnull=True) | Q(qualifies_within__gte=0, qualifies_within__lte=1),
                name="protocol_threshold_in_unit_range",
            ),
        ]

    def __str__(self) -> str:
        return f"Protocol {self.number}"

    @property
    def is_published(self) -> bool:
        return self.state == VersionState.PUBLISHED


class ExampleKind(models.TextChoices):
    WORKED = "worked", "Worked example: shown with its score"
    PRACTICE = "practice", "Practice: scored by the rater, then told"


class Example(models.Model):
    """A pair with a reference score, to calibrate by. Its items come into no new pair: nobody scores them for real."""

    version = models.ForeignKey(ProtocolVersion, on_delete=models.CASCADE, related_name="examples")
    kind = models.CharField(max_length=8, choices=ExampleKind.choices, default=ExampleKind.WORKED)
    position = models.PositiveSmallIntegerField(default=0, help_text="Worked examples are shown in this order.")
    painting = models.ForeignKey("corpus.Painting", on_delete=models.PROTECT, related_name="examples")
    clip = models.ForeignKey("corpus.Clip", on_delete=models.PROTECT, related_name="examples")
    reference = models.FloatField(validators=UNIT, help_text="The reference score, from 0 to 1.")
    explanation = models.CharField(
        max_length=400, blank=True, help_text="Why it lies there, in a sentence or two that the rater reads."
    )

    class Meta:
        ordering = ("kind", "position", "pk")
        constraints = [
            models.UniqueConstraint(fields=["version", "painting", "clip"], name="example_one_per_version_and_items"),
            models.CheckConstraint(
                condition=Q(reference__gte=0, reference__lte=1), name="example_reference_in_unit_range"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.painting} with {self.clip}"


class Step(models.TextChoices):
    """What comes before the first pair, in this order. The values are the names of the pages."""

    CONSENT = "consent", "Consent"
    BACKGROUND = "background", "Background"
    BRIEFING = "briefing", "Briefing"
    EXAMPLES = "examples", "Worked examples"
    PRACTICE = "practice", "Practice"


class StepTaken(models.Model):
    """A rater took a step under a version. Rows are added, never changed: this is the record of who agreed to what."""

    rater = models.ForeignKey("accounts.Rater", on_delete=models.PROTECT, related_name="steps")
    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="steps")
    step = models.CharField(max_length=10, choices=Step.choices)
    taken_at = models.DateTimeField()
    waived_by = models.ForeignKey(
        "accounts.User",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="An admin who let them pass.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "version", "step"], name="step_taken_once_per_rater_and_version")
        ]

    def __str__(self) -> str:
        return f"{self.rater}: {self.get_step_display()} of {self.version}"


class PracticeRound(models.Model):
    """One go of a rater through all practice pairs. It is no data: nothing of it comes into a score."""

    rater = models.ForeignKey("accounts.Rater", on_delete=models.PROTECT, related_name="practice_rounds")
    version = models.ForeignKey(ProtocolVersion, on_delete=models.PROTECT, related_name="practice_rounds")
    number = models.PositiveSmallIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    distance = models.FloatField(null=True, blank=True, help_text="Mean distance of the marks from the references.")
    has_passed = models.BooleanField(null=True)
    is_forgiven = models.BooleanField(default=False, help_text="An admin allowed another try: it no longer counts.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "version", "number"], name="practice_rounds_are_numbered"),
            models.UniqueConstraint(
                fields=["rater", "version"], condition=Q(finished_at__isnull=True), name="practice_one_round_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True, distance__isnull=True, has_passed__isnull=True)
                | Q(finished_at__isnull=False, distance__isnull=False, has_passed__isnull=False),
                name="practice_finished_rounds_have_a_result",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rater}: practice {self.number} of {self.version}"


class PracticeAnswer(models.Model):
    """One mark in a practice round."""

    round = models.ForeignKey(PracticeRound, on_delete=models.CASCADE, related_name="answers")
    example = models.ForeignKey(Example, on_delete=models.PROTECT, related_name="answers")
    value = models.FloatField(validators=UNIT)
    played_ms = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["round", "example"], name="practice_one_answer_per_example"),
            models.CheckConstraint(condition=Q(value__gte=0, value__lte=1), name="practice_value_in_unit_range"),
        ]

    def __str__(self) -> str:
        return f"{self.value:.3f} for {self.example}"

    @property
    def distance(self) -> float:
        return abs(self.value - self.example.reference)


__all__ = [
    "Example",
    "ExampleKind",
    "PracticeAnswer",
    "PracticeRound",
    "ProtocolVersion",
    "Step",
    "StepTaken",
    "VersionState",
]
