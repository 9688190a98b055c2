"""The files of a judging: below `judging/<key>/` in the media storage, gone when the judging is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from annotation_site.judging.models import Judging, Subject

ROOT = "judging"
_BLOCK = 2**20
_HEX = re.compile(r"[0-9a-f]{32}")


def folder_of(judging: Judging) -> str:
    return f"{ROOT}/{judging.key.hex}"


def sent_store(judging: Judging, content: File[Any], *, number: int) -> str:
    """Keep a file as it came, under a name of ours. Returns the stored name."""
    return default_storage.save(f"{folder_of(judging)}/sent-{number}", content)


def made_store(judging: Judging, name: str, data: bytes) -> str:
    """Keep a file that was made of one. A second attempt writes over what the first left."""
    place = f"{folder_of(judging)}/{name}"
    default_storage.delete(place)
    return default_storage.save(place, ContentFile(data))


def fetched(stored: str, place: Path) -> Path:
    """A stored file, copied to `place` on this machine."""
    with default_storage.open(stored, "rb") as source, place.open("wb") as target:
        while block := source.read(_BLOCK):
            target.write(block)
    return place


def names_of(subjects: Iterable[Subject]) -> list[str]:
    """The stored names of all that belongs to the judging itself, not to the corpus."""
    found: list[str] = []
    for subject in subjects:
        found += [subject.sent] if subject.sent else []
        found += shown_names(subject)
    return [name for name in found if name.startswith(f"{ROOT}/")]


def shown_names(subject: Subject) -> list[str]:
    """The stored names that the subject's page shows or plays."""
    shown = subject.shown
    return [*([shown["display"]] if "display" in shown else []), *shown.get("audio", [])]


def files_delete(judging: Judging, names: Iterable[str]) -> None:
    """Delete files; of a storage that is a folder the judging's own goes with the last of them."""
    _delete(folder_of(judging), names)


def strays_delete(*, before: datetime) -> int:
    """Delete folders whose judging is not there and that were last written before then; returns how many.

    A process that dies between a file and its row leaves such a one. What is being sent just now is newer.
    """
    try:
        folders, _ = default_storage.listdir(ROOT)
    except FileNotFoundError:
        return 0
    keys = {folder: UUID(folder) for folder in folders if _HEX.fullmatch(folder)}
    known = set(Judging.objects.filter(key__in=keys.values()).values_list("key", flat=True))
    gone = 0
    for folder in (folder for folder, key in keys.items() if key not in known):
        names = [f"{ROOT}/{folder}/{name}" for name in default_storage.listdir(f"{ROOT}/{folder}")[1]]
        if all(default_storage.get_modified_time(name) < before for name in names):
            _delete(f"{ROOT}/{folder}", names)
            gone += 1
    return gone


def _delete(folder: str, names: Iterable[str]) -> None:
    for name in names:
        default_storage.delete(name)
    try:
        default_storage.delete(folder)
    except OSError:
        return  # what is still in it has its own time
