"""Paintings, tracks and clips, and the import jobs that brought them. Media lie behind Django's storage API."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotation_site.jobs.models import Job


class Upload(models.Model):
    """Files that somebody is sending from a browser, or has sent. They lie in the storage under `uploads/<key>/`."""

    key = models.UUIDField(default=uuid4, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(help_text="When the last part came. Abandoned uploads are swept away by it.")
    removed_at = models.DateTimeField(null=True, blank=True, help_text="When its parts were deleted.")

    def __str__(self) -> str:
        return f"Upload of {self.created_at:%d %B %Y, %H:%M}"


class UploadedFile(models.Model):
    """One file of an upload. Its parts are stored objects `uploads/<key>/<id>/<offset>`; whole at `size` bytes."""

    upload = models.ForeignKey(Upload, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(max_length=1000, help_text="Relative, with / between folders, as the browser named it.")
    size = models.PositiveBigIntegerField()
    received = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["upload", "name"], name="uploadedfile_one_per_name"),
            models.CheckConstraint(condition=Q(received__lte=F("size")), name="uploadedfile_no_more_than_its_size"),
        ]

    def __str__(self) -> str:
        return self.name


class ImportJob(Job):
    """One import of a source into the corpus. `done`, `total` count files; the columns below what became of them."""

    class Source(models.TextChoices):
        FOLDER = "folder", "Folder"
        WIKIART = "wikiart", "WikiArt"
        AACP = "aacp", "AACP"
        DEAM = "deam", "DEAM"
        ZIP = "zip", "Zip archive"
        UPLOAD = "upload", "Upload"

    task_name: ClassVar[str] = "corpus.import"

    source = models.CharField(max_length=20, choices=Source.choices, default=Source.FOLDER)
    path = models.CharField(max_length=1000, blank=True, help_text="On the machine that imports; empty for an upload.")
    upload = models.ForeignKey(Upload, null=True, blank=True, on_delete=models.SET_NULL, related_name="imports")
    options = models.JSONField(
        default=dict, blank=True, help_text="styles, lists, and what holds for items that state nothing else."
    )
    n_added = models.PositiveIntegerField(default=0)
    n_skipped = models.PositiveIntegerField(default=0)
    n_failed = models.PositiveIntegerField(default=0)
    rate = models.FloatField(null=True, blank=True, help_text="Files a second of late; empty while not known.")
    seconds_left = models.FloatField(null=True, blank=True, help_text="At that rate; empty while not known.")

    def __str__(self) -> str:
        return f"Import {self.pk}: {self.path or self.get_source_display()}"


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
    collection = models.CharField(
        max_length=120,
        blank=True,
        db_index=True,
        help_text="What it belongs to: WikiArt, AACP, DEAM or your own.",
    )
    may_publish = models.BooleanField(
        default=True, help_text="Off: it may be annotated, and snapshots carry its metadata and hash, never its media."
    )
    extras = models.JSONField(default=dict, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then it is in no new pair. Sealed snapshots keep it."
    )
    withdrawn_because = models.CharField(max_length=400, blank=True)
    stays_in_snapshots = models.BooleanField(
        default=False, help_text="Withdrawn, but its complete pairs go into new snapshots all the same."
    )
    media_removed_at = models.DateTimeField(
        null=True, blank=True, help_text="When its files were deleted. What is known of it stays, its hash too."
    )
    imported_by = models.ForeignKey(ImportJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(media_removed_at__isnull=True) | Q(withdrawn_at__isnull=False, stays_in_snapshots=False),
                name="%(class)s_without_media_is_out",
            )
        ]

    def __str__(self) -> str:
        return self.title or self.key


class Painting(Item):
    """A painting. `model_input` is a .npy of uint8 (256, 256, 3), `dhash` a perceptual hash in hex."""

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
    valence = models.FloatField(null=True, blank=True, help_text="Mean rating, 1 (unpleasant) to 9 (pleasant).")
    arousal = models.FloatField(null=True, blank=True, help_text="Mean rating, 1 (calm) to 9 (excited).")


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
    loudness_lufs = models.FloatField(
        null=True, blank=True, help_text="Integrated loudness (EBU R 128); empty where silent or not measured."
    )
    true_peak_dbtp = models.FloatField(
        null=True, blank=True, help_text="Highest level between the samples, in dB of full scale; empty where silent."
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["track", "index"], name="one_clip_per_track_and_index")]

    def __str__(self) -> str:
        return f"{self.track} · {self.index + 1}"


class TrackFingerprint(models.Model):
    """What a track sounds like, for finding its likes: uint32 sub-fingerprints, little-endian, in order of time."""

    track = models.OneToOneField(Track, on_delete=models.CASCADE, primary_key=True, related_name="fingerprint")
    values = models.BinaryField()

    def __str__(self) -> str:
        return f"Fingerprint of {self.track}"


class Origin(models.Model):
    """Where an item came from: one row for each place that its bytes were found in. The first is the item's own."""

    job = models.ForeignKey(ImportJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    place = models.CharField(max_length=1000, help_text="Kind and path of the source, such as folder:/srv/media.")
    file = models.CharField(max_length=1000, help_text="Relative to the place.")
    details = models.JSONField(default=dict, blank=True, help_text="What its metadata say there, where they say any.")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.place}: {self.file}"


class PaintingOrigin(Origin):
    painting = models.ForeignKey(Painting, on_delete=models.CASCADE, related_name="origins")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["painting", "place", "file"], name="paintingorigin_one_per_place_and_file")
        ]


class TrackOrigin(Origin):
    track = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="origins")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["track", "place", "file"], name="trackorigin_one_per_place_and_file")
        ]


class Likeness(models.Model):
    """Two items that look or sound alike, reported for a person to decide; nothing is ever merged."""

    class Verdict(models.TextChoices):
        OPEN = "open", "To decide"
        DIFFERENT = "different", "Different works"
        SAME = "same", "The same work"

    similarity = models.FloatField(help_text="0 to 1; 1 is equal.")
    verdict = models.CharField(max_length=10, choices=Verdict.choices, default=Verdict.OPEN, db_index=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    found_by = models.ForeignKey(ImportJob, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        abstract = True


class PaintingLikeness(Likeness):
    """Two paintings that look alike; `first` came in before `second`."""

    first = models.ForeignKey(Painting, on_delete=models.CASCADE, related_name="likenesses_first")
    second = models.ForeignKey(Painting, on_delete=models.CASCADE, related_name="likenesses_second")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="paintinglikeness_one_per_two"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="paintinglikeness_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"


class TrackLikeness(Likeness):
    """Two tracks that sound alike; `offset_s` is where `first`'s beginning lies in `second`, in seconds."""

    first = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="likenesses_first")
    second = models.ForeignKey(Track, on_delete=models.CASCADE, related_name="likenesses_second")
    offset_s = models.FloatField(default=0.0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="tracklikeness_one_per_two"),
            models.CheckConstraint(condition=Q(first__lt=F("second")), name="tracklikeness_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"
