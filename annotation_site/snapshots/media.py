"""The media store as the snapshot writer asks for it: one item at a time, by the item's key.

Files of this machine are copied from where they lie; those of another storage are fetched. The store names its files
for the SHA-256 of their bytes, so a damaged one is noticed, and one that an earlier attempt wrote is not fetched again.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.files.storage import default_storage

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.selectors import clips_of, paintings_of
from mpd_builder.snapshot import MediaError, MediaFile

_DIGEST = re.compile(r"[0-9a-f]{64}")


class StoredMedia:
    """Pictures, sound and model inputs of a campaign's items, out of Django's default storage."""

    def __init__(self, campaign: Campaign) -> None:
        paintings = paintings_of(campaign).values_list("key", "display", "model_input")
        clips = clips_of(campaign).values_list("key", "audio", "mel")
        self._files = {key: (shown, array) for key, shown, array in [*paintings, *clips]}

    def painting_display(self, painting_id: str) -> MediaFile:
        return self._file(painting_id)

    def painting_input(self, painting_id: str) -> npt.NDArray[np.uint8]:
        return self._array(painting_id)

    def clip_audio(self, clip_id: str) -> tuple[MediaFile, str]:
        return self._file(clip_id), PurePosixPath(self._files[clip_id][0]).suffix.lower().removeprefix(".")

    def clip_mel(self, clip_id: str) -> npt.NDArray[np.float16]:
        return self._array(clip_id)

    def _file(self, key: str) -> MediaFile:
        name = self._files[key][0]
        place = _local(name)
        if place is not None and not place.is_file():
            raise _missing(key, name)
        stem = PurePosixPath(name).stem
        return MediaFile(place or partial(_content, key, name), sha256=stem if _DIGEST.fullmatch(stem) else "")

    def _array(self, key: str) -> npt.NDArray[Any]:
        name = self._files[key][1]
        try:
            with default_storage.open(name, "rb") as file:
                array: npt.NDArray[Any] = np.load(file, allow_pickle=False)
        except FileNotFoundError:
            raise _missing(key, name) from None
        except ValueError as error:
            raise MediaError(f"The model's input of {key} cannot be read ({error}). Import its file again.") from None
        return array


def _local(name: str) -> Path | None:
    """The file's place on this machine, where the storage has one."""
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        return None


def _content(key: str, name: str) -> bytes:
    try:
        with default_storage.open(name, "rb") as file:
            content: bytes = file.read()
    except FileNotFoundError:
        raise _missing(key, name) from None
    return content


def _missing(key: str, name: str) -> MediaError:
    return MediaError(f"A file of {key} is missing from the media store ({name}). Import its original again.")
