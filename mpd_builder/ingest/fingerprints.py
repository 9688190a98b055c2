"""What is kept of a picture or a track to find its likes by: short codes that small changes leave almost as they are.

`mpd_builder.likeness` compares them. Whoever changes a number here makes the codes that are stored already useless.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

HASH_GRID: Final = 11
"""A picture's hash has 11 x 11 bits for steps to the right and as many for steps down: 242."""
HASH_DIGITS: Final = 64

LOWEST_BAND: Final = 18
N_BANDS: Final = 33
"""66 mel bands from 18 on, added up in twos: 33 from about 310 to 2,900 Hz, which also narrow-band copies keep."""
SMOOTHED_FRAMES: Final = 12
STEP_FRAMES: Final = 8
"""Energies are means over 0.38 s, so that copies need not be cut at the same places, and compared over 0.26 s."""

_STILL: Final = 1e-4
_FLOOR: Final = 1e-9


def difference_hash(model_input: npt.NDArray[np.uint8]) -> str:
    """A 242-bit difference hash (dHash) of a picture's uint8 (256, 256, 3) model input, as 64 hex digits.

    Bits say whether a cell of the grey picture is darker than its right neighbour (11 rows of 12 cells), then whether
    than the one below (12 rows of 11). The last 14 bits are zero.
    """
    grey = Image.fromarray(model_input).convert("L").convert("F")
    across = np.asarray(grey.resize((HASH_GRID + 1, HASH_GRID), Image.Resampling.BOX))
    down = np.asarray(grey.resize((HASH_GRID, HASH_GRID + 1), Image.Resampling.BOX))
    bits = np.zeros(HASH_DIGITS * 4, dtype=np.bool_)
    bits[: HASH_GRID**2] = (across[:, 1:] > across[:, :-1]).ravel()
    bits[HASH_GRID**2 : 2 * HASH_GRID**2] = (down[1:] > down[:-1]).ravel()
    return np.packbits(bits).tobytes().hex()


def track_fingerprint(mels: Sequence[npt.NDArray[np.float16]]) -> npt.NDArray[np.uint32]:
    """Sub-fingerprints of a track from its clips' log-mels, each float16 (128, 469): uint32 (449 + 469 x (clips - 1),).

    After Haitsma & Kalker (A highly robust audio fingerprinting system, ISMIR 2002): bit k of a word says whether the
    level of band k over band k + 1 has grown. 469 words are 15 s; where nothing changes, as in silence, a word is 0.
    """
    top = LOWEST_BAND + 2 * N_BANDS
    power_BT = np.concatenate([10.0 ** mel[LOWEST_BAND:top].astype(np.float32) for mel in mels], axis=1)
    summed_BT = np.cumsum(power_BT.reshape(N_BANDS, 2, -1).sum(axis=1), axis=1, dtype=np.float64)
    summed_BT = np.pad(summed_BT, ((0, 0), (1, 0)))
    smooth_BT = (summed_BT[:, SMOOTHED_FRAMES:] - summed_BT[:, :-SMOOTHED_FRAMES]) / SMOOTHED_FRAMES
    level_BT = np.log10(np.maximum(smooth_BT, _FLOOR))
    slope_BT = level_BT[:-1] - level_BT[1:]
    bits_BT = slope_BT[:, STEP_FRAMES:] - slope_BT[:, :-STEP_FRAMES] > _STILL
    packed = np.packbits(np.ascontiguousarray(bits_BT.T), axis=1, bitorder="little")
    return packed.view("<u4").ravel().astype(np.uint32)
