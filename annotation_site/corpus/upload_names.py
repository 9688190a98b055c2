"""Names of uploaded files: relative, with / between folders, and safe to write below a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from annotation_site.corpus.models import UploadedFile
from annotation_site.corpus.upload_errors import NameRefused

_CONTROL = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")
_COMPONENT_BYTES = 255  # of one folder or file, on every usual file system


def name_checked(name: str) -> str:
    """The name, if it is plain and relative with / between folders; else `NameRefused` in words."""
    parts = PurePosixPath(name).parts
    if not name or "/".join(parts) != name or name.startswith("/") or not set(parts).isdisjoint({".", ".."}):
        raise NameRefused(
            f"{_shown(name)} is no plain file name: no '..', nothing from the root, no empty folder names."
        )
    if _CONTROL.search(name):
        raise NameRefused(f"{_shown(name)} has a character that file names here cannot have. Rename the file.")
    limit = UploadedFile._meta.get_field("name").max_length or 0
    if len(name) > limit or any(len(part.encode()) > _COMPONENT_BYTES for part in parts):
        raise NameRefused(f"{_shown(name)} is too long a name. Give the file or its folder a shorter one.")
    return name


def _shown(name: str) -> str:
    plain = _CONTROL.sub("�", name)
    return plain if len(plain) <= 80 else plain[:79] + "…"


def folders_of(name: str) -> Iterator[str]:
    """The folders that a name lies in: of a/b/c these are a and a/b."""
    parts = name.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))
