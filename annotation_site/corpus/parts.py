"""Parts of uploaded files, behind Django's storage API, so that any worker on any machine can join them.

A part is a stored object `uploads/<upload key>/<file id>/<offset>-<length>`. Parts of one file may overlap, where a
client repeated itself: they hold the same bytes.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import suppress

from django.core.files.base import File
from django.core.files.storage import default_storage

from annotation_site.corpus.models import UploadedFile
from annotation_site.corpus.upload_errors import NoRoom, UploadError

PREFIX = "uploads"

_BLOCK = 2**20
_PART = re.compile(r"(\d{1,18})-(\d{1,18})")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def folder_of(file: UploadedFile) -> str:
    return f"{PREFIX}/{file.upload.key}/{file.pk}"


def part_store(*, file: UploadedFile, offset: int, content: File[bytes]) -> None:
    """Keep a part, unless it is there whole: what a killed process left is shorter. `NoRoom` when the disk is full."""
    name = f"{folder_of(file)}/{offset}-{content.size}"
    try:
        if default_storage.exists(name):
            if default_storage.size(name) == content.size:
                return
            default_storage.delete(name)
        saved = default_storage.save(name, content)
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise NoRoom("The server has no room left for this file. Tell who looks after it; then go on here.") from error
    if saved != name:  # the same part came twice at once
        default_storage.delete(saved)


def file_blocks(file: UploadedFile) -> Iterator[bytes]:
    """The file's bytes in order. Raises `UploadError` in words when some were lost."""
    folder, at = folder_of(file), 0
    for start, length in _spans(file):
        if not start <= at < start + length:
            continue
        with default_storage.open(f"{folder}/{start}-{length}") as part:
            if part.size != length:
                continue
            part.seek(at - start)
            while block := part.read(_BLOCK):
                at += len(block)
                yield block
    if at != file.size:
        raise UploadError(f"Bytes of {file.name} were lost on the server from {at:,} on. Send it once more.")


def _spans(file: UploadedFile) -> list[tuple[int, int]]:
    """(offset, length) of the file's parts, in order. Most files are one part: then nothing needs to be listed."""
    if not file.size:
        return []
    if default_storage.exists(f"{folder_of(file)}/0-{file.size}"):
        return [(0, file.size)]
    found = (_PART.fullmatch(name) for name in _listed(folder_of(file))[1])
    return sorted((int(match[1]), int(match[2])) for match in found if match)


def kept_uploads() -> list[str]:
    """The folders that lie in the storage for uploads, by name."""
    return _listed(PREFIX)[0]


def folder_remove(folder: str) -> None:
    """Delete a folder of the storage with what is below it. Where folders are only parts of names, that is all."""
    folders, files = _listed(folder)
    for name in folders:
        folder_remove(f"{folder}/{name}")
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    with suppress(OSError):  # somebody else is removing it too, or a last part came just now: the next sweep sees it
        default_storage.delete(folder)


def _listed(folder: str) -> tuple[list[str], list[str]]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return [], []
    return list(folders), list(files)
