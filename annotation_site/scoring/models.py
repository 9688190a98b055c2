"""Campaigns, pairs, slots and ratings. The promises of exactly N ratings a pair are constraints of these tables."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from annotation_site.leases.models import EndedLease, LeasedSlot, Queue, SlotState

UNIT = [MinValueValidator(0.0), MaxValueValidator(1.0)]
CORRECTABLE = 10
"""How many of their latest ratings a rater can still correct."""
MOST_REPEATS = 50
"""In percent of a rater's work."""
FEWER_VOTES_THAN_ASKED_FOR = "The most votes of a task cannot be fewer than each task asks for."


class Campaign(models.Model):
    """A set of pairs under one protocol."""

    name = models.CharField(max_length=120)
    slug = models.SlugField(unique=True)
    is_open = models.BooleanField(default=True)
    is_synthetic = models.BooleanField(default=False)
    instructions = models.TextField(blank=True)
    raters_per_pair = models.PositiveSmallIntegerField(default=5, validators=[MinValueValidator(2)])
    trim = models.PositiveSmallIntegerField(
        default=1, help_text="How many of the lowest and of the highest are dropped."
    )
    band_low = models.FloatField(default=0.4, validators=UNIT)
    band_high = models.FloatField(default=0.6, validators=UNIT)
    votes_per_task = models.PositiveSmallIntegerField(default=3)
    most_votes_per_task = models.PositiveSmallIntegerField(
        default=5,
        verbose_name="most votes a task",
        help_text="Undecided tasks can be given more votes, one at a time, up to so many.",
    )
    lease_minutes = models.PositiveSmallIntegerField(
        default=20,
        validators=[MinValueValidator(2)],
        help_text="How long a task stays with a rater who does nothing. Working on it keeps it.",
    )
    loudness_lufs = models.FloatField(
        null=True,
        blank=True,
        verbose_name="loudness",
        validators=[MinValueValidator(-36.0), MaxValueValidator(-10.0)],
        help_text="Play every clip this loud, in LUFS (EBU R 128's is -23). Empty: as it was mastered.",
    )
    repeat_percent = models.PositiveSmallIntegerField(
        default=5,
        verbose_name="hidden repeats",
        validators=[MaxValueValidator(MOST_REPEATS)],
        help_text="The share of a rater's work that is a pair which they rated before, in percent. 0 turns it off.",
    )
    repeat_distance = models.PositiveSmallIntegerField(
        default=50,
        verbose_name="distance of repeats",
        validators=[MinValueValidator(CORRECTABLE)],
        help_text="How many other pairs a rater has rated, at the least, before one comes back.",
    )
    heard_percent = models.PositiveSmallIntegerField(
        default=95,
        verbose_name="to be heard",
        validators=[MaxValueValidator(100)],
        help_text="So much of the music has to be played before an answer is taken, in percent. 0 asks for nothing.",
    )
    shows_number = models.BooleanField(
        default=False,
        verbose_name="show the number",
        help_text="Whether raters see their mark as a number from 0 to 100. Numbers attract round answers.",
    )
    break_minutes = models.PositiveSmallIntegerField(
        default=20,
        verbose_name="word about a break",
        validators=[MaxValueValidator(240)],
        help_text="After so many minutes of work a rater is told that a break would do them good. 0 for never.",
    )
    target_alpha = models.FloatField(
        default=0.8, validators=UNIT, help_text="Krippendorff's alpha should be at least this."
    )
    target_dispersion = models.FloatField(
        default=0.09,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.5)],
        help_text="The mean dispersion of complete pairs should be at most this.",
    )
    too_fast_s = models.FloatField(
        default=2.0,
        verbose_name="too fast below",
        validators=[MinValueValidator(0.0), MaxValueValidator(60.0)],
        help_text="A rating is too fast if it took less than the clip and so many seconds more.",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(heard_percent__lte=100),
                name="campaign_asks_for_the_whole_clip_at_most",
                violation_error_message="At most 100 % of the music can be asked for.",
            ),
            models.CheckConstraint(
                condition=Q(raters_per_pair__gt=2 * F("trim")),
                name="campaign_keeps_ratings_after_trimming",
                violation_error_message="Trimming both ends would leave no rating: ask for more raters or trim less.",
            ),
            models.CheckConstraint(
                condition=Q(raters_per_pair__gte=2),
                name="campaign_asks_two_raters_or_more",
                violation_error_message="A pair needs at least two raters: one rating has no dispersion.",
            ),
            models.CheckConstraint(
                condition=Q(band_low__lt=F("band_high")),
                name="campaign_band_is_a_range",
                violation_error_message="The ambiguous band has to run from a lower to a higher score.",
            ),
            models.CheckConstraint(
                condition=Q(votes_per_task__gte=3),
                name="campaign_asks_three_votes_or_more",
                violation_error_message="A preference needs at least three votes.",
            ),
            models.CheckConstraint(
                condition=Q(most_votes_per_task__gte=F("votes_per_task")),
                name="campaign_limits_votes_above_what_it_asks_for",
                violation_error_message=FEWER_VOTES_THAN_ASKED_FOR,
            ),
            models.CheckConstraint(
                condition=Q(repeat_percent__lte=MOST_REPEATS),
                name="campaign_repeats_half_at_most",
                violation_error_message=f"At most {MOST_REPEATS} % of the work can be repeats.",
            ),
            models.CheckConstraint(
                condition=Q(repeat_distance__gte=CORRECTABLE),
                name="campaign_repeats_what_is_settled",
                violation_error_message=(
                    f"A repeat needs a distance of {CORRECTABLE} or more: the latest ratings can still be corrected."
                ),
            ),
            models.CheckConstraint(
                condition=Q(target_alpha__gte=0, target_alpha__lte=1)
                & Q(target_dispersion__gte=0, target_dispersion__lte=0.5)
                & Q(too_fast_s__gte=0),
                name="campaign_targets_can_be_met",
                violation_error_message=(
                    "Alpha's target lies from 0 to 1, that of dispersion from 0 to 0.5, and no time is below 0."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def heard_share(self) -> float:
        """How much of each clip has to be played before an answer is taken, from 0 to 1."""
        return self.heard_percent / 100


class Pair(models.Model):
    """A painting and a clip in a campaign, with its aggregate once enough ratings are in."""

    class Origin(models.TextChoices):
        RANDOM = "random", "Drawn at random"
        MODEL = "model", "Asked for by a model"
        CONTROL = "control", "Random control arm of a model's round"

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="pairs")
    painting = models.ForeignKey("corpus.Painting", on_delete=models.PROTECT, related_name="pairs")
    clip = models.ForeignKey("corpus.Clip", on_delete=models.PROTECT, related_name="pairs")
    key = models.CharField(max_length=90, help_text="Painting key, a dot, clip key.")
    origin = models.CharField(max_length=8, choices=Origin.choices, default=Origin.RANDOM)
    rating_count = models.PositiveSmallIntegerField(default=0)
    score = models.FloatField(null=True, blank=True, help_text="Trimmed mean; empty while the pair is open.")
    dispersion = models.FloatField(null=True, blank=True, help_text="Population standard deviation of all ratings.")
    value_total = models.FloatField(default=0.0, help_text="Sum of its counted ratings, each less 0.5.")
    value_squares = models.FloatField(default=0.0, help_text="Sum of their squares, each less 0.5 before it.")
    completed_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then it is given to nobody any more. Its ratings stay."
    )
    closed_because = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "painting", "clip"], name="one_pair_per_campaign_and_items"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=0, score__lte=1), name="pair_score_in_unit_range"
            ),
        ]
        indexes = [models.Index(fields=["campaign", "completed_at"]), models.Index(fields=["campaign", "score"])]

    def __str__(self) -> str:
        return self.key


