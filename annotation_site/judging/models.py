"""What somebody asked the model, and what it said: a row that expires, with the files that were sent for it."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job


class Judging(Job):
    """One question: a few paintings with one piece of music. Whoever asked it (or, a guest, has its key) may see it."""

    task_name: ClassVar[str] = "judging.judge"
    queue: ClassVar[str] = "judge"
    max_attempts: ClassVar[int] = 2
    is_in_overview: ClassVar[bool] = False

    key = models.UUIDField(default=uuid4, unique=True, editable=False, help_text="Its address; nobody can guess it.")
    start_s = models.FloatField(default=0.0, help_text="Where in the music it begins, in seconds.")
    is_whole = models.BooleanField(
        default=True, help_text="From there to the end; else only the 15 seconds from there."
    )
    by_admin = models.BooleanField(default=False, help_text="Then it may be of what is in the corpus.")
    version = models.ForeignKey(
        "training.ModelVersion", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    result = models.JSONField(default=dict, blank=True, help_text="`model.verdict.judge`, once done.")
    expires_at = models.DateTimeField(db_index=True, help_text="Then it is deleted, with all files.")

    def __str__(self) -> str:
        return f"Judging {self.pk}"


class Subject(models.Model):
    """A painting or the piece of music of a judging: a file that was sent, or an item of the corpus.

    `shown` is what its page needs of it. Of a painting: display (a stored name), width, height. Of music: audio (stored
    names), starts (seconds) and peaks, one a window; silent: how many windows were left out.
    """

    class Kind(models.TextChoices):
        PAINTING = "painting", "Painting"
        MUSIC = "music", "Music"

    judging = models.ForeignKey(Judging, on_delete=models.CASCADE, related_name="subjects")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField(max_length=200, help_text="Of the file or the item, for whoever asked.")
    sent = models.CharField(max_length=200, blank=True, help_text="Stored name of the file as it came; until decoded.")
    painting = models.ForeignKey("corpus.Painting", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    track = models.ForeignKey("corpus.Track", null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    shown = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("kind", "position")
        constraints = [
            models.UniqueConstraint(fields=["judging", "kind", "position"], name="subject_one_per_place"),
            models.CheckConstraint(
                condition=Q(kind="painting", track=None) | Q(kind="music", painting=None, position=0),
                name="subject_is_of_its_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.name
