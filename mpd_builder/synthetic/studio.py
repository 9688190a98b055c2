"""What every composition works with: the canvas, the latents, the palette, and the gestures that they shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.canvas import Canvas
from mpd_builder.synthetic.latents import Latents
from mpd_builder.synthetic.palettes import Palette, mix


@dataclass(frozen=True)
class Studio:
    """One painting in the making. `lean` is the angle (radians) along which it moves: level when calm, else steep."""

    canvas: Canvas
    latents: Latents
    palette: Palette
    rng: np.random.Generator
    lean: float

    def count(self, few: float, many: float) -> int:
        """How many of something, by density; the step is geometric, as the eye counts."""
        return max(1, round(few * float((many / few) ** self.latents.density)))

    def px(self, share: float) -> float:
        """A length, as a share of the picture's size."""
        return share * self.canvas.size

    def mass(self) -> Floats:
        """A colour for a large form."""
        return self._near(self.palette.masses[self.rng.integers(len(self.palette.masses))])

    def mark(self) -> Floats:
        """A colour for a small form; now and then the accent, the dark or the light."""
        roll = self.rng.random()
        if roll < 0.07 + 0.05 * self.latents.tension:
            return self._near(self.palette.accent)
        if roll < 0.15 + 0.12 * self.latents.tension:
            return self._near(self.palette.dark if self.rng.random() < 0.5 else self.palette.light)
        return self._near(self.palette.marks[self.rng.integers(len(self.palette.marks))])

    def _near(self, colour: Floats) -> Floats:
        return mix(colour, self.palette.masses[self.rng.integers(len(self.palette.masses))], 0.14 * self.rng.random())

    def gesture(
        self, x: float, y: float, angle: float, length: float, *, bend: float = 0.2, samples: int = 14
    ) -> Floats:
        """A path through (x, y): curved where the painting is smooth, broken where it is tense. Shape (samples, 2)."""
        tension, rng = self.latents.tension, self.rng
        along = np.linspace(-0.5, 0.5, samples)
        across = bend * rng.normal(0, 1) * (0.25 - along**2) * 2 + bend * rng.normal(0, 0.5) * np.sin(2 * np.pi * along)
        if tension > 0.5:
            knots = np.cumsum(rng.normal(0, 0.16 * (tension - 0.4), 5))
            across = across * 0.4 + np.interp(along, np.linspace(-0.5, 0.5, 5), knots - knots.mean())
        direction = np.array([np.cos(angle), np.sin(angle)])
        normal = np.array([-direction[1], direction[0]])
        return np.asarray(np.array([x, y]) + length * (along[:, None] * direction + across[:, None] * normal))

    def scumble(self, colours: Floats, *, width: float, count: int, angle: float) -> None:
        """Broad, thin strokes over the whole ground, so that no part of the canvas is dead."""
        canvas, rng = self.canvas, self.rng
        for _ in range(count):
            colour = colours[rng.integers(len(colours))] * (1 + rng.normal(0, 0.03))
            path = self.gesture(
                rng.random() * canvas.width,
                rng.random() * canvas.height,
                angle + rng.normal(0, 0.12 + 0.5 * self.latents.energy * (1 - self.latents.regularity)),
                self.px(0.25 + 0.3 * rng.random()),
                bend=0.08,
            )
            canvas.stroke(path, width * (0.6 + 0.8 * rng.random()), colour, dry=0.35 + 0.4 * rng.random(), body=0.4)

    def splatter(self, x: float, y: float, *, reach: float, count: int, colour: Floats) -> None:
        """Drops thrown from (x, y) along the lean: many small, few large."""
        rng = self.rng
        distance = reach * rng.random(count) ** 0.7
        angle = self.lean + rng.normal(0, 0.9, count)
        radius = self.px(0.0016) * (1 + rng.pareto(2.2, count)).clip(0, 6)
        for d, a, r in zip(distance, angle, radius, strict=True):
            self.canvas.disc(x + d * np.cos(a), y + d * np.sin(a), r, colour, body=0.9)

    def places(self, count: int, *, margin: float = 0.0) -> Floats:
        """About `count` points: on a grid when regular, scattered when free. Shape (n, 2), in reading order."""
        width, height = self.canvas.width, self.canvas.height
        columns = max(1, round(np.sqrt(count * width / height)))
        rows = max(1, round(count / columns))
        x, y = np.meshgrid((np.arange(columns) + 0.5) / columns, (np.arange(rows) + 0.5) / rows)
        grid = np.column_stack([x.ravel(), y.ravel()])
        loose = (1 - self.latents.regularity) ** 1.3
        jitter = self.rng.uniform(-0.75, 0.75, grid.shape) * loose / np.array([columns, rows]) * 1.6
        inner = margin + (grid + jitter) * (1 - 2 * margin)
        return np.asarray(inner * np.array([width, height]))
