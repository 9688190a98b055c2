"""Putting checked paintings and tracks into the media store and the database, each wholly or not at all.

Files lie under the SHA-256 of their own bytes: one that is there need not be written again, and names tell nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
from datetime import datetime
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from django.db import IntegrityError, models, transaction

from annotation_site.corpus.columns import fitted
from annotation_site.corpus.models import Clip, ImportJob, Painting, Track, TrackFingerprint
from annotation_site.corpus.provenance import issue_write, origin_first
from mpd_builder.ingest import Candidate, CheckedClip, CheckedPainting, CheckedTrack, Rejected, opened

ORIGINALS = "originals"
DERIVED = "derived"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class StoreError(Exception):
    """The media store took a file not, nor will it take others: the text says why and what to do."""


def item_store(
    *, checked: CheckedPainting | CheckedTrack, candidate: Candidate, place: str, job: ImportJob | None, now: datetime
) -> Painting | Track | None:
    """Store an item with its files, its origin and the remarks about it; None when another import did so meanwhile.

    Raises `Rejected` when the file is not any more what was checked, `StoreError` when the store takes nothing.
    """
    row, clips = _item_rows(checked, candidate)
    row.imported_by, row.created_at = job, now
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            Clip.objects.bulk_create(clips)
            _fingerprint_store(row, checked)
            origin_first(item=row, candidate=candidate, place=place, job=job, now=now)
            for remark in checked.remarks:
                issue_write(job=job, file=candidate.name, code=remark.code, reason=remark.reason, hint=remark.hint)
    except IntegrityError:
        if not type(row)._default_manager.filter(sha256=row.sha256).exists():
            raise
        return None
    return row


def _item_rows(checked: CheckedPainting | CheckedTrack, candidate: Candidate) -> tuple[Painting | Track, list[Clip]]:
    """The rows that are to be saved; their files are stored already."""
    if isinstance(checked, CheckedPainting):
        return _painting(checked, candidate), []
    track = _track(checked, candidate)
    return track, [_clip(track, clip) for clip in checked.clips]


def _painting(checked: CheckedPainting, candidate: Candidate) -> Painting:
    record = checked.painting
    return Painting(
        **_shared_columns(Painting, record, candidate, checked.suffix),
        **fitted(Painting, year=record.year, style=record.style),
        width=record.width,
        height=record.height,
        dhash=checked.dhash,
        display=_derived(checked.display, ".jpg"),
        thumbnail=_derived(checked.thumbnail, ".jpg"),
        model_input=_array(checked.model_input),
    )


def _track(checked: CheckedTrack, candidate: Candidate) -> Track:
    record = checked.track
    return Track(
        **_shared_columns(Track, record, candidate, checked.suffix),
        **fitted(Track, genre=record.genre),
        duration_s=record.duration_s,
        sample_rate=record.sample_rate,
        channels=record.channels,
        valence=record.valence,
        arousal=record.arousal,
    )


def _fingerprint_store(row: Painting | Track, checked: CheckedPainting | CheckedTrack) -> None:
    if isinstance(row, Track) and isinstance(checked, CheckedTrack):
        TrackFingerprint.objects.create(track=row, values=checked.fingerprint.astype("<u4").tobytes())


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
        loudness_lufs=clip.loudness_lufs,
        true_peak_dbtp=clip.true_peak_dbtp,
    )


def _shared_columns(model: type[models.Model], record: Any, candidate: Candidate, suffix: str) -> dict[str, Any]:
    """What paintings and tracks both have. A text too long for its column is cut and kept whole in `extras`."""
    names = ("title", "artist", "source", "licence", "attribution", "collection")
    texts = {name: getattr(record, name) for name in names}
    columns = fitted(model, **texts, file_name=PurePosixPath(candidate.name).name)
    cut = {name: text for name, text in texts.items() if columns[name] != text}
    return {
        "key": record.id,
        "sha256": record.sha256,
        "original": _original(candidate, record.sha256, suffix),
        "is_synthetic": record.is_synthetic,
        "may_publish": record.may_publish,
        "extras": {**candidate.details.extras, **cut},
        **columns,
    }


def _original(candidate: Candidate, sha256: str, suffix: str) -> str:
    """Store the file as it is, if it is still the one that was checked."""
    name = f"{ORIGINALS}/{sha256[:2]}/{sha256}{suffix}"
    changed = Rejected("changed", "It changed while it was being imported.", "Import it again when it is at rest.")
    try:
        with opened(candidate) as file:
            before = os.fstat(file.fileno())
            if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                raise changed
            file.seek(0)
            _saved(name, File(file), before.st_size)
            after = os.fstat(file.fileno())
    except FileNotFoundError:
        raise changed from None
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        default_storage.delete(name)
        raise changed
    return name


def _derived(data: bytes, suffix: str) -> str:
    digest = hashlib.sha256(data).hexdigest()
    return _saved(f"{DERIVED}/{digest[:2]}/{digest}{suffix}", ContentFile(data), len(data))


def _array(array: npt.NDArray[Any]) -> str:
    buffer = BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return _derived(buffer.getvalue(), ".npy")


def _saved(name: str, content: File[bytes], size: int) -> str:
    """Save under exactly this name, unless it is there whole. A shorter one was cut off when its import was killed."""
    for tries_left in (2, 1, 0):
        try:
            if not _is_whole(name, size):
                default_storage.delete(name)
                saved = default_storage.save(name, content)
                if saved != name:  # another import saved the same bytes in the meantime
                    default_storage.delete(saved)
            return name
        except OSError as error:
            if isinstance(error, FileNotFoundError) and tries_left:
                continue  # another import took ours, half written, for one that was cut off
            _drop_part(name, size)
            what = "There is no room left" if error.errno in NO_ROOM else f"Nothing can be written ({error.strerror})"
            raise StoreError(f"{what} where the media are kept.") from error
    raise AssertionError("unreachable")


def _is_whole(name: str, size: int) -> bool:
    if not default_storage.exists(name):
        return False
    try:
        return default_storage.size(name) == size
    except FileNotFoundError:
        return False


def _drop_part(name: str, size: int) -> None:
    """Remove what was written of a file before there was no room: it takes the room that the database needs."""
    try:
        if not _is_whole(name, size):
            default_storage.delete(name)
    except OSError:
        return  # the next import finds it too short and writes it again
