"""The media store as the snapshot writer asks for it: one item at a time, by the item's key."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt
from django.core.files.storage import default_storage

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.selectors import clips_of, paintings_of
from mpd_builder.snapshot import MediaError


class StoredMedia:
    """Pictures, sound and model inputs of a campaign's items, out of Django's default storage."""

    def __init__(self, campaign: Campaign) -> None:
        paintings = paintings_of(campaign).values_list("key", "display", "model_input")
        clips = clips_of(campaign).values_list("key", "audio", "mel")
        self._files = {key: (shown, array) for key, shown, array in [*paintings, *clips]}

    def painting_display(self, painting_id: str) -> bytes:
        return self._content(painting_id)[0]

    def painting_input(self, painting_id: str) -> npt.NDArray[np.uint8]:
        return self._array(painting_id)

    def clip_audio(self, clip_id: str) -> tuple[bytes, str]:
        content, name = self._content(clip_id)
        return content, PurePosixPath(name).suffix.lower().removeprefix(".")

    def clip_mel(self, clip_id: str) -> npt.NDArray[np.float16]:
        return self._array(clip_id)

    def _content(self, key: str) -> tuple[bytes, str]:
        name = self._files[key][0]
        try:
            with default_storage.open(name, "rb") as file:
                return file.read(), name
        except FileNotFoundError:
            raise _missing(key, name) from None

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


def _missing(key: str, name: str) -> MediaError:
    return MediaError(f"A file of {key} is missing from the media store ({name}). Import its original again.")
