"""The work of a judging: decode what was sent, lay the arrays side by side, ask the warm model, keep what it said.

Shapes: P paintings, C windows of the music.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.db import transaction
from django.db.models.fields.files import FieldFile

from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.jobs.services import JobCancelled
from annotation_site.judging.blindness import blind_check
from annotation_site.judging.checking import music_checked, painting_checked
from annotation_site.judging.limits import MOST_PAIRS
from annotation_site.judging.models import Judging, Subject
from annotation_site.judging.services import sent_delete
from annotation_site.judging.storing import fetched, made_store
from annotation_site.judging.warm import WARM
from annotation_site.training.artefacts import StorageUnreachable
from annotation_site.training.models import ModelVersion
from annotation_site.training.versions import CheckpointMissing, active_version, checkpoint_folder
from mpd_builder.ingest import CheckedClip, CheckedPainting, CheckedTrack, Stretch
from mpd_builder.records import CLIP_SECONDS

C = TypeVar("C", Clip, CheckedClip)
Item = TypeVar("Item", Painting, Track)

PEAK_BINS = 60
"""How finely a window's waveform is drawn."""


@dataclass(frozen=True, slots=True)
class Window:
    """Fifteen seconds of the music: the model's input, and what the page plays and draws."""

    mel: npt.NDArray[np.float16]
    audio: str
    peaks: list[int]


def judge(judging: Judging, report: Reporter) -> None:
    """Judge, and keep the verdict in the row. What was sent is deleted, however it ends."""
    version = active_version()
    if version is None:
        raise JobFailed("No model version is active any more. An admin promotes a training run; then ask again.")
    try:
        with WARM.in_use():
            judging.result = _verdict(judging, report, version)
    except (JobFailed, JobCancelled):
        sent_delete(judging=judging)
        raise
    judging.version = version
    judging.save(update_fields=["result", "version"])
    sent_delete(judging=judging)


def _verdict(judging: Judging, report: Reporter, version: ModelVersion) -> dict[str, Any]:
    report(words="Looking and listening")
    Path(settings.IMPORT_SCRATCH).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.IMPORT_SCRATCH, prefix="judging-") as folder:
        scratch = Path(folder)
        _arrays_save(judging, scratch)
        return WARM.ask(
            scratch,
            version=version.pk,
            folder=_checkpoint(version),
            on_progress=lambda done, total: report(done, total, "Judging"),
        )


def _checkpoint(version: ModelVersion) -> Path:
    try:
        return checkpoint_folder(version)
    except (CheckpointMissing, StorageUnreachable) as error:
        raise JobFailed(str(error)) from None


def _arrays_save(judging: Judging, scratch: Path) -> None:
    """Write `paintings.u8.npy` (P, 256, 256, 3), `mels.f16.npy` (C, 128, 469), and into rows what the page shows."""
    subjects = list(judging.subjects.select_related("painting", "track"))
    painted = [subject for subject in subjects if subject.kind == Subject.Kind.PAINTING]
    (music,) = (subject for subject in subjects if subject.kind == Subject.Kind.MUSIC)
    sent = {
        subject.pk: painting_checked(fetched(subject.sent, scratch / f"picture-{subject.pk}"), name=subject.name)
        for subject in painted
        if subject.sent
    }
    track = _track_checked(judging, music, scratch) if music.sent else None
    if track is not None and not judging.by_admin:
        blind_check(list(sent.values()), track)
    windows = _windows_of_sent(judging, music, track) if track else _windows_of_track(judging, music)
    if (pairs := len(painted) * len(windows)) > MOST_PAIRS:
        raise JobFailed(
            f"{len(painted)} paintings with {len(windows)} windows of music are {pairs} pairs; at most {MOST_PAIRS} "
            "are judged at a time. Take fewer paintings, or only 15 seconds of the music."
        )
    inputs = [_painting_input(judging, subject, sent.get(subject.pk)) for subject in painted]
    np.save(scratch / "paintings.u8.npy", np.stack(inputs))
    np.save(scratch / "mels.f16.npy", np.stack([window.mel for window in windows]))
    with transaction.atomic():
        Subject.objects.bulk_update(subjects, ["shown"])