class Slot(LeasedSlot):
    """One of a pair's places for a rating."""

    subject_field: ClassVar[str] = "pair"

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="slots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pair", "index"], name="slot_one_per_pair_and_index"),
            models.UniqueConstraint(fields=["pair", "rater"], name="slot_one_per_pair_and_rater"),
            models.CheckConstraint(condition=Q(index__lt=F("quota")), name="slot_index_below_quota"),
            models.CheckConstraint(
                condition=Q(state=SlotState.FREE, rater__isnull=True, token__isnull=True)
                | (
                    Q(rater__isnull=False, token__isnull=False)
                    & (Q(state=SlotState.FILLED) | Q(state=SlotState.LEASED, lease_expires_at__isnull=False))
                ),
                name="slot_state_and_holder_agree",
            ),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "queue", "order_key"],
                name="slot_open_in_order",
                condition=~Q(state=SlotState.FILLED),
            ),
            models.Index(fields=["rater", "campaign", "state", "leased_at"], name="slot_of_rater"),
        ]


class SlotLease(EndedLease):
    """A lease of a slot that ended without a rating."""

    slot = models.ForeignKey(Slot, on_delete=models.CASCADE, related_name="ended_leases")


class SlotBar(models.Model):
    """A rater skipped a pair: it is never offered to them again."""

    pair = models.ForeignKey(Pair, on_delete=models.CASCADE, related_name="bars")
    rater = models.ForeignKey("accounts.Rater", on_delete=models.CASCADE, related_name="+")
    reason = models.CharField(max_length=40)
    note = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["pair", "rater"], name="slotbar_one_per_pair_and_rater")]

    def __str__(self) -> str:
        return f"{self.rater} skipped {self.pair}"


class RatingState(models.TextChoices):
    COUNTED = "counted", "Counted"
    REPEAT = "repeat", "Hidden repeat: measures the rater, never counts"
    SUPERSEDED = "superseded", "Superseded by a correction"
    SURPLUS = "surplus", "Surplus: came after its place was taken"
    WITHDRAWN = "withdrawn", "Withdrawn with its rater"


class RepeatState(models.TextChoices):
    OPEN = "open", "Open"
    ANSWERED = "answered", "Answered"
    SKIPPED = "skipped", "Skipped"
    DROPPED = "dropped", "Dropped: its pair was closed before it was answered"
    WITHDRAWN = "withdrawn", "Withdrawn with its rater"


