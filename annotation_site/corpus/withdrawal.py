"""Taking an item out of the corpus, bringing it back, and deleting its files. What was judged and sealed stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from django.core.files.storage import default_storage
from django.db import transaction

from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.corpus.standing import pairs_of
from annotation_site.scoring.models import Campaign
from annotation_site.scoring.services import pairs_close, pairs_reopen

Item = Painting | Track
"""What can be withdrawn: a track goes with all its clips."""

_ROWS = 500


class Begun(StrEnum):
    """What becomes of pairs and preference tasks that have some judgments but not all."""

    FINISH = "finish"
    CLOSE = "close"


class WithdrawalError(Exception):
    """It cannot be done; the text tells a person why and what to do."""


@transaction.atomic
def item_withdraw(*, item: Item, because: str, begun: Begun, stays_in_snapshots: bool = False, now: datetime) -> int:
    """Take an item out: it comes into no new pair, and its pairs close; returns how many did.

    Nothing that was judged is deleted. Its complete pairs are left out of new snapshots unless `stays_in_snapshots`.
    Raises `WithdrawalError` when it is out already.
    """
    _campaigns_lock()
    row = _locked(item)
    if row.withdrawn_at is not None:
        raise WithdrawalError(f"“{row}” was withdrawn already, on {row.withdrawn_at:%d %B %Y}.")
    row.withdrawn_at, row.withdrawn_because, row.stays_in_snapshots = now, because, stays_in_snapshots
    row.save(update_fields=["withdrawn_at", "withdrawn_because", "stays_in_snapshots"])
    words = f"{row.key} was withdrawn: {because}"[:400]
    pairs = pairs_of(item=row).values_list("pk", flat=True)
    return pairs_close(pair_ids=list(pairs), because=words, now=now, spare_begun=begun is Begun.FINISH)


@transaction.atomic
def item_restore(*, item: Item, reopen_pairs: bool) -> int:
    """Bring a withdrawn item back. `reopen_pairs`: its closed pairs too, where the other item is in use; their number.

    Raises `WithdrawalError` when it is not withdrawn or its files were deleted.
    """
    _campaigns_lock()
    row = _locked(item)
    if row.withdrawn_at is None:
        raise WithdrawalError(f"“{row}” is in use already.")
    if row.media_removed_at is not None:
        raise WithdrawalError(f"The files of “{row}” were deleted, so there is nothing that could be shown or played.")
    row.withdrawn_at, row.withdrawn_because, row.stays_in_snapshots = None, "", False
    row.save(update_fields=["withdrawn_at", "withdrawn_because", "stays_in_snapshots"])
    if not reopen_pairs:
        return 0
    usable = pairs_of(item=row).filter(painting__withdrawn_at=None, clip__track__withdrawn_at=None)
    return pairs_reopen(pair_ids=list(usable.exclude(closed_at=None).values_list("pk", flat=True)))


@transaction.atomic
def media_remove(*, item: Item, now: datetime) -> int:
    """Delete the files of a withdrawn item, original and derived, unless another item has the same; how many went.

    All its pairs close: there is nothing left to judge. Its row, hash and ratings stay. Raises `WithdrawalError` when
    it is not withdrawn, or when the storage refuses; it can then be done again.
    """
    _campaigns_lock()
    row = _locked(item)
    if row.withdrawn_at is None:
        raise WithdrawalError(f"“{row}” is in use. Withdraw it first.")
    pairs_close(
        pair_ids=list(pairs_of(item=row).values_list("pk", flat=True)),
        because=f"{row.key}: its files were deleted",
        now=now,
    )
    own = _files_of(row)
    doomed = own - _files_of_others(row, own)
    for name in sorted(doomed):
        try:
            default_storage.delete(name)
        except OSError as error:
            raise WithdrawalError(
                f"The media store would not delete {name}: {error}. Mend that and delete them again."
            ) from None
    row.media_removed_at, row.stays_in_snapshots = now, False
    row.save(update_fields=["media_removed_at", "stays_in_snapshots"])
    return len(doomed)


def _campaigns_lock() -> None:
    """No pairs are drawn while an item goes: whoever draws holds its campaign, and looks for items after that."""
    list(Campaign.objects.select_for_update(no_key=True).order_by("pk"))


def _locked(item: Item) -> Item:
    return type(item)._default_manager.select_for_update(no_key=True).get(pk=item.pk)


_OF_PAINTING = ("original", "display", "thumbnail", "model_input")
_OF_CLIP = ("audio", "mel")


def _files_of(item: Item) -> set[str]:
    if isinstance(item, Painting):
        return _names(getattr(item, field).name for field in _OF_PAINTING)
    clips = item.clips.values_list(*_OF_CLIP)
    return _names([item.original.name, *(name for row in clips for name in row)])


def _files_of_others(item: Item, names: set[str]) -> set[str]:
    """Those of these files that other items have too: files lie under the hash of their bytes."""
    found: set[str] = set()
    ordered = sorted(names)
    for batch in (ordered[start : start + _ROWS] for start in range(0, len(ordered), _ROWS)):
        if isinstance(item, Painting):
            others = Painting.objects.filter(media_removed_at=None).exclude(pk=item.pk)
            for field in _OF_PAINTING:
                found |= set(others.filter(**{f"{field}__in": batch}).values_list(field, flat=True))
        else:
            tracks = Track.objects.filter(media_removed_at=None).exclude(pk=item.pk)
            found |= set(tracks.filter(original__in=batch).values_list("original", flat=True))
            clips = Clip.objects.filter(track__media_removed_at=None).exclude(track=item.pk)
            for field in _OF_CLIP:
                found |= set(clips.filter(**{f"{field}__in": batch}).values_list(field, flat=True))
    return found


def _names(names: Iterable[str | None]) -> set[str]:
    return {name for name in names if name}
