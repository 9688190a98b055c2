"""Paintings, tracks and clips, and the import jobs that brought them. Media lie behind Django's storage API."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from annotation_site.jobs.models import Job


class ImportJob(Job):
    """One import of a source into the corpus. `done`, `total` count files; the columns below what became of them."""

    task_name: ClassVar[str] = "corpus.import"

    source = models.CharField(max_length=20, default="folder")
    path = models.CharField(max_length=1000)
    n_added = models.PositiveIntegerField(default=0)
    n_skipped = models.PositiveIntegerField(default=0)
    n_failed = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"Import {self.pk}: {self.path}"


class ImportIssue(models.Model):
    """What was wrong with one file, in words, and what to do. A warning's file came in all the same."""

    class Level(models.TextChoices):
        WARNING = "warning", "Warning"
        REJECTED = "rejected", "Rejected"

    job = models.ForeignKey(ImportJob, on_delete=models.CASCADE, related_name="issues")
    file = models.CharField(max_length=1000)
    level = models.CharField(max_length=10, choices=Level.choices)
    code = models.CharField(max_length=60)
    reason = models.TextField()
    hint = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.file}: {self.reason}"


class Item(models.Model):
    """What paintings and tracks have in common."""

    key = models.CharField(max_length=40, unique=True, help_text="p_ or t_ and 16 hex digits of the SHA-256.")
    sha256 = models.CharField(max_length=64, unique=True, help_text="Of the original bytes.")
    original = models.FileField(max_length=200)
    file_name = models.CharField(max_length=400, help_text="As it came in. Never shown to raters.")
    title = models.CharField(max_length=400, blank=True)
    artist = models.CharField(max_length=400, blank=True)
    source = models.CharField(max_length=600, blank=True)
    licence = models.CharField(max_length=200, blank=True)
    attribution = models.CharField(max_length=600, blank=True)
    is_synthetic = models.BooleanField(default=False)
    extras = models.JSONField(default=dict, blank=True)
    imported_by = models.ForeignKey(ImportJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.title or self.key


class Painting(Item):
    """A painting. `model_input` is a .npy of uint8 (256, 256, 3)."""

    year = models.CharField(max_length=120, blank=True)
    style = models.CharField(max_length=120, blank=True, db_index=True)
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    dhash = models.CharField(max_length=64, blank=True)
    display = models.FileField(max_length=200)
    thumbnail = models.FileField(max_length=200)
    model_input = models.FileField(max_length=200)


class Track(Item):
    """A piece of music as it came in."""

    genre = models.CharField(max_length=200, blank=True, db_index=True)
    duration_s = models.FloatField()
    sample_rate = models.PositiveIntegerField()
    channels = models.PositiveSmallIntegerField()


class Clip(models.Model):
    """Fifteen seconds of a track. `mel` is a .npy of float16 (128, 469), `audio` what a browser plays."""

    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="clips")
    index = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=40, unique=True)
    start_frame = models.PositiveBigIntegerField()
    stop_frame = models.PositiveBigIntegerField()
    audio = models.FileField(max_length=200)
    mel = models.FileField(max_length=200)
    peaks = models.JSONField(default=list, help_text="Waveform: minimum and maximum of each bin, -128 to 127.")
    is_silent = models.BooleanField(default=False, help_text="Silent clips are never offered for annotation.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["track", "index"], name="one_clip_per_track_and_index")]

    def __str__(self) -> str:
        return f"{self.track} · {self.index + 1}"
