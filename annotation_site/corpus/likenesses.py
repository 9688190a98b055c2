"""Items that look or sound alike: found after an import, decided by a person, never merged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from django.core.files.storage import default_storage
from django.db import transaction

from annotation_site.corpus.models import (
    ImportJob,
    Painting,
    PaintingLikeness,
    TrackFingerprint,
    TrackLikeness,
)
from annotation_site.corpus.verdicts import likeness_decide
from mpd_builder.likeness import Alike, alike_paintings, alike_tracks

__all__ = ["likeness_decide", "likenesses_find"]

L = TypeVar("L", PaintingLikeness, TrackLikeness)

PICTURE_SHAPE = (256, 256, 3)
_ROWS = 500  # rows a statement, well below what SQLite takes as parameters


def likenesses_find(*, job: ImportJob, now: datetime) -> int:
    """Compare what the job brought with the whole corpus and report what is alike; returns how many reports are new.

    Doing it again adds only what is missing: a report that is there stays as it is, decided or not.
    """
    return _paintings_compare(job, now) + _tracks_compare(job, now)


def _paintings_compare(job: ImportJob, now: datetime) -> int:
    kept = Painting.objects.filter(media_removed_at=None).exclude(dhash="")
    new = set(kept.filter(imported_by=job).values_list("key", flat=True))
    if not new:
        return 0
    rows = {key: (pk, dhash) for key, pk, dhash in kept.order_by("pk").values_list("key", "pk", "dhash")}
    alike = alike_paintings({key: dhash for key, (_, dhash) in rows.items()}, new=new, picture=picture_of)
    return _report(PaintingLikeness, alike, pk_of=lambda key: rows[key][0], job=job, now=now)


def _tracks_compare(job: ImportJob, now: datetime) -> int:
    kept = TrackFingerprint.objects.filter(track__media_removed_at=None)
    new = set(kept.filter(track__imported_by=job).values_list("track__key", flat=True))
    if not new:
        return 0
    rows = {
        key: (pk, np.frombuffer(bytes(values), dtype="<u4").astype(np.uint32))
        for key, pk, values in kept.order_by("track").values_list("track__key", "track", "values").iterator(_ROWS)
    }
    alike = alike_tracks({key: values for key, (_, values) in rows.items()}, new=new)
    return _report(TrackLikeness, alike, pk_of=lambda key: rows[key][0], job=job, now=now)


def picture_of(key: str) -> npt.NDArray[np.uint8]:
    """The painting as the model sees it. One whose file is gone from the storage is noise, and so like no other."""
    name = Painting.objects.values_list("model_input", flat=True).get(key=key)
    try:
        with default_storage.open(name, "rb") as file:
            picture: npt.NDArray[np.uint8] = np.load(file, allow_pickle=False)
    except FileNotFoundError:
        noise = np.random.default_rng(int.from_bytes(key.encode()))
        return noise.integers(0, 256, PICTURE_SHAPE, dtype=np.uint8)
    return picture


def _report(
    model: type[L], alike: Sequence[Alike], *, pk_of: Callable[[str], int], job: ImportJob, now: datetime
) -> int:
    """Add the reports that are not there yet. `first` is the item that came in earlier."""
    found: dict[tuple[int, int], dict[str, Any]] = {}
    for one in alike:
        first, second, offset_s = pk_of(one.first), pk_of(one.second), one.offset_s
        if first > second:
            first, second, offset_s = second, first, -offset_s
        found[first, second] = {"similarity": one.similarity}
        if model is TrackLikeness:
            found[first, second]["offset_s"] = offset_s
    with transaction.atomic():
        known = set(model._default_manager.values_list("first", "second"))
        fresh = [two for two in sorted(found) if two not in known]
        model._default_manager.bulk_create(
            [model(first_id=a, second_id=b, found_by=job, created_at=now, **found[a, b]) for a, b in fresh],
            batch_size=_ROWS,
            ignore_conflicts=True,
        )
    return len(fresh)
