"""One sound file -> a checked track: decoding in blocks under limits, and cutting into 15-second clips on the way."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile

from mpd_builder.ingest import mpeg
from mpd_builder.ingest.clips import make_clip
from mpd_builder.ingest.content import Format
from mpd_builder.ingest.fingerprints import track_fingerprint
from mpd_builder.ingest.items import (
    WHOLE,
    Candidate,
    CheckedClip,
    CheckedTrack,
    Limits,
    Rejected,
    Remark,
    Stretch,
)
from mpd_builder.ingest.steady import SteadyFile
from mpd_builder.ingest.titles import described
from mpd_builder.records import CLIP_SECONDS, Track, track_id

BLOCK_FRAMES: Final = 65_536
MAX_PEAK: Final = 8.0
MAX_BAD_SHARE: Final = 0.01

Samples = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Tally:
    """What was met while decoding."""

    frames: int = 0
    not_finite: int = 0
    broke_off: str = ""
    remarks: list[Remark] = field(default_factory=list)


def check_sound(
    candidate: Candidate,
    file: BufferedIOBase,
    *,
    sha256: str,
    form: Format,
    limits: Limits,
    stretch: Stretch = WHOLE,
) -> CheckedTrack:
    """Decode the whole file and cut it: non-overlapping, from the start, 15 x sample rate frames each, rest dropped.

    The duration is counted in decoded frames; the header's word is only compared. Samples that are not finite become
    zero, within `MAX_BAD_SHARE`. Of a `stretch` that ends early nothing after it is decoded, clips are numbered from
    its start, and their frames count from there. Raises `Rejected`.
    """
    tally = _Tally()
    with _source(file, form, tally) as source:
        try:
            sound = soundfile.SoundFile(SteadyFile(source))
        except soundfile.LibsndfileError as error:
            raise Rejected(
                "undecodable",
                f"libsndfile {soundfile.__libsndfile_version__} cannot open this {form.name}: {error.error_string}",
                "Convert it to FLAC or WAV.",
            ) from error
        with sound:
            _header_checked(sound, limits)
            clips = tuple(
                make_clip(samples, track_sha256=sha256, index=index, sample_rate=sound.samplerate)
                for index, samples in enumerate(_cuts(sound, limits, tally, stretch))
            )
            # libsndfile only estimates the length of an MP3 file; all others have a count in their header.
            is_counted = form.name != "MP3" and stretch.most_clips is None
            promised = sound.frames if is_counted else tally.frames
            _outcome_checked(sound, clips, tally, promised=promised / sound.samplerate, start_s=stretch.start_s)
            return CheckedTrack(
                track=_track(candidate, sha256, sound, tally),
                suffix=form.suffix,
                clips=clips,
                fingerprint=track_fingerprint([clip.mel for clip in clips]),
                remarks=tuple(tally.remarks),
            )


def _track(candidate: Candidate, sha256: str, sound: soundfile.SoundFile, tally: _Tally) -> Track:
    details = described(candidate)
    return Track(
        id=track_id(sha256),
        sha256=sha256,
        title=details.title,
        artist=details.artist,
        genre=details.genre,
        source=details.source,
        licence=details.licence,
        attribution=details.attribution,
        collection=details.collection,
        may_publish=details.may_publish is not False,
        valence=details.valence,
        arousal=details.arousal,
        duration_s=tally.frames / sound.samplerate,
        sample_rate=sound.samplerate,
        channels=sound.channels,
        is_synthetic=details.is_synthetic,
    )


@contextmanager
def _source(file: BufferedIOBase, form: Format, tally: _Tally) -> Iterator[BufferedIOBase]:
    """The bytes to decode. Of a damaged MP3 the decoder gets the whole frames only, so that it need not recover."""
    if form.name != "MP3":
        yield file
        return
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        stream = mpeg.scan(data)
        if stream is None:
            raise Rejected("no_audio", "There is no audio stream in it.", "Copy or download it again.")
        if stream.is_whole:
            yield file
            return
        mended = BytesIO(b"".join(data[begin:end] for begin, end in stream.runs))
    places = [f"{stream.junk_before} bytes that are no sound in front"] if stream.junk_before else []
    places += [f"{stream.n_breaks} breaks inside"] if stream.n_breaks else []
    tally.remarks.append(
        Remark("mended", f"The MP3 is damaged ({', '.join(places)}); its whole frames were kept.", "Listen to it.")
    )
    yield mended


def _header_checked(sound: soundfile.SoundFile, limits: Limits) -> None:
    if not limits.min_sample_rate <= sound.samplerate <= limits.max_sample_rate:
        raise Rejected(
            "sample_rate",
            f"Its sample rate is {sound.samplerate} Hz, not {limits.min_sample_rate} to {limits.max_sample_rate}.",
            "Convert it to 44,100 Hz.",
        )
    if sound.channels > limits.max_channels:
        raise Rejected(
            "channels", f"It has {sound.channels} channels; at most {limits.max_channels} are taken.", "Mix it down."
        )


def _cuts(sound: soundfile.SoundFile, limits: Limits, tally: _Tally, stretch: Stretch) -> Iterator[Samples]:
    """Yield each whole clip as float32 (15 x rate, channels); only one is in memory at a time."""
    _pass_over(sound, round(stretch.start_s * sound.samplerate), tally)
    length = round(CLIP_SECONDS * sound.samplerate)
    filled, wanted = length, stretch.most_clips
    while wanted is None or wanted > 0:
        if filled == length:
            samples = np.empty((length, sound.channels), dtype=np.float32)
            filled = 0
        got = _read(sound, samples[filled : filled + BLOCK_FRAMES], tally)
        if not got:
            return
        _clean(samples[filled : filled + got], tally)
        filled += got
        tally.frames += got
        if tally.frames > limits.max_seconds * sound.samplerate:
            raise Rejected(
                "too_long", f"It is longer than {limits.max_seconds / 60:g} minutes.", "Cut it into shorter pieces."
            )
        if filled == length:
            yield samples
            wanted = None if wanted is None else wanted - 1


def _pass_over(sound: soundfile.SoundFile, frames: int, tally: _Tally) -> None:
    """Decode what comes before the stretch and drop it: not every format can be sought to the frame."""
    passed = np.empty((min(frames, BLOCK_FRAMES), sound.channels), dtype=np.float32)
    while frames and (got := _read(sound, passed[:frames], tally)):
        frames -= got
        tally.frames += got


def _read(sound: soundfile.SoundFile, into: Samples, tally: _Tally) -> int:
    """Fill `into` from the decoder; 0 at the end, also where a damaged file ends early."""
    try:
        return int(sound.buffer_read_into(into, dtype="float32"))
    except soundfile.LibsndfileError as error:
        tally.broke_off = str(error.error_string)
        return 0


def _clean(samples: Samples, tally: _Tally) -> None:
    """Zero what is not finite; refuse sound that is far beyond full scale (integers stored as floats, damage)."""
    peak = max(float(samples.max()), -float(samples.min()))
    if not np.isfinite(peak):
        finite = np.isfinite(samples)
        tally.not_finite += int(samples.size - np.count_nonzero(finite))
        samples[~finite] = 0.0
        peak = max(float(samples.max()), -float(samples.min()))
    if peak > MAX_PEAK:
        raise Rejected(
            "overscale",
            f"Its samples reach {peak:.3g} times full scale.",
            "Export it again as 16-bit or 24-bit sound, or with floats between -1 and 1.",
        )


def _outcome_checked(
    sound: soundfile.SoundFile, clips: tuple[CheckedClip, ...], tally: _Tally, *, promised: float, start_s: float
) -> None:
    """Judge what came out: reject what gives no clip, and put the rest into words."""
    seconds = tally.frames / sound.samplerate
    stopped = f" The decoder stopped there: {tally.broke_off}" if tally.broke_off else ""
    where = f" from second {start_s:g} on" if start_s else ""
    if not clips:
        raise Rejected(
            "too_short",
            f"It is {seconds:.1f} s long; no clip of {CLIP_SECONDS:g} s can be cut from it{where}.{stopped}",
            "Begin earlier." if start_s else "Find a longer recording.",
        )
    if tally.not_finite > MAX_BAD_SHARE * tally.frames * sound.channels:
        raise Rejected("not_numbers", f"{tally.not_finite} of its samples are not numbers.", "Export it again.")
    if tally.not_finite:
        tally.remarks.append(
            Remark("not_numbers", f"{tally.not_finite} samples were not numbers; zero stands for them.")
        )
    if tally.broke_off or abs(promised - seconds) > 0.5:
        tally.remarks.append(
            Remark(
                "cut_off",
                f"Its header promises {promised:.1f} s, {seconds:.1f} s were decoded.{stopped}",
                "Listen to it.",
            )
        )
    silent = sum(clip.is_silent for clip in clips)
    if silent:
        which = "All of it is" if silent == len(clips) else f"{silent} of its {len(clips)} clips are"
        tally.remarks.append(Remark("silent", f"{which} silent; silent clips are not offered for annotation."))
