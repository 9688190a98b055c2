"""The latent qualities that a synthetic painting and a synthetic clip have in common.

Each quality is a number in [0, 1] that both arts can show: the painter and the composer read the same six numbers,
so that two works with close latents look and sound related.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Self

import numpy as np

from mpd_builder.synthetic.arrays import Floats

QUALITIES = ("energy", "brightness", "warmth", "tension", "density", "regularity")
_DECIMALS = 4
_CHARACTER = 0.5  # share of the arcsine law in the marginal: 0 is uniform, 1 is nearly all extremes


@dataclass(frozen=True, slots=True)
class Latents:
    """Six qualities in [0, 1]; `ValueError` outside.

    energy: stillness to motion (gesture, diagonals; tempo, loudness). brightness: dark to light (lightness; register,
    treble, mode). warmth: cool to warm (hue; timbre). tension: smooth to jagged (contours, contrast; dissonance,
    articulation). density: sparse to full (marks; notes and layers). regularity: free to ordered (grid; pulse).
    """

    energy: float
    brightness: float
    warmth: float
    tension: float
    density: float
    regularity: float

    def __post_init__(self) -> None:
        for name, value in self.as_dict().items():
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"the latent quality {name} is {value}: it must lie between 0 and 1")

    def as_dict(self) -> dict[str, float]:
        return asdict(self)

    def as_array(self) -> Floats:
        """The qualities in the order of `QUALITIES`, float64 of shape (6,)."""
        return np.array([getattr(self, name) for name in QUALITIES])

    @classmethod
    def from_array(cls, values: Floats) -> Self:
        """Latents from six numbers in the order of `QUALITIES`, clipped to [0, 1] and kept to four decimals."""
        if np.shape(values) != (len(QUALITIES),):
            raise ValueError(f"expected {len(QUALITIES)} qualities, got an array of shape {np.shape(values)}")
        return cls(*(round(float(value), _DECIMALS) for value in np.clip(values, 0.0, 1.0)))

    @classmethod
    def from_mapping(cls, values: Mapping[str, float]) -> Self:
        """Latents from names and numbers; `ValueError` names what is missing or unknown."""
        wanted, given = {item.name for item in fields(cls)}, set(values)
        if wanted != given:
            raise ValueError(f"latents need exactly {', '.join(QUALITIES)}; differing: {sorted(wanted ^ given)}")
        return cls(**{name: float(values[name]) for name in QUALITIES})


def spread(count: int, rng: np.random.Generator) -> list[Latents]:
    """`count` latents that cover every quality evenly, however few they are (a Latin hypercube).

    The marginal leans gently to both ends, since works with a pronounced character are easier to tell apart.
    """
    if count < 0:
        raise ValueError(f"cannot make {count} latents")
    strata = np.stack([rng.permutation(count) for _ in QUALITIES], axis=1) if count else np.zeros((0, len(QUALITIES)))
    uniform = (strata + rng.random(strata.shape)) / max(count, 1)
    values = (1 - _CHARACTER) * uniform + _CHARACTER * (0.5 - 0.5 * np.cos(np.pi * uniform))
    return [Latents.from_array(row) for row in values]


def drift(origin: Latents, rng: np.random.Generator, *, amount: float) -> Latents:
    """Latents near `origin`: each quality moves by a normal step of standard deviation `amount`."""
    return Latents.from_array(origin.as_array() + rng.normal(0.0, amount, len(QUALITIES)))
