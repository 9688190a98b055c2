"""Sound: cutting to the sample, limits, damage, and what is kept of each clip."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mpd_builder.ingest import Candidate, CheckedTrack, Limits, Rejected, Stretch, process
from mpd_builder.ingest.clips import downmixed, waveform_peaks
from tests.mpd_builder.media_files import as_track, tone, write_sound


def rejection(path: Path, limits: Limits | None = None) -> Rejected:
    with pytest.raises(Rejected) as caught:
        process(Candidate(path, path.name), limits=limits or Limits())
    return caught.value


def heard(audio: bytes) -> tuple[np.ndarray, int]:
    samples, rate = soundfile.read(BytesIO(audio), dtype="int16", always_2d=True)
    return samples, rate


def counting(frames: int) -> np.ndarray:
    """Samples that say where they stand: a 16-bit ramp that starts anew every 65,536 frames."""
    return (np.arange(frames) % 65_536 - 32_768).astype(np.int16)[:, None]


def test_clips_are_cut_to_the_sample_at_the_sources_own_rate_and_the_rest_is_dropped(tmp_path: Path) -> None:
    rate = 11_025
    source = counting(round(47.3 * rate))
    track = as_track(write_sound(tmp_path / "a.wav", source, rate=rate))
    length = 15 * rate
    assert [(c.clip.start_frame, c.clip.stop_frame) for c in track.clips] == [
        (0, length),
        (length, 2 * length),
        (2 * length, 3 * length),
    ]
    for checked in track.clips:
        samples, delivered = heard(checked.audio)
        assert delivered == rate
        np.testing.assert_array_equal(samples, source[checked.clip.start_frame : checked.clip.stop_frame])
    assert track.track.duration_s == pytest.approx(47.3)
    assert [c.clip.id for c in track.clips] == [f"c_{track.track.sha256[:16]}_{index:02d}" for index in range(3)]


@pytest.mark.parametrize(("frames", "clips"), [(119_999, None), (120_000, 1), (239_999, 1), (240_000, 2)])
def test_one_frame_decides_whether_there_is_a_clip(tmp_path: Path, frames: int, clips: int | None) -> None:
    path = write_sound(tmp_path / "a.wav", counting(frames))
    if clips is None:
        assert rejection(path).code == "too_short"
    else:
        assert len(as_track(path).clips) == clips


def test_too_short_says_how_long_it_is(tmp_path: Path) -> None:
    refused = rejection(write_sound(tmp_path / "a.wav", tone(9.04)))
    assert refused.reason.startswith("It is 9.0 s long; no clip of 15 s can be cut")


@pytest.mark.parametrize(
    ("form", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("OGG", "OPUS"), ("AIFF", "PCM_24")]
)
def test_the_content_decides_not_the_extension(tmp_path: Path, form: str, subtype: str) -> None:
    track = as_track(write_sound(tmp_path / "a.jpg", tone(15.2, rate=48_000), rate=48_000, form=form, subtype=subtype))
    assert len(track.clips) == 1
    assert track.suffix == {"FLAC": ".flac", "OGG": ".ogg", "AIFF": ".aiff"}[form]


def test_an_mp3_is_decoded_to_its_end(tmp_path: Path) -> None:
    track = as_track(
        write_sound(tmp_path / "a", tone(31.0, rate=16_000), rate=16_000, form="MP3", subtype="MPEG_LAYER_III")
    )
    assert track.track.duration_s == pytest.approx(31.0, abs=0.1)
    assert (len(track.clips), track.remarks) == (2, ())


def test_a_damaged_mp3_keeps_its_whole_frames_and_says_so(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a", tone(40.0, rate=16_000), rate=16_000, form="MP3", subtype="MPEG_LAYER_III")
    data = bytearray(path.read_bytes())
    noise = np.random.default_rng(5).bytes(500)
    for place in (0.3, 0.6):
        at = int(len(data) * place)
        data[at : at + 500] = noise
    path.write_bytes(b"\x00JUNK" * 300 + data)
    track = as_track(path)
    assert [remark.code for remark in track.remarks] == ["mended"]
    assert "1500 bytes that are no sound in front, 2 breaks inside" in track.remarks[0].reason
    assert 38.0 < track.track.duration_s < 40.0
    assert len(track.clips) == 2


def test_a_header_that_promises_more_is_not_believed(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", tone(40.0), form="FLAC")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    track = as_track(path)
    assert track.track.duration_s < 30
    assert len(track.clips) == 1
    assert [remark.code for remark in track.remarks] == ["cut_off"]
    assert track.remarks[0].reason.startswith("Its header promises 40.0 s, 2")


def test_samples_that_are_no_numbers_become_zero_and_are_counted(tmp_path: Path) -> None:
    samples = tone(16.0)
    samples[[5, 6, 70_000]] = [[np.nan], [np.inf], [-np.inf]]
    track = as_track(write_sound(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert [remark.code for remark in track.remarks] == ["not_numbers"]
    assert track.remarks[0].reason.startswith("3 samples")
    (clip,) = track.clips
    assert np.isfinite(clip.mel).all()
    assert heard(clip.audio)[0][5, 0] == 0


def test_too_many_such_samples_are_refused(tmp_path: Path) -> None:
    samples = tone(16.0)
    samples[::50] = np.nan
    assert rejection(write_sound(tmp_path / "a.wav", samples, subtype="FLOAT")).code == "not_numbers"


def test_integers_stored_as_floats_are_refused_with_a_cure(tmp_path: Path) -> None:
    refused = rejection(write_sound(tmp_path / "a.wav", tone(16.0, level=20_000.0), subtype="FLOAT"))
    assert (refused.code, refused.reason) == ("overscale", "Its samples reach 2e+04 times full scale.")


def test_peaks_just_above_full_scale_are_clipped_in_the_clip_and_are_no_error(tmp_path: Path) -> None:
    track = as_track(write_sound(tmp_path / "a.wav", tone(16.0, level=1.2), subtype="FLOAT"))
    assert track.remarks == ()
    samples = heard(track.clips[0].audio)[0]
    assert (samples.min(), samples.max()) == (-32_768, 32_767)


def test_silent_clips_are_marked_and_their_mel_is_finite(tmp_path: Path) -> None:
    samples = tone(45.0)
    samples[15 * 8_000 : 30 * 8_000] = 0.0009
    track = as_track(write_sound(tmp_path / "a.wav", samples, subtype="FLOAT"))
    assert [clip.is_silent for clip in track.clips] == [False, True, False]
    assert np.isfinite(track.clips[1].mel).all()
    assert track.remarks[0].reason.startswith("1 of its 3 clips are silent")


def test_a_quiet_clip_is_not_a_silent_one(tmp_path: Path) -> None:
    assert not as_track(write_sound(tmp_path / "a.wav", tone(15.0, level=0.002))).clips[0].is_silent


def test_stereo_stays_stereo_and_six_channels_become_one_without_clipping(tmp_path: Path) -> None:
    stereo = as_track(write_sound(tmp_path / "two.flac", tone(15.0, channels=2), form="FLAC"))
    surround = as_track(write_sound(tmp_path / "six.flac", tone(15.0, channels=6, level=0.99), form="FLAC"))
    assert stereo.track.channels == 2
    assert heard(stereo.clips[0].audio)[0].shape[1] == 2
    assert surround.track.channels == 6
    samples = heard(surround.clips[0].audio)[0]
    assert samples.shape[1] == 1
    assert abs(int(samples.max()) - round(0.99 * 32_768)) < 40


@pytest.mark.parametrize(("rate", "delivered"), [(96_000, 48_000), (88_200, 44_100), (8_000, 8_000), (50_000, 48_000)])
def test_a_clip_is_fifteen_seconds_at_a_rate_that_browsers_play(tmp_path: Path, rate: int, delivered: int) -> None:
    track = as_track(write_sound(tmp_path / "a.wav", tone(15.0, rate=rate), rate=rate))
    samples, got = heard(track.clips[0].audio)
    assert (got, len(samples)) == (delivered, 15 * delivered)
    assert track.clips[0].clip.stop_frame == 15 * rate


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 47_999])
def test_the_mel_hears_the_same_tone_at_any_source_rate(tmp_path: Path, rate: int) -> None:
    (clip,) = as_track(write_sound(tmp_path / "a.wav", tone(15.0, rate=rate, hz=1_000.0), rate=rate)).clips
    assert clip.mel.shape == (128, 469)
    assert int(clip.mel[:, 100].argmax()) == 44
    # A Hann window of 1,024 lifts a sine of level 0.5 to a power of (0.5 * 512 / 2) ** 2 at its bin: 4.2 in log10.
    assert float(clip.mel[44, 100]) == pytest.approx(4.2, abs=0.25)


def test_the_waveform_has_the_extremes_of_all_channels_in_each_of_600_bins() -> None:
    samples = np.zeros((6_001, 2), dtype=np.float32)
    samples[0] = (0.5, -1.0)
    samples[6_000] = (1.4, -0.25)
    peaks = waveform_peaks(samples)
    assert len(peaks) == 1_200
    assert peaks[:4] == [-127, 64, 0, 0]
    assert peaks[-2:] == [-32, 127]
    assert all(type(value) is int for value in peaks)


def test_downmixing_is_the_mean() -> None:
    samples = np.random.default_rng(1).normal(size=(1_000, 6)).astype(np.float32)
    np.testing.assert_allclose(downmixed(samples), samples.mean(axis=1), atol=1e-6)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        (Limits(max_seconds=20.0), "too_long"),
        (Limits(max_channels=1), "channels"),
        (Limits(min_sample_rate=9_000), "sample_rate"),
        (Limits(max_sound_bytes=1_000), "too_many_bytes"),
    ],
)
def test_limits_are_kept(tmp_path: Path, limits: Limits, code: str) -> None:
    assert rejection(write_sound(tmp_path / "a.wav", tone(21.0, channels=2)), limits).code == code


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        (b"just some words, nothing else\n" * 40, "text", "neither an image nor an audio stream"),
        (b"<!DOCTYPE html><html><h1>404</h1></html>", "web_page", "web page"),
        (b"%PDF-1.7 ...", "unsupported", "PDF"),
        (b"PK\x03\x04" + bytes(60), "unsupported", "zip archive"),
        (b"\0\0\0\x20ftypM4A " + bytes(60), "unsupported", "M4A"),
        (b"\0\0\0\x20ftypheic" + bytes(60), "unsupported", "HEIC"),
        (bytes(range(256)) * 20, "unknown", "neither a picture nor a sound"),
        (b"OggS" + bytes(200), "undecodable", "cannot open this OGG"),
        (b"ID3\x04\0\0\0\0\0\x05hello" + bytes(500), "no_audio", "no audio stream"),
        (b"", "empty", "empty"),
    ],
)
def test_what_is_no_sound_or_picture_is_named(tmp_path: Path, data: bytes, code: str, words: str) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(data)
    refused = rejection(path)
    assert refused.code == code
    assert words in refused.reason
    assert refused.hint


def test_a_stretch_is_cut_from_its_second_on_and_ends_when_it_has_its_clips(tmp_path: Path) -> None:
    rate = 11_025
    source = counting(round(47.3 * rate))
    path = write_sound(tmp_path / "a.wav", source, rate=rate)
    track = process(Candidate(path, path.name), limits=Limits(), stretch=Stretch(1.5, 2))
    assert isinstance(track, CheckedTrack)
    assert track.remarks == ()  # that the rest was left undecoded is no fault of the file
    assert len(track.clips) == 2
    for index, checked in enumerate(track.clips):
        start = round(1.5 * rate) + index * 15 * rate
        np.testing.assert_array_equal(heard(checked.audio)[0], source[start : start + 15 * rate])


def test_a_stretch_that_begins_too_late_says_so(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.wav", tone(20))
    with pytest.raises(Rejected, match="cut from it from second 7 on") as caught:
        process(Candidate(path, path.name), limits=Limits(), stretch=Stretch(7.0))
    assert caught.value.hint == "Begin earlier."
