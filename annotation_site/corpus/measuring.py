"""Measuring the loudness of clips that came in before imports did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import soundfile
from django.core.files.storage import default_storage
from django.db.models import Exists, OuterRef, QuerySet

from annotation_site.corpus.models import Clip
from annotation_site.scoring.models import Rating
from mpd_builder.ingest.loudness import measure

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of the clips without a loudness. `failed`: by clip key, why its file could not be measured."""

    measured: int
    quiet: int
    kept: int
    failed: dict[str, str]


def clips_to_measure() -> QuerySet[Clip]:
    """Clips without a loudness that are not silent."""
    return Clip.objects.filter(loudness_lufs=None, is_silent=False)


def loudness_fill(*, progress: Progress = lambda done, total: None) -> Measured:
    """Fill in the loudness and true peak of clips that have none, from their stored files, one at a time.

    Doing it again changes nothing that is there. `quiet` clips have no loudness by its definition. Clips that a
    campaign with loudness normalisation has ratings of are `kept` unmeasured: they must go on sounding as they did.
    """
    rated = Rating.objects.filter(pair__clip=OuterRef("pk"), pair__campaign__loudness_lufs__isnull=False)
    todo = list(clips_to_measure().exclude(Exists(rated)).order_by("pk").values_list("pk", "key", "audio"))
    kept = clips_to_measure().filter(Exists(rated)).count()
    measured, quiet, failed = 0, 0, {}
    for done, (pk, key, name) in enumerate(todo, start=1):
        try:
            with default_storage.open(name, "rb") as file:
                samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
            found = measure(samples, rate)
        except (OSError, soundfile.LibsndfileError) as error:
            failed[key] = str(error)
        else:
            if found.integrated_lufs is None:
                quiet += 1
            else:
                unmeasured = Clip.objects.filter(pk=pk, loudness_lufs=None)
                measured += unmeasured.update(loudness_lufs=found.integrated_lufs, true_peak_dbtp=found.true_peak_dbtp)
        progress(done, len(todo))
    return Measured(measured=measured, quiet=quiet, kept=kept, failed=failed)