def _track_checked(judging: Judging, music: Subject, scratch: Path) -> CheckedTrack:
    stretch = Stretch(judging.start_s, None if judging.is_whole else 1)
    return music_checked(fetched(music.sent, scratch / "music"), name=music.name, stretch=stretch)


def _painting_input(judging: Judging, subject: Subject, checked: CheckedPainting | None) -> npt.NDArray[np.uint8]:
    """What the model sees of it; what the page shows of it goes into `subject.shown`."""
    if checked is None:
        item = _present(subject.painting, subject)
        subject.shown = {"display": item.display.name, "width": item.width, "height": item.height}
        return _array(item.model_input, subject)
    display = made_store(judging, f"painting-{subject.position}.jpg", checked.display)
    subject.shown = {"display": display, "width": checked.painting.width, "height": checked.painting.height}
    return checked.model_input


def _windows_of_sent(judging: Judging, music: Subject, track: CheckedTrack) -> list[Window]:
    def window(clip: CheckedClip) -> Window:
        audio = made_store(judging, f"window-{clip.clip.index:03d}.flac", clip.audio)
        return Window(clip.mel, audio, _coarse(clip.peaks))

    heard = _shown(music, track.clips, start_s=judging.start_s, silent=[clip.is_silent for clip in track.clips])
    return _heard(music, [window(clip) for clip in heard])


def _windows_of_track(judging: Judging, music: Subject) -> list[Window]:
    """Of an item of the corpus the clips that it is cut into, from the one in which `start_s` lies."""
    track: Track = _present(music.track, music)
    first = int(judging.start_s // CLIP_SECONDS)
    clips: list[Clip] = list(track.clips.filter(index__gte=first).order_by("index"))
    clips = clips if judging.is_whole else clips[:1]
    if not clips:
        raise JobFailed(f"{music.name} has no 15 seconds from second {judging.start_s:g} on. Begin earlier.")
    heard = _shown(music, clips, start_s=first * CLIP_SECONDS, silent=[clip.is_silent for clip in clips])
    return _heard(music, [Window(_array(clip.mel, music), str(clip.audio.name), _coarse(clip.peaks)) for clip in heard])


def _shown(music: Subject, clips: Sequence[C], *, start_s: float, silent: Sequence[bool]) -> list[C]:
    """The clips that are not silent; the model is not asked about silence."""
    kept = [place for place, is_silent in enumerate(silent) if not is_silent]
    if not kept:
        raise JobFailed(f"{music.name} is silent there. Choose another part of it.")
    music.shown = {"starts": [start_s + CLIP_SECONDS * place for place in kept], "silent": len(clips) - len(kept)}
    return [clips[place] for place in kept]


def _heard(music: Subject, windows: list[Window]) -> list[Window]:
    music.shown |= {"audio": [window.audio for window in windows], "peaks": [window.peaks for window in windows]}
    return windows


def _present(item: Item | None, subject: Subject) -> Item:
    if item is None or item.media_removed_at is not None:
        raise JobFailed(f"The files of {subject.name} have been deleted. Choose another one.")
    return item


def _array(stored: FieldFile, subject: Subject) -> npt.NDArray[Any]:
    try:
        with stored.open("rb") as file:
            array: npt.NDArray[Any] = np.load(file, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise JobFailed(f"What the model sees of {subject.name} cannot be read from the storage ({error}).") from None
    return array


def _coarse(peaks: Sequence[int]) -> list[int]:
    """Minimum and maximum in turn of `PEAK_BINS` bins, from those of more."""
    lows, highs = (np.array_split(np.asarray(peaks[side::2]), PEAK_BINS) for side in (0, 1))
    pairs = zip(lows, highs, strict=True)
    return [int(value) for low, high in pairs if len(low) for value in (low.min(), high.max())]
