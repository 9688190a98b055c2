"""Rescorings of unrated pairs by a model version, their shards, and the batches proposed from them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job, JobState

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


class Pool(models.TextChoices):
    RANDOM = "random", "Unrated pairs at random"
    STYLES = "styles", "All unrated pairs of chosen styles"
    MATRIX = "matrix", "Every painting with every clip"


class Device(models.TextChoices):
    AUTO = "auto", "A GPU where the worker has one"
    CPU = "cpu", "CPU"
    CUDA = "cuda", "GPU"


class Stage(models.TextChoices):
    """Where a rescoring stands. While its shards are scored no worker holds its own row."""

    GATHERING = "gathering", "Gathering the model's inputs"
    SCORING = "scoring", "Scoring"
    JOINING = "joining", "Joining the shards"


class Rescoring(Job):
    """A model version scores a pool of pairs. The scores lie in files of its folder, what they say in `summary`."""

    task_name: ClassVar[str] = "rescoring.run"
    queue: ClassVar[str] = "gpu"

    version = models.ForeignKey("training.ModelVersion", on_delete=models.PROTECT, related_name="rescorings")
    campaign = models.ForeignKey("scoring.Campaign", on_delete=models.PROTECT, related_name="rescorings")
    pool = models.CharField(max_length=8, choices=Pool.choices, default=Pool.RANDOM)
    pool_size = models.PositiveIntegerField(default=2000, help_text="Of a random pool: how many pairs are drawn.")
    styles = models.JSONField(default=list, blank=True, help_text="Of a pool of styles: which.")
    device = models.CharField(max_length=4, choices=Device.choices, default=Device.AUTO)
    ask_for = models.PositiveIntegerField(
        default=40, help_text="So many pairs are proposed once all are scored; 0 for no proposal by itself."
    )
    control_share = models.FloatField(default=0.2, help_text="Share of them drawn at random, to measure the gain.")
    seed = models.PositiveIntegerField(default=0)
    folder = models.CharField(max_length=400, blank=True, help_text="Below the runs' root.")
    stage = models.CharField(max_length=9, choices=Stage.choices, default=Stage.GATHERING)
    paused_at = models.DateTimeField(null=True, blank=True)
    n_asked = models.PositiveIntegerField(default=0, help_text="Pairs that approved proposals put to raters.")
    summary = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "training_rescoring"  # where it was before this room had an app of its own

    def __str__(self) -> str:
        return f"Rescoring {self.pk} by {self.version}"

    @property
    def is_paused(self) -> bool:
        return self.state == JobState.RUNNING and self.paused_at is not None

    def get_state_display(self) -> str:  # type: ignore[no-redef]
        return "Paused" if self.is_paused else str(JobState(self.state).label)


class RescoringShard(Job):
    """A part of a rescoring that one worker scores; a worker that dies loses no more than this."""

    task_name: ClassVar[str] = "rescoring.shard"
    queue: ClassVar[str] = "gpu"
    is_in_overview: ClassVar[bool] = False

    rescoring = models.ForeignKey(Rescoring, on_delete=models.CASCADE, related_name="shards")
    index = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rescoring", "index"], name="shard_one_per_rescoring_and_index")]

    def __str__(self) -> str:
        return f"Shard {self.index + 1} of rescoring {self.rescoring_id}"


class Method(models.TextChoices):
    """How a batch is chosen: the values of `model.acquisition.Method`."""

    RANDOM = "random", "Random"
    VARIANCE = "variance", "Least sure first (variance)"
    ENSEMBLE = "ensemble", "Where model versions disagree (ensemble)"
    CORESET = "coreset", "Unlike what is known (core set)"
    LCMD = "lcmd", "Largest cluster, most distant (LCMD)"
    BAND = "band", "Predicted ambiguous (band)"


CONTROL = "control"
"""The reason of a pair that the control arm's lot fell on: a value of its own in `model.acquisition.Reason`."""

BY_HAND = "hand"
"""The reason of a pair that an admin added."""


class Route(models.TextChoices):
    """What is best done about a pair: the values of `model.acquisition.Route`."""

    PREFERENCE = "preference", "Sure, and predicted ambiguous"
    RATINGS = "ratings", "Unsure"
    LEAVE = "leave", "Sure, and not ambiguous"


class Proposal(Job):
    """A batch of pairs that a rescoring's scores suggest to ask people about. Nobody is asked before it is approved."""

    task_name: ClassVar[str] = "rescoring.propose"
    queue: ClassVar[str] = "gpu"

    class Standing(models.TextChoices):
        DRAFT = "draft", "Draft"
        APPROVED = "approved", "Approved"
        DISCARDED = "discarded", "Discarded"

    rescoring = models.ForeignKey(Rescoring, on_delete=models.PROTECT, related_name="proposals")
    method = models.CharField(max_length=8, choices=Method.choices)
    count = models.PositiveIntegerField(default=40)
    control_share = models.FloatField(default=0.2, validators=SHARE)
    per_painting = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: three times the even share.")
    per_clip = models.PositiveIntegerField(null=True, blank=True, help_text="Empty: three times the even share.")
    sure_sd = models.FloatField(null=True, blank=True, help_text="The model is sure of scores below this deviation.")
    n_candidates = models.PositiveIntegerField(default=100_000, help_text="At most so many are chosen from.")
    seed = models.PositiveIntegerField(default=0)
    members = models.ManyToManyField("training.ModelVersion", blank=True, related_name="+")
    folder = models.CharField(max_length=400, blank=True, help_text="Below the rescoring's folder.")
    facts = models.JSONField(default=dict, blank=True, help_text="What it was chosen from.")
    standing = models.CharField(max_length=9, choices=Standing.choices, default=Standing.DRAFT)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    settled_at = models.DateTimeField(null=True, blank=True)
    n_asked = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(standing="draft", settled_at=None) | (~Q(standing="draft") & Q(settled_at__isnull=False)),
                name="proposal_settled_has_its_time",
            )
        ]

    def __str__(self) -> str:
        return f"Proposal {self.pk} of rescoring {self.rescoring_id}"


class ProposedPair(models.Model):
    """One pair of a proposal, with what the model said of it. Raters are never shown any of this."""

    proposal = models.ForeignKey(Proposal, on_delete=models.CASCADE, related_name="pairs")
    rank = models.PositiveIntegerField(help_text="In the order of asking, from 0.")
    painting = models.ForeignKey("corpus.Painting", on_delete=models.PROTECT, related_name="+")
    clip = models.ForeignKey("corpus.Clip", on_delete=models.PROTECT, related_name="+")
    score = models.FloatField(help_text="Predicted.")
    sd = models.FloatField(null=True, blank=True, help_text="Of the prediction; empty where it is not known.")
    reason = models.CharField(max_length=8, help_text="The method, control, or hand.")
    route = models.CharField(max_length=10, choices=Route.choices)
    is_dropped = models.BooleanField(default=False)
    pair = models.ForeignKey(
        "scoring.Pair", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="Asked as this."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["proposal", "rank"], name="proposed_one_per_rank"),
            models.UniqueConstraint(fields=["proposal", "painting", "clip"], name="proposed_one_per_items"),
        ]

    def __str__(self) -> str:
        return f"{self.rank + 1} of {self.proposal}"
