"""A canvas with paint on it: bristled strokes, filled shapes, glazes, drips, and the light that falls on the relief.

Everything is drawn at twice the size and reduced at the end. The picture has four channels: red, green, blue, and the
height of the paint, which every mark writes along with its colour; at the end a low light turns height into shading.
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from mpd_builder.synthetic.arrays import Floats

_SCALE = 2
Point = tuple[float, float]


class Canvas:
    """Width and height in pixels of the finished picture; all coordinates and sizes are in these pixels."""

    def __init__(self, width: int, height: int, ground: Floats, rng: np.random.Generator) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.size = math.sqrt(width * height)
        self._image = self._primed(ground)
        self._draw = ImageDraw.Draw(self._image)

    def _primed(self, ground: Floats) -> Image.Image:
        """The ground's three tones, clouded into each other."""
        columns, rows = max(3, self.width // 120), max(3, self.height // 120)
        weights = self.rng.random((rows, columns, 3)) ** 3 + 0.05
        weights /= weights.sum(axis=2, keepdims=True)
        tones = (weights @ ground).astype(np.uint8)
        picture = Image.fromarray(tones).resize((self.width * _SCALE, self.height * _SCALE), Image.Resampling.BICUBIC)
        picture.putalpha(96)
        return picture

    def stroke(self, path: Floats, width: float, colour: Floats, *, dry: float = 0.3, body: float = 1.0) -> None:
        """One stroke of a bristle brush along `path` (n, 2).

        dry: how ragged it is and how much ground it lets through, 0 to 1. body: how thick the paint lies, 0 to 1.
        """
        rng, length = self.rng, len(path)
        count = int(np.clip(width / 1.9, 3, 48))
        normals, along = _normals(path), np.arange(length) / (length - 1)
        pressure = (1 - (1 - np.minimum(1, along * 6)) ** 2 * 0.35) * (1 - np.maximum(0, along - 0.7) * 0.5)
        across = np.arange(count) / (count - 1) - 0.5 + rng.normal(0, 0.25 / count, count)
        points = path[None] + normals[None] * (across * width)[:, None, None] * pressure[None, :, None]
        if dry < 0.65:
            inner = normals * (0.4 * width * pressure)[:, None]
            inside = slice(1, -1) if length > 4 else slice(None)
            self.shape(np.concatenate([(path + inner)[inside], (path - inner)[inside][::-1]]), colour, body=0.3)
        points = (points * _SCALE).round(1).tolist()
        fills = self._bristles(count, colour, body * (1 - 0.3 * np.abs(across)))
        thickness = max(1, round(width / count * _SCALE * 1.35))
        first = (rng.random(count) ** 2 * dry * 0.16 * length).astype(int)
        last = length - (rng.random(count) ** 2 * dry * 0.6 * length).astype(int)
        skip = rng.random(count) < dry * 0.35
        for index in rng.permutation(count).tolist():
            line = points[index][first[index] : last[index]]
            if not skip[index] and len(line) > 1:
                self._draw.line([tuple(point) for point in line], fill=fills[index], width=thickness)

    def hatch(
        self, corners: Floats, colour: Floats, *, angle: float, width: float, dry: float = 0.2, body: float = 0.8
    ) -> None:
        """Fill a convex polygon (n, 2) with strokes of `width` side by side, true to its edge; `dry` as in `stroke`."""
        rng = self.rng
        if dry < 0.65:
            self.shape(corners, colour, body=0.3)
        direction, normal = np.array([math.cos(angle), math.sin(angle)]), np.array([-math.sin(angle), math.cos(angle)])
        u, v = corners @ direction, corners @ normal
        spacing = max(1.1, width / 11)
        levels = np.arange(v.min() + spacing / 2, v.max(), spacing)
        low, high = _chords(u, v, levels)
        fray = np.abs(rng.normal(0, 0.35 + dry * width * 0.25, (2, len(levels))))
        low, high = low + fray[0], high - fray[1]
        band = ((levels - v.min()) / width + 0.2 * rng.random()).astype(int)
        tones = colour * (1 + rng.normal(0, 0.03, (int(band.max(initial=0)) + 1, 1)))[band]
        ridge = 0.55 + 0.45 * np.abs(((levels - v.min()) / width) % 1 - 0.5) * 2
        fills = self._bristles(len(levels), tones, body * ridge)
        ends = np.stack([low, (low + high) / 2, high], axis=1)[..., None] * direction
        ends = ends + (levels[:, None] + rng.normal(0, 0.25 * spacing, (len(levels), 3)))[..., None] * normal
        points = (ends * _SCALE).round(1).tolist()
        thickness = max(1, round(spacing * _SCALE * 1.3))
        for index in np.flatnonzero((high - low > 1) & (rng.random(len(levels)) > 0.3 * dry)).tolist():
            self._draw.line([tuple(point) for point in points[index]], fill=fills[index], width=thickness)

    def _bristles(self, count: int, colour: Floats, body: Floats) -> list[tuple[int, ...]]:
        """Fill values of `count` bristles: the colour a little apart in each, and the height of its ridge."""
        shades = colour * (1 + self.rng.normal(0, 0.045, (count, 1))) + self.rng.normal(0, 2.5, (count, 3))
        ridge = 110 + 120 * body * (0.25 + 0.75 * self.rng.random(count))
        return [tuple(fill) for fill in np.clip(np.column_stack([shades, ridge]), 0, 255).astype(int).tolist()]

    def shape(self, corners: Floats, colour: Floats, *, body: float = 0.5) -> None:
        """A flat polygon (n, 2)."""
        self._draw.polygon(
            [tuple(point) for point in (corners * _SCALE).tolist()], fill=(*_ints(colour), int(110 + 100 * body))
        )

    def disc(self, x: float, y: float, radius: float, colour: Floats, *, body: float = 0.6) -> None:
        x, y, radius = x * _SCALE, y * _SCALE, radius * _SCALE
        self._draw.ellipse(
            (x - radius, y - radius, x + radius, y + radius), fill=(*_ints(colour), int(110 + 120 * body))
        )

    def line(self, path: Floats, width: float, colour: Floats, *, body: float = 0.7) -> None:
        """A thin even line along `path` (n, 2), with round joints."""
        points = [tuple(point) for point in (path * _SCALE).tolist()]
        fill = (*_ints(colour), int(110 + 120 * body))
        self._draw.line(points, fill=fill, width=max(1, round(width * _SCALE)), joint="curve")

    def glaze(self, mask: Floats, colour: Floats) -> None:
        """A transparent layer: `mask` is opacity in [0, 1] on a coarse grid (rows, columns) that spans the canvas."""
        veil = Image.fromarray((np.clip(mask, 0, 1) * 255).astype(np.uint8))
        veil = veil.resize(self._image.size, Image.Resampling.BICUBIC)
        self._image.paste((*_ints(colour), 120), (0, 0), veil)
        self._draw = ImageDraw.Draw(self._image)

    def soften(self, radius: float) -> None:
        """Wet in wet: everything so far runs together."""
        self._image = self._image.filter(ImageFilter.BoxBlur(radius * _SCALE))
        self._draw = ImageDraw.Draw(self._image)

    def finished(self, *, relief: float = 1.0) -> Image.Image:
        """The lit picture, RGB."""
        reduced = np.asarray(self._image.reduce(_SCALE)).astype(np.float32)
        colour, height = reduced[..., :3], reduced[..., 3]
        grain = self.rng.standard_normal(height.shape, dtype=np.float32)
        weave = np.sin(np.arange(self.width) * 2.1)[None] + np.sin(np.arange(self.height) * 2.1)[:, None]
        surface = height + (2.2 * weave).astype(np.float32) + 2 * grain
        slope = np.zeros_like(surface)
        slope[1:-1, 1:-1] = 0.6 * (surface[1:-1, 2:] - surface[1:-1, :-2]) + 0.8 * (
            surface[2:, 1:-1] - surface[:-2, 1:-1]
        )
        light = np.tanh(slope * np.float32(relief / 95))
        lit = colour * (1 + 0.16 * light)[..., None] + (9 * light + 0.9 * grain)[..., None]
        return Image.fromarray(np.clip(lit, 0, 255).astype(np.uint8))


def _ints(colour: Floats) -> tuple[int, int, int]:
    red, green, blue = np.clip(colour, 0, 255).astype(int).tolist()
    return red, green, blue


def _normals(path: Floats) -> Floats:
    """Unit normals of a path (n, 2)."""
    steps = np.empty_like(path)
    steps[1:-1], steps[0], steps[-1] = path[2:] - path[:-2], path[1] - path[0], path[-1] - path[-2]
    lengths = np.hypot(steps[:, 0], steps[:, 1]) + 1e-9
    return np.stack([-steps[:, 1] / lengths, steps[:, 0] / lengths], axis=1)


def _chords(u: Floats, v: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Where the lines v = level enter and leave a convex polygon, along u; where they miss it, low > high."""
    low, high = np.full(len(levels), np.inf), np.full(len(levels), -np.inf)
    for u0, v0, u1, v1 in zip(u, v, np.roll(u, -1), np.roll(v, -1), strict=True):
        if v0 == v1:
            continue
        share = (levels - v0) / (v1 - v0)
        crossing = u0 + share * (u1 - u0)
        hit = (share >= 0) & (share <= 1)
        low, high = np.where(hit, np.minimum(low, crossing), low), np.where(hit, np.maximum(high, crossing), high)
    missed = ~np.isfinite(low)
    return np.where(missed, 1.0, low), np.where(missed, 0.0, high)
