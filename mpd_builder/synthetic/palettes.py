"""Palettes from latent qualities, mixed in OKLab so that steps look even and mixtures stay clean.

OKLab and its matrices: Bjorn Ottosson, "A perceptual color space for image processing" (2020).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.latents import Latents

_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_TO_LINEAR = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
_COOL_HUE = 252.0  # degrees in OKLCH: a blue between cobalt and Prussian
_WARM_HUE = 48.0  # an orange red


@dataclass(frozen=True)
class Palette:
    """Colours of one painting, as sRGB in 0..255.

    Shapes: `ground` (3, 3), `masses` (4, 3), `marks` (5, 3); `accent`, `dark` and `light` (3,).
    """

    ground: Floats
    masses: Floats
    marks: Floats
    accent: Floats
    dark: Floats
    light: Floats


def palette(latents: Latents, rng: np.random.Generator) -> Palette:
    """Warmth turns the hue, brightness lifts all values, energy saturates, tension opens the contrast."""
    hue = _hue(latents.warmth, rng)
    level = 0.31 + 0.49 * latents.brightness
    chroma = 0.045 + 0.075 * latents.energy + 0.025 * latents.tension + 0.02 * abs(2 * latents.warmth - 1)
    spread = 0.07 + 0.12 * latents.tension + 0.04 * latents.energy + 0.03 * (1 - latents.brightness)
    fan = 14 + 20 * latents.density + 14 * rng.random()
    # At neither warm nor cool, both sides of the wheel meet at half strength.
    balance = 1 - abs(2 * latents.warmth - 1)
    opposite = hue + 180 + rng.normal(0, 18)

    ground_level = np.clip(
        level + (0.14 if latents.brightness > 0.42 else -0.10) * (1 - 0.3 * latents.tension), 0.13, 0.96
    )
    ground = [(ground_level + step, chroma * 0.42, hue + turn) for step, turn in ((0, 0), (0.035, 14), (-0.045, -16))]
    masses = [
        (level + spread * step, chroma * (0.85 + 0.25 * rng.random()), hue + fan * turn)
        for step, turn in ((0.2, -1.0), (-0.75, -0.3), (0.75, 0.45), (-0.1, 1.2))
    ]
    marks = [
        (level + spread * step, chroma * (0.95 + 0.4 * rng.random()), hue + fan * turn)
        for step, turn in ((1.35, 0.2), (-1.3, -0.5), (0.5, -1.5), (-0.4, 1.0), (0.0, 1.7))
    ]
    if balance > 0.25:
        masses[3] = (level - 0.3 * spread, chroma * balance, opposite)
        marks[4] = (level + 0.5 * spread, chroma * balance, opposite + 15)
    accent_hue = opposite if latents.tension > 0.45 else hue + 70 * (1 if rng.random() < 0.5 else -1)
    accent = (np.clip(level + 0.16, 0.42, 0.86), chroma * 1.35 + 0.02, accent_hue)
    dark = (0.15 + 0.22 * latents.brightness * (1 - latents.tension) + 0.02, chroma * 0.5, hue + 200 * balance)
    light = (np.clip(0.72 + 0.26 * latents.brightness + 0.1 * latents.tension, 0, 0.975), chroma * 0.28, hue + 10)
    return Palette(
        ground=_rgb(ground),
        masses=_rgb(masses),
        marks=_rgb(marks),
        accent=_rgb([accent])[0],
        dark=_rgb([dark])[0],
        light=_rgb([light])[0],
    )


def _hue(warmth: float, rng: np.random.Generator) -> float:
    """From cool blue to warm orange, by way of green or of violet; the seed takes the way."""
    warm = _WARM_HUE + rng.normal(0, 13)
    cool = _COOL_HUE + rng.normal(0, 20)
    by_green = rng.random() < 0.45
    if not by_green:
        warm += 360  # 252 -> 330 -> 408
    # The step in the middle is steep: greens and violets say neither warm nor cool.
    eased = 0.5 - 0.5 * np.cos(np.pi * warmth)
    return float((1 - eased) * cool + eased * warm)


def _rgb(lch: list[tuple[float, float, float]]) -> Floats:
    """sRGB in 0..255 of colours given as OKLCH; chroma yields where the gamut ends."""
    return np.array([_fit(*colour) for colour in lch])


def _fit(level: float, chroma: float, hue: float) -> Floats:
    level = float(np.clip(level, 0.08, 0.98))
    for _ in range(12):
        linear = _linear(level, chroma, hue)
        if linear.min() >= -0.002 and linear.max() <= 1.002:
            break
        chroma *= 0.86
    linear = np.clip(linear, 0.0, 1.0)
    return np.asarray(255 * np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def _linear(level: float, chroma: float, hue: float) -> Floats:
    angle = np.deg2rad(hue)
    lab = np.array([level, chroma * np.cos(angle), chroma * np.sin(angle)])
    return np.asarray(_TO_LINEAR @ (_TO_LMS @ lab) ** 3)


def mix(first: Floats, second: Floats, share: float) -> Floats:
    """`share` of the second colour in the first: a wet mixture on the canvas, near enough in sRGB."""
    return np.asarray(first * (1 - share) + second * share)
