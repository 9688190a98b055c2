"""Putting checked paintings and tracks into the media store and the database, each wholly or not at all.

Files lie under the SHA-256 of their own bytes: one that is there need not be written again, and names tell nothing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction

from annotation_site.corpus.models import Clip, ImportJob, Painting, Track
from mpd_builder.ingest import Candidate, CheckedClip, CheckedPainting, CheckedTrack
from mpd_builder.ingest.metadata import printable

ORIGINALS = "originals"
DERIVED = "derived"


def painting_store(
    *, checked: CheckedPainting, candidate: Candidate, job: ImportJob | None, now: datetime
) -> Painting | None:
    """Store a painting with its files; None when another import stored the same bytes meanwhile."""
    record = checked.painting
    row = Painting(
        **_item(Painting, record, candidate, job, now, checked.suffix),
        **_texts(Painting, year=record.year, style=record.style),
        width=record.width,
        height=record.height,
        dhash=checked.dhash,
        display=_derived(checked.display, ".jpg"),
        thumbnail=_derived(checked.thumbnail, ".jpg"),
        model_input=_array(checked.model_input),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return None
    return row


def track_store(*, checked: CheckedTrack, candidate: Candidate, job: ImportJob | None, now: datetime) -> Track | None:
    """Store a track with all its clips and their files; None when another import stored the same bytes meanwhile."""
    record = checked.track
    row = Track(
        **_item(Track, record, candidate, job, now, checked.suffix),
        **_texts(Track, genre=record.genre),
        duration_s=record.duration_s,
        sample_rate=record.sample_rate,
        channels=record.channels,
    )
    clips = [_clip(row, clip) for clip in checked.clips]
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            Clip.objects.bulk_create(clips)
    except IntegrityError:
        return None
    return row


def _clip(track: Track, checked: CheckedClip) -> Clip:
    clip = checked.clip
    return Clip(
        track=track,
        index=clip.index,
        key=clip.id,
        start_frame=clip.start_frame,
        stop_frame=clip.stop_frame,
        audio=_derived(checked.audio, ".flac"),
        mel=_array(checked.mel),
        peaks=checked.peaks,
        is_silent=checked.is_silent,
    )


def _item(
    model: type[models.Model], record: Any, candidate: Candidate, job: ImportJob | None, now: datetime, suffix: str
) -> dict[str, Any]:
    """The columns that paintings and tracks share. A text too long for its column is cut and kept whole in `extras`."""
    texts = {name: getattr(record, name) for name in ("title", "artist", "source", "licence", "attribution")}
    fitted = _texts(model, **texts, file_name=printable(candidate.path.name))
    cut = {name: text for name, text in texts.items() if fitted[name] != text}
    return {
        "key": record.id,
        "sha256": record.sha256,
        "original": _original(candidate.path, record.sha256, suffix),
        "is_synthetic": record.is_synthetic,
        "extras": {**candidate.details.extras, **cut},
        "imported_by": job,
        "created_at": now,
        **fitted,
    }


def _texts(model: type[models.Model], **texts: str) -> dict[str, str]:
    """Texts that fit their columns: longer ones end with an ellipsis."""
    fitted = {}
    for name, text in texts.items():
        limit: int = getattr(model._meta.get_field(name), "max_length")  # noqa: B009 - not known to be a column
        fitted[name] = text if len(text) <= limit else text[: limit - 1] + "…"
    return fitted


def _original(path: Path, sha256: str, suffix: str) -> str:
    with path.open("rb") as file:
        return _saved(f"{ORIGINALS}/{sha256[:2]}/{sha256}{suffix}", File(file), path.stat().st_size)


def _derived(data: bytes, suffix: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return _saved(f"{DERIVED}/{digest[:2]}/{digest}{suffix}", ContentFile(data), len(data))


def _array(array: npt.NDArray[Any]) -> str:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return _derived(buffer.getvalue(), ".npy")


def _saved(name: str, content: File[bytes], size: int) -> str:
    """Save under exactly this name, unless it is there whole. A shorter one was cut off when its import was killed."""
    if default_storage.exists(name):
        if default_storage.size(name) == size:
            return name
        default_storage.delete(name)
    saved = default_storage.save(name, content)
    if saved != name:  # another import saved the same bytes in the meantime
        default_storage.delete(saved)
    return name
