"""Loudness and true peak, against the standard's own cases and an independent implementation."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import soxr

from mpd_builder.ingest.loudness import Loudness, k_weighted, measure, true_peak
from tests.mpd_builder.media_files import as_track, tone, write_sound

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pyloudnorm  # type: ignore[import-untyped]

RATE = 48_000


def level(dbfs: float) -> float:
    return float(10.0 ** (dbfs / 20.0))


def sines(*parts: tuple[float, float], rate: int = RATE, channels: int = 2) -> np.ndarray:
    """1 kHz sines one after another: (seconds, dBFS of the peak)."""
    return np.concatenate(
        [tone(seconds, rate=rate, channels=channels, level=level(dbfs), hz=1000.0) for seconds, dbfs in parts]
    )


def music_like(rate: int, channels: int, seconds: float = 15.0) -> np.ndarray:
    """Noise that swells and falls, with 3 s that the relative gate leaves out."""
    rng = np.random.default_rng(rate + channels)
    frames = round(seconds * rate)
    swell = 0.05 + 0.1 * np.abs(np.sin(np.arange(frames) / rate))
    swell[: 3 * rate] *= 0.02
    return (rng.standard_normal((frames, channels)) * swell[:, None]).astype(np.float32)


# EBU Tech 3341, table 1: the minimum requirements' test signals 1 to 6, all to +-0.1 LU.
@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        pytest.param([(20, -23)], -23.0, id="1"),
        pytest.param([(20, -33)], -33.0, id="2"),
        pytest.param([(10, -36), (60, -23), (10, -36)], -23.0, id="3"),
        pytest.param([(10, -72), (10, -36), (60, -23), (10, -36), (10, -72)], -23.0, id="4"),
        pytest.param([(20, -26), (20.1, -20), (20, -26)], -23.0, id="5"),
    ],
)
def test_the_sines_of_ebu_3341_measure_as_it_says(parts: list[tuple[float, float]], expected: float) -> None:
    assert measure(sines(*parts), RATE).integrated_lufs == pytest.approx(expected, abs=0.1)


def test_five_channels_weigh_as_ebu_3341_says_and_the_low_frequency_channel_not_at_all() -> None:
    left, centre, surround = (sines((20, dbfs), channels=1)[:, 0] for dbfs in (-28, -24, -30))
    loud = sines((20, -3), channels=1)[:, 0]
    for low_frequencies in (np.zeros_like(loud), loud):
        samples = np.stack([left, left, centre, low_frequencies, surround, surround], axis=1)
        assert measure(samples, RATE).integrated_lufs == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(
    ("rate", "channels"), [(44_100, 2), (48_000, 5), (8_000, 1), (4_000, 1), (22_050, 1), (96_000, 2)]
)
def test_it_agrees_with_pyloudnorm(rate: int, channels: int) -> None:
    samples = music_like(rate, channels)
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")  # the standard's filters at any rate
    oracle = meter.integrated_loudness(samples.astype(np.float64))
    assert measure(samples, rate).integrated_lufs == pytest.approx(oracle, abs=0.011)


def test_a_rate_that_tenths_of_a_second_do_not_divide_is_measured_too() -> None:
    samples = music_like(11_025, 2)
    meter = pyloudnorm.Meter(11_025, filter_class="DeMan")
    assert measure(samples, 11_025).integrated_lufs == pytest.approx(
        meter.integrated_loudness(samples.astype(np.float64)), abs=0.02
    )


def test_the_filters_are_those_that_the_standard_tabulates_for_48_khz() -> None:
    impulse = np.zeros(400, dtype=np.float32)
    impulse[0] = 1.0
    b1 = [1.53512485958697, -2.69169618940638, 1.19839281085285]
    a1 = [1.0, -1.69065929318241, 0.73248077421585]
    b2, a2 = [1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621]
    expected = impulse.astype(np.float64)
    for b, a in ((b1, a1), (b2, a2)):
        out = np.zeros_like(expected)
        for n in range(len(out)):
            out[n] = sum(b[k] * expected[n - k] for k in range(3) if n >= k)
            out[n] -= sum(a[k] * out[n - k] for k in (1, 2) if n >= k)
        expected = out
    assert np.abs(k_weighted(impulse, 48_000) - expected).max() < 1e-6


def test_silence_has_no_loudness_and_what_the_gates_leave_out_has_only_a_peak() -> None:
    assert measure(np.zeros((RATE, 2), np.float32), RATE) == Loudness(None, None)
    faint = measure(sines((2, -90)), RATE)
    assert faint.integrated_lufs is None
    assert faint.true_peak_dbtp == pytest.approx(-90, abs=0.3)


# EBU Tech 3341, test signals 15 to 19: what lies between the samples, to +0.2 and -0.4 dB.
@pytest.mark.parametrize(
    ("divisor", "degrees"), [(4, 0.0), (4, 45.0), (6, 60.0), (8, 67.5)], ids=["15", "16", "17", "18"]
)
def test_a_sine_peaks_between_its_samples(divisor: int, degrees: float) -> None:
    times = np.arange(RATE)
    ramp = np.minimum(1.0, np.minimum(times, times[::-1]) / 500.0)
    wave = 0.5 * np.sin(2 * np.pi * times / divisor + np.radians(degrees)) * ramp
    assert -0.4 <= 20 * np.log10(true_peak(wave.astype(np.float32)) / 0.5) <= 0.2


def test_the_true_peak_is_that_of_a_far_better_resampler() -> None:
    samples = soxr.resample(music_like(22_050, 1, 5.0)[:, 0], 22_050, 44_100)  # nothing near half the rate, as in music
    oracle = np.abs(soxr.resample(samples, 44_100, 4 * 44_100, quality="VHQ")).max()
    assert 20 * np.log10(true_peak(samples) / oracle) == pytest.approx(0.0, abs=0.1)
    assert true_peak(samples) >= np.abs(samples).max()


def test_clips_carry_their_loudness(tmp_path: Path) -> None:
    samples = np.concatenate([sines((15, -20), rate=44_100), np.zeros((15 * 44_100, 2), np.float32)])
    loud, silent = as_track(write_sound(tmp_path / "a.wav", samples, rate=44_100)).clips
    assert loud.clip.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    assert loud.clip.true_peak_dbtp == pytest.approx(-20.0, abs=0.2)
    assert (silent.clip.loudness_lufs, silent.clip.true_peak_dbtp) == (None, None)
