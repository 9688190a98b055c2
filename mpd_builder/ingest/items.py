"""What goes into ingest and what comes out of it, as frozen records."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mpd_builder.records import Clip, Painting, Track


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. Everything above is refused before it is decoded, or while it is.

    The smallest short side is half the model's 256 pixels: below, the picture would be blown up more than twofold.
    """

    max_picture_bytes: int = 200 * 2**20
    max_pixels: int = 80_000_000
    min_short_side: int = 128
    max_aspect: float = 8.0
    max_sound_bytes: int = 2 * 2**30
    max_seconds: float = 1800.0
    max_channels: int = 8
    min_sample_rate: int = 4_000
    max_sample_rate: int = 192_000
    max_archive_members: int = 200_000
    max_archive_bytes: int = 200 * 2**30
    max_archive_ratio: float = 100.0


@dataclass(frozen=True, slots=True)
class Details:
    """What the metadata beside a file says about it. `sha256`, where given, is checked against the bytes.

    `may_publish` is None where nothing is said; valence and arousal are means from 1 to 9.
    """

    title: str = ""
    artist: str = ""
    year: str = ""
    style: str = ""
    genre: str = ""
    source: str = ""
    licence: str = ""
    attribution: str = ""
    sha256: str = ""
    collection: str = ""
    may_publish: bool | None = None
    valence: float | None = None
    arousal: float | None = None
    is_synthetic: bool = False
    extras: Mapping[str, str] = field(default_factory=dict)

    def completed(self, *fallbacks: Details) -> Details:
        """These details; what they leave open is filled from the first of the fallbacks that says something on it."""
        known: dict[str, Any] = {}
        extras: dict[str, str] = {}
        for details in (*reversed(fallbacks), self):
            known |= {name: value for name in _OPEN if (value := getattr(details, name)) not in (None, "")}
            extras |= details.extras
        return replace(self, **known, extras=extras)


_OPEN: Final = frozenset(known.name for known in fields(Details)) - {"sha256", "is_synthetic", "extras"}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of a piece of music is cut into clips: from `start_s` on, at most `most_clips` of them."""

    start_s: float = 0.0
    most_clips: int | None = None


WHOLE: Final = Stretch()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be a painting or a piece of music. `name` is relative to its source, printable.

    `fault` is what its source found wrong with it already (an archive's member that leads out of its folder, say):
    it is then rejected without being opened. Below `root`, where one is given, no link is followed on the way to it.
    `states_title`: somebody wrote the title down; otherwise it is at best what the file's name says.
    """

    path: Path
    name: str
    details: Details = field(default_factory=Details)
    listed_in: str = ""
    fault: Rejected | None = None
    root: Path | None = None
    states_title: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a person should know about a file that came in all the same."""

    code: str
    reason: str
    hint: str = ""


class Rejected(Exception):
    """A file is not taken: `reason` says what is wrong with it, `hint` what a person can do about it."""

    def __init__(self, code: str, reason: str, hint: str = "") -> None:
        super().__init__(code, reason, hint)
        self.code = code
        self.reason = reason
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.reason} {self.hint}".strip()


class SourceError(Exception):
    """A source as a whole cannot be used (no such folder, a damaged archive): the text says why and what to do."""


class MetadataError(Exception):
    """A metadata file cannot be relied on, so nothing of the folder is taken: the text says where and what to do."""


@dataclass(frozen=True, slots=True)
class CheckedPainting:
    """A painting ready to be stored.

    `display` and `thumbnail` are upright sRGB JPEGs without metadata, their longest sides at most 1,600 and 320 pixels;
    `model_input` is uint8 (256, 256, 3), the whole picture squashed to a square (the paper resizes, it does not crop);
    `dhash` is a 242-bit difference hash in 64 hex digits; `suffix` is of the original's true format.
    """

    painting: Painting
    suffix: str
    display: bytes
    thumbnail: bytes
    model_input: npt.NDArray[np.uint8]
    dhash: str
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedClip:
    """A clip ready to be stored: `audio` is a FLAC file of exactly 15 s, `mel` float16 (128, 469).

    `peaks` holds minimum and maximum of each of 600 bins in turn, -128 to 127. A silent clip is not to be offered.
    """

    clip: Clip
    audio: bytes
    mel: npt.NDArray[np.float16]
    peaks: list[int]
    is_silent: bool


@dataclass(frozen=True, slots=True)
class CheckedTrack:
    """A track ready to be stored, with at least one clip. `fingerprint`: sub-fingerprints, uint32, 469 for 15 s."""

    track: Track
    suffix: str
    clips: tuple[CheckedClip, ...]
    fingerprint: npt.NDArray[np.uint32]
    remarks: tuple[Remark, ...] = ()


Outcome = CheckedPainting | CheckedTrack | Rejected
"""What becomes of a candidate."""

Work = Callable[..., CheckedPainting | CheckedTrack]
"""What `process` is: called with a candidate and `limits=`; may raise `Rejected`."""
