"""The log-mel against torch.stft with a filterbank made by hand, and against cases known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from mpd_builder.mel import BANDS, CLIP_SAMPLES, FFT_SIZE, HOP, MEL_SHAPE, SAMPLE_RATE, filters, log_mel


def triangles_by_hand() -> np.ndarray:
    """HTK triangles, bin by bin, straight from mel = 2595 log10(1 + f / 700)."""

    def hz(mel: float) -> float:
        return 700.0 * (math.pow(10.0, mel / 2595.0) - 1.0)

    top = 2595.0 * math.log10(1.0 + SAMPLE_RATE / 2 / 700.0)
    corners = [hz(top * i / (BANDS + 1)) for i in range(BANDS + 2)]
    weights = np.zeros((BANDS, FFT_SIZE // 2 + 1))
    for band in range(BANDS):
        left, middle, right = corners[band : band + 3]
        for k in range(FFT_SIZE // 2 + 1):
            f = k * SAMPLE_RATE / FFT_SIZE
            if left < f <= middle:
                weights[band, k] = (f - left) / (middle - left)
            elif middle < f < right:
                weights[band, k] = (right - f) / (right - middle)
    return weights


def by_torch(samples: np.ndarray) -> np.ndarray:
    spectrum = torch.stft(
        torch.from_numpy(samples).double(),
        n_fft=FFT_SIZE,
        hop_length=HOP,
        window=torch.hann_window(FFT_SIZE, periodic=True, dtype=torch.float64),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )
    power = spectrum.abs().square().numpy()
    return np.asarray(np.log10(np.clip(triangles_by_hand() @ power, 1e-10, None)))


def music() -> np.ndarray:
    """Decaying chords over a little noise, with a silent stretch."""
    rng = np.random.default_rng(7)
    times = np.arange(CLIP_SAMPLES) / SAMPLE_RATE
    chords = sum(np.sin(2 * np.pi * f * times) * np.exp(-(times % 1.5)) for f in (110.0, 277.2, 659.3, 2217.5))
    samples = 0.2 * np.asarray(chords) + 0.001 * rng.normal(size=CLIP_SAMPLES)
    samples[100_000:120_000] = 0.0
    return samples.astype(np.float32)


def test_it_equals_torch_stft_with_triangles_by_hand_to_half_precision() -> None:
    samples = music()
    np.testing.assert_array_equal(log_mel(samples), by_torch(samples).astype(np.float16))


def test_every_band_hears_something() -> None:
    assert filters().shape == (BANDS, FFT_SIZE // 2 + 1)
    assert (filters().max(axis=1) > 0).all()


def test_silence_is_the_floor_everywhere_and_finite() -> None:
    mel = log_mel(np.zeros(CLIP_SAMPLES, dtype=np.float32))
    assert mel.shape == MEL_SHAPE == (128, 469)
    assert mel.dtype == np.float16
    assert (mel == np.float16(-10)).all()


@pytest.mark.parametrize(("hz", "band"), [(440.0, 24), (1_000.0, 44), (4_000.0, 96)])
def test_a_sine_peaks_in_the_band_that_holds_its_frequency(hz: float, band: int) -> None:
    # mel(440) = 549.6, mel(1000) = 1000.0, mel(4000) = 2146.1; bands are 2840.0 / 129 = 22.016 mel apart, the first
    # centre at one step: (549.6, 1000.0, 2146.1) / 22.016 = (24.97, 45.42, 97.48), less one for counting from 0.
    samples = np.sin(2 * np.pi * hz * np.arange(CLIP_SAMPLES) / SAMPLE_RATE).astype(np.float32)
    assert int(log_mel(samples)[:, 200].argmax()) == band


def test_ten_times_the_level_is_two_more() -> None:
    quiet = (0.01 * music()).astype(np.float32)
    loud = (0.1 * music()).astype(np.float32)
    above_floor = log_mel(quiet) > -7
    difference = log_mel(loud)[above_floor].astype(float) - log_mel(quiet)[above_floor].astype(float)
    np.testing.assert_allclose(difference, 2.0, atol=0.01)


def test_another_length_is_refused_in_words() -> None:
    with pytest.raises(ValueError, match="240000 samples"):
        log_mel(np.zeros(239_999, dtype=np.float32))


def test_samples_that_are_no_numbers_are_refused() -> None:
    samples = music()
    samples[5] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        log_mel(samples)
