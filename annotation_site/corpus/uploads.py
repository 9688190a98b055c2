"""Uploads: files that come in parts, may stop at any byte and go on, and end as a folder that can be imported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, count
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile, File
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from annotation_site.accounts.models import User
from annotation_site.corpus.models import ImportJob, Upload, UploadedFile
from annotation_site.corpus.parts import PREFIX, file_blocks, folder_remove, kept_uploads, part_store
from annotation_site.corpus.upload_errors import NameRefused, TooMuch, UploadError, UploadOver, WrongOffset
from annotation_site.corpus.upload_names import folders_of, name_checked
from annotation_site.jobs.models import JobState

PART_BYTES = 8 * 2**20
"""The most that one part may hold."""

_IN_USE = (JobState.QUEUED, JobState.RUNNING)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def upload_begin(*, user: User, now: datetime) -> Upload:
    """An empty upload, into which only `user` may send."""
    return Upload.objects.create(created_by=user, created_at=now, touched_at=now)


@transaction.atomic
def files_add(*, upload: Upload, files: Iterable[tuple[str, int]], now: datetime) -> list[UploadedFile]:
    """Announce files by name and size in bytes; all of them or none. Announcing one again finds what is there of it.

    Raises `NameRefused` for names that are no plain relative ones or that clash, `TooMuch` beyond the limits.
    """
    upload = _open_upload(upload, Upload.objects.select_for_update())
    there = {file.name: file for file in upload.files.all()}
    folders = {folder for name in there for folder in folders_of(name)}
    found = [_announced(name_checked(name), size, upload=upload, there=there, folders=folders) for name, size in files]
    _limits_check(there.values())
    UploadedFile.objects.bulk_create([file for file in there.values() if file.pk is None])
    Upload.objects.filter(pk=upload.pk).update(touched_at=now)
    return found


def _announced(
    name: str, size: int, *, upload: Upload, there: dict[str, UploadedFile], folders: set[str]
) -> UploadedFile:
    """The file of this name, a new one if need be, which is then noted in `there` and its folders in `folders`."""
    if known := there.get(name):
        if known.size != size:
            raise NameRefused(f"{name} is here already with {known.size:,} bytes, not {size:,}. Give one another name.")
        return known
    if name in folders or any(folder in there for folder in folders_of(name)):
        raise NameRefused(f"{name} names a file, and a folder of the same name is here too. Rename one of them.")
    file = there[name] = UploadedFile(upload=upload, name=name, size=size)
    folders.update(folders_of(name))
    return file


def part_put(*, file: UploadedFile, offset: int, content: File[bytes], now: datetime) -> int:
    """Keep the bytes of `file` from `offset` on; returns how many bytes of it are here now, from its start.

    A part that is here already is not stored again. Raises `WrongOffset` when there would be a gap, `TooMuch` when
    the part is too large or reaches beyond the file's size, `NoRoom` when the storage is full.
    """
    upload = _open_upload(file.upload, Upload.objects.all())
    file.refresh_from_db(fields=["received"])
    length = content.size
    if length > PART_BYTES:
        raise TooMuch(f"A part holds at most {PART_BYTES:,} bytes; this one has {length:,}. Send smaller ones.")
    if offset + length > file.size:
        raise TooMuch(f"{file.name} was announced with {file.size:,} bytes; this part would end after them.")
    if offset + length <= file.received:
        return file.received
    if offset != file.received:
        raise WrongOffset(f"{file.name} goes on at byte {file.received:,}, not at {offset:,}.", file.received)
    part_store(file=file, offset=offset, content=content)
    UploadedFile.objects.filter(pk=file.pk, received=offset).update(received=offset + length)
    Upload.objects.filter(pk=upload.pk).update(touched_at=now)
    file.refresh_from_db(fields=["received"])
    return file.received


def upload_take(*, user: User, files: Sequence[File[bytes]], now: datetime) -> Upload:
    """An upload of files that came whole with a form. Two of one name are told apart by a number."""
    upload = upload_begin(user=user, now=now)
    names: dict[str, File[bytes]] = {}
    for content in files:
        plain = Path(content.name or "file")
        numbered = (f"{plain.stem} ({n}){plain.suffix}" for n in count(2))
        names[next(name for name in chain([plain.name], numbered) if name not in names)] = content
    announced = files_add(upload=upload, files=[(name, content.size) for name, content in names.items()], now=now)
    for file, content in zip(announced, names.values(), strict=True):
        at = 0
        for block in content.chunks(PART_BYTES):
            at = part_put(file=file, offset=at, content=ContentFile(block), now=now)
    return upload


@transaction.atomic
def upload_settle(*, upload: Upload) -> int:
    """Give up the files that have not come whole; returns how many. What is left can be imported."""
    cut = _open_upload(upload, Upload.objects.select_for_update()).files.filter(received__lt=F("size"))
    n = cut.count()
    cut.delete()
    return n


def upload_assemble(*, upload: Upload, folder: Path) -> None:
    """Join the parts into files below `folder` (made where missing). Memory stays at a block, whatever the sizes.

    Raises `UploadError` in words when the upload was removed or a file has not come whole.
    """
    if upload.removed_at is not None:
        raise UploadOver("The files of this upload were removed from the server. Send them again.")
    cut = upload.files.filter(received__lt=F("size")).order_by("name").first()
    if cut is not None:
        raise UploadError(f"{cut.name} has not come whole: {cut.received:,} of {cut.size:,} bytes. Send the rest.")
    root = folder.resolve()
    for file in upload.files.order_by("name").iterator():
        target = (root / name_checked(file.name)).resolve()
        if not target.is_relative_to(root):  # a link in a folder that was not empty
            raise NameRefused(f"{file.name} would lie outside the folder of its upload.")
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as joined:
            for block in file_blocks(file):
                joined.write(block)


def upload_remove(*, upload: Upload, now: datetime) -> bool:
    """Delete the parts of an upload; its row stays. False while an import still needs them. It may be repeated."""
    with transaction.atomic():
        idle = Upload.objects.select_for_update().filter(pk=upload.pk)
        if not idle.exists() or ImportJob.objects.filter(upload=upload, state__in=_IN_USE).exists():
            return False
        idle.filter(removed_at=None).update(removed_at=now)
    folder_remove(f"{PREFIX}/{upload.key}")
    upload.refresh_from_db()
    return True


def uploads_sweep(*, now: datetime) -> int:
    """Remove uploads that were imported, or that nothing came for in days; returns how many. Also leftovers of
    removals that were killed on their way."""
    idle = Upload.objects.filter(removed_at=None).exclude(imports__state__in=_IN_USE)
    old = now - timedelta(days=settings.UPLOAD_KEPT_DAYS)
    due = idle.filter(Q(imports__state=JobState.DONE) | Q(touched_at__lt=old)).distinct()
    removed = sum(upload_remove(upload=upload, now=now) for upload in due)
    for name in kept_uploads():
        if _UUID.fullmatch(name) and not Upload.objects.filter(key=UUID(name), removed_at=None).exists():
            folder_remove(f"{PREFIX}/{name}")
    return removed


def upload_of(*, user: User, key: UUID | str) -> Upload | None:
    """The person's own upload of this key; another's is as if there were none."""
    return _own(user).filter(key=key).first()


def upload_unfinished(*, user: User) -> Upload | None:
    """What this person began to send last and has not imported yet."""
    return _own(user).filter(removed_at=None, imports=None, files__isnull=False).order_by("-touched_at").first()


@dataclass(frozen=True, slots=True)
class Arrived:
    """How much of an upload is here."""

    files: int
    whole: int
    bytes: int
    received: int


def upload_arrived(upload: Upload) -> Arrived:
    return Arrived(
        **upload.files.aggregate(
            files=Count("pk"),
            whole=Count("pk", filter=Q(received=F("size"))),
            bytes=Coalesce(Sum("size"), 0),
            received=Coalesce(Sum("received"), 0),
        )
    )


def _own(user: User) -> QuerySet[Upload]:
    return Upload.objects.filter(created_by=user)


def _limits_check(files: Iterable[UploadedFile]) -> None:
    n = total = 0
    for file in files:
        n, total = n + 1, total + file.size
        if file.size > settings.UPLOAD_MAX_FILE_BYTES:
            limit = settings.UPLOAD_MAX_FILE_BYTES / 2**30
            raise TooMuch(f"{file.name} is larger than the {limit:.3g} GiB that one file may have here.")
    if n > settings.UPLOAD_MAX_FILES:
        raise TooMuch(
            f"That is more than {settings.UPLOAD_MAX_FILES:,} files at a time. Send a zip, or in several turns."
        )
    if total > settings.UPLOAD_MAX_BYTES:
        raise TooMuch(
            f"That is more than {settings.UPLOAD_MAX_BYTES / 2**30:.3g} GiB at a time. Send it in several turns."
        )


def _open_upload(upload: Upload, rows: QuerySet[Upload]) -> Upload:
    """The upload as it is now, if more may still come."""
    current = rows.get(pk=upload.pk)
    if current.removed_at is not None:
        raise UploadOver("This upload is over: its files were removed. Begin a new one.")
    if current.imports.filter(state__in=(*_IN_USE, JobState.DONE)).exists():
        raise UploadOver("This upload is being imported, or was. Begin a new one for more files.")
    return current
