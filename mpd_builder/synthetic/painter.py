"""Paints an abstract picture from latent qualities.

A composition is chosen by where the latents lie among fifteen prototypes; within it, every quality goes on shaping
the picture, so that neighbours in latent space look like neighbours on a wall.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from mpd_builder.synthetic import free, ordered
from mpd_builder.synthetic.canvas import Canvas
from mpd_builder.synthetic.latents import Latents
from mpd_builder.synthetic.palettes import palette
from mpd_builder.synthetic.studio import Studio

LONGEST_SIDE = 900
_ASPECTS = ((1, 1), (5, 4), (4, 5), (4, 3), (3, 4), (3, 2), (2, 3), (16, 10), (2, 1))


@dataclass(frozen=True)
class Composition:
    """A way to paint, and where in (energy, tension, density, regularity) it is most at home."""

    name: str
    paint: Callable[[Studio], None]
    home: tuple[float, float, float, float]


COMPOSITIONS = (
    Composition("colour field", ordered.colour_field, (0.10, 0.15, 0.15, 0.80)),
    Composition("quilt", ordered.quilt, (0.40, 0.25, 0.75, 0.95)),
    Composition("strata", ordered.strata, (0.25, 0.35, 0.45, 0.60)),
    Composition("orbits", ordered.orbits, (0.70, 0.10, 0.55, 0.75)),
    Composition("ribbons", ordered.ribbons, (0.85, 0.15, 0.30, 0.70)),
    Composition("lattice", ordered.lattice, (0.20, 0.80, 0.70, 0.95)),
    Composition("facets", ordered.facets, (0.60, 0.85, 0.75, 0.65)),
    Composition("construction", ordered.construction, (0.65, 0.75, 0.20, 0.75)),
    Composition("current", free.current, (0.60, 0.15, 0.85, 0.40)),
    Composition("action", free.action, (0.90, 0.45, 0.65, 0.12)),
    Composition("bloom", free.bloom, (0.20, 0.10, 0.35, 0.15)),
    Composition("gesture", free.gesture, (0.85, 0.65, 0.15, 0.15)),
    Composition("thicket", free.thicket, (0.75, 0.95, 0.85, 0.15)),
    Composition("fissure", free.fissure, (0.15, 0.85, 0.35, 0.25)),
    Composition("pebbles", free.pebbles, (0.20, 0.20, 0.85, 0.20)),
)


def composition_of(latents: Latents, rng: np.random.Generator) -> Composition:
    """The composition nearest to the latents; chance decides between near ones."""
    here = np.array([latents.energy, latents.tension, latents.density, latents.regularity])
    distances = [float(np.sum((here - np.array(item.home)) ** 2)) for item in COMPOSITIONS]
    return COMPOSITIONS[int(np.argmin(np.array(distances) - 0.04 * rng.gumbel(size=len(distances))))]


def paint(latents: Latents, *, seed: int) -> tuple[Image.Image, str]:
    """A painting (RGB, longest side 900 pixels) and the name of its composition. Same arguments, same pixels."""
    rng = np.random.default_rng(seed)
    wide, tall = _ASPECTS[rng.integers(len(_ASPECTS))]
    scale = LONGEST_SIDE / max(wide, tall)
    composition = composition_of(latents, rng)
    colours = palette(latents, rng)
    canvas = Canvas(round(wide * scale), round(tall * scale), colours.ground, rng)
    # Calm lies level; energy climbs, to either side.
    lean = float(rng.choice([-1, 1]) * (0.05 + 0.95 * latents.energy) * (0.75 + 0.25 * rng.random()) * np.pi / 3.4)
    composition.paint(Studio(canvas=canvas, latents=latents, palette=colours, rng=rng, lean=lean))
    return canvas.finished(relief=0.7 + 0.6 * latents.tension), composition.name
