"""Log-mel spectrogram of a clip, in numpy: what the model hears.

The paper gives 16 kHz mono, 15 s, FFT 1024, hop 512, 128 bands, and 128 x 469 values. What it leaves open is fixed here
to torchaudio's defaults, the most likely reading: periodic Hann window, frames centred with reflected ends, power
spectrum, triangular filters on the HTK mel scale from 0 to 8,000 Hz without area normalisation.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

SAMPLE_RATE: Final = 16_000
CLIP_SAMPLES: Final = 240_000
FFT_SIZE: Final = 1024
HOP: Final = 512
BANDS: Final = 128
FRAMES: Final = 1 + CLIP_SAMPLES // HOP
MEL_SHAPE: Final = (BANDS, FRAMES)
POWER_FLOOR: Final = 1e-10


def log_mel(samples_16k: npt.NDArray[np.float32]) -> npt.NDArray[np.float16]:
    """Return the log-mel of one 15-second clip: float16, (128 bands, 469 frames), log10 of power clamped at 1e-10.

    `samples_16k` is mono at 16 kHz, shape (240000,), full scale +-1. Digital silence gives -10 everywhere. The sums run
    in float64, so that quiet bands beside loud ones do not drown in rounding. Errors: ValueError for another length,
    and for samples that are not finite.
    """
    if samples_16k.shape != (CLIP_SAMPLES,):
        raise ValueError(f"A clip is {CLIP_SAMPLES} samples of 16 kHz mono sound; got an array of {samples_16k.shape}.")
    if not np.isfinite(samples_16k).all():
        raise ValueError("The clip holds samples that are not finite numbers.")
    padded = np.pad(samples_16k.astype(np.float64), FFT_SIZE // 2, mode="reflect")
    frames_TN = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[::HOP]
    spectrum_TK = np.fft.rfft(frames_TN * _hann())
    power_KT = np.ascontiguousarray((spectrum_TK.real**2 + spectrum_TK.imag**2).T)
    # Plain sums over each band's few bins: as fast as a matrix product, the same on every machine, and no BLAS threads
    # that fight for the cores when several processes ingest.
    mel_BT = np.stack([(weights[:, None] * power_KT[bins]).sum(axis=0) for bins, weights in _bands()])
    log_BT: npt.NDArray[np.float64] = np.log10(np.maximum(mel_BT, POWER_FLOOR))
    return log_BT.astype(np.float16)


@cache
def _hann() -> npt.NDArray[np.float64]:
    """The periodic Hann window, (1024,)."""
    return 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(FFT_SIZE) / FFT_SIZE)


@cache
def _bands() -> list[tuple[slice, npt.NDArray[np.float64]]]:
    """Each band's bins and their weights, without the zeros around them."""
    bands = []
    for weights in filters():
        inside = np.flatnonzero(weights)
        bins = slice(int(inside[0]), int(inside[-1]) + 1)
        bands.append((bins, weights[bins]))
    return bands


def filters() -> npt.NDArray[np.float64]:
    """Triangular filters (128 bands, 513 bins), corners evenly spaced on the HTK scale, peaks at 1."""
    nyquist = SAMPLE_RATE / 2
    bins_hz = np.linspace(0.0, nyquist, FFT_SIZE // 2 + 1)
    corners_hz = _htk_to_hz(np.linspace(0.0, _hz_to_htk(nyquist), BANDS + 2))
    low, centre, high = corners_hz[:-2, None], corners_hz[1:-1, None], corners_hz[2:, None]
    rising = (bins_hz - low) / (centre - low)
    falling = (high - bins_hz) / (high - centre)
    return np.maximum(0.0, np.minimum(rising, falling))


def _hz_to_htk(hz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hz / 700.0))


def _htk_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
