"""How loud a clip is played. Gains are decided here and nowhere else, so that site, browser and snapshot agree.

Loudness is integrated loudness in LUFS, peaks are true peaks in dBTP (ITU-R BS.1770, EBU R 128).
"""

from __future__ import annotations

import math

PEAK_CEILING_DBTP = -1.0
"""No gain lifts a clip's true peak above this (EBU R 128's maximum permitted level)."""
_STEPS_PER_DB = 100


def gain_db(*, target_lufs: float | None, loudness_lufs: float | None, true_peak_dbtp: float | None) -> float:
    """The gain in dB, in steps of 0.01, that brings a clip to the target, its true peak at most -1 dBTP.

    0 without a target, and for a clip whose loudness is not known: that one is played as it is. Where only the peak is
    not known, a clip may be made softer but not louder.
    """
    if target_lufs is None or loudness_lufs is None:
        return 0.0
    wanted = round((target_lufs - loudness_lufs) * _STEPS_PER_DB) / _STEPS_PER_DB
    headroom = 0.0 if true_peak_dbtp is None else PEAK_CEILING_DBTP - true_peak_dbtp
    # Down to the step below: rounding must not lift a peak over the ceiling.
    return min(wanted, math.floor(headroom * _STEPS_PER_DB) / _STEPS_PER_DB)


def is_held_back(*, target_lufs: float | None, loudness_lufs: float | None, true_peak_dbtp: float | None) -> bool:
    """Whether a clip stays softer than the target because its peak leaves no more room."""
    if target_lufs is None or loudness_lufs is None:
        return False
    gain = gain_db(target_lufs=target_lufs, loudness_lufs=loudness_lufs, true_peak_dbtp=true_peak_dbtp)
    return loudness_lufs + gain < target_lufs - 1.0 / _STEPS_PER_DB