class Repeat(models.Model):
    """A pair that a rater gets a second time, without being told. It is no slot, so it cannot fill any quota.

    `token` is the rater's lease of it, as of a slot; without one it waits until they come back.
    """

    rater = models.ForeignKey("accounts.Rater", on_delete=models.PROTECT, related_name="repeats", db_index=False)
    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="repeats")
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="repeats")
    first = models.ForeignKey("Rating", on_delete=models.PROTECT, related_name="repeats")
    number = models.PositiveIntegerField(help_text="Which one of this rater's in this campaign, from 0.")
    given_after = models.PositiveIntegerField(help_text="How many ratings the rater had given in the campaign by then.")
    distance = models.PositiveIntegerField(help_text="How many of them came after the first rating of this pair.")
    least_distance = models.PositiveSmallIntegerField(help_text="What the campaign asked for at that time.")
    state = models.CharField(max_length=9, choices=RepeatState.choices, default=RepeatState.OPEN)
    token = models.UUIDField(null=True, blank=True, unique=True)
    leased_at = models.DateTimeField(null=True, blank=True)
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "pair"], name="repeat_one_per_rater_and_pair"),
            models.UniqueConstraint(fields=["rater", "campaign", "number"], name="repeat_numbers_are_a_sequence"),
            models.UniqueConstraint(
                fields=["rater", "campaign"],
                condition=Q(state=RepeatState.OPEN),
                name="repeat_one_open_per_rater_and_campaign",
            ),
            models.CheckConstraint(
                condition=Q(distance__gte=F("least_distance")), name="repeat_comes_after_its_distance"
            ),
            models.CheckConstraint(
                condition=Q(token__isnull=True) | Q(leased_at__isnull=False, lease_expires_at__isnull=False),
                name="repeat_lease_has_its_times",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pair} again for {self.rater}"


HeldPair = Slot | Repeat
"""What a rater can hold of a pair. Only services tell the two apart; pages and raters cannot."""


class RepeatLease(EndedLease):
    """A lease of a repeat that ended without a rating."""

    repeat = models.ForeignKey(Repeat, on_delete=models.CASCADE, related_name="ended_leases")


class Rating(models.Model):
    """One rater's score of one pair. The value is never changed: a correction is a new row that supersedes.

    It belongs to a slot, or to a repeat, or to neither (surplus); never to both.
    """

    slot = models.ForeignKey(Slot, null=True, blank=True, on_delete=models.PROTECT, related_name="ratings")
    repeat = models.ForeignKey(
        Repeat, null=True, blank=True, on_delete=models.PROTECT, related_name="ratings", db_index=False
    )
    pair = models.ForeignKey(Pair, on_delete=models.PROTECT, related_name="ratings")
    rater = models.ForeignKey("accounts.Rater", on_delete=models.PROTECT, related_name="ratings")
    value = models.FloatField(validators=UNIT)
    state = models.CharField(max_length=10, choices=RatingState.choices, default=RatingState.COUNTED)
    key = models.UUIDField(help_text="The browser's own id of the submission: sent again, it is the same rating.")
    supersedes = models.OneToOneField(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="superseded_by"
    )
    played_ms = models.PositiveIntegerField(default=0, help_text="Milliseconds of the clip that were really heard.")
    active_ms = models.PositiveIntegerField(default=0, help_text="From showing to sending, hidden time taken out.")
    input_method = models.CharField(max_length=12, blank=True)
    evidence = models.JSONField(default=dict, blank=True, help_text="Played ranges, replays, scale width, focus.")
    protocol = models.CharField(max_length=16, default="1", help_text="Version of the instructions that were shown.")
    is_simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rater", "key"], name="rating_one_per_submission"),
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state=RatingState.COUNTED), name="rating_one_counted_per_slot"
            ),
            models.UniqueConstraint(
                fields=["pair", "rater"],
                condition=Q(state=RatingState.COUNTED),
                name="rating_one_counted_per_pair_and_rater",
            ),
            models.CheckConstraint(condition=Q(value__gte=0, value__lte=1), name="rating_value_in_unit_range"),
            models.CheckConstraint(
                condition=Q(slot__isnull=False) | ~Q(state=RatingState.COUNTED), name="rating_counted_has_a_slot"
            ),
            models.UniqueConstraint(
                fields=["repeat"], condition=Q(state=RatingState.REPEAT), name="rating_one_standing_per_repeat"
            ),
            models.CheckConstraint(
                condition=(Q(repeat__isnull=True) & ~Q(state=RatingState.REPEAT))
                | Q(repeat__isnull=False, slot__isnull=True),
                name="rating_of_a_repeat_has_no_slot",
            ),
        ]
        indexes = [models.Index(fields=["rater", "created_at"])]

    def __str__(self) -> str:
        return f"{self.value:.3f} by {self.rater}"


__all__ = [
    "Campaign",
    "HeldPair",
    "Pair",
    "Queue",
    "Rating",
    "RatingState",
    "Repeat",
    "RepeatLease",
    "RepeatState",
    "Slot",
    "SlotBar",
    "SlotLease",
    "SlotState",
]
