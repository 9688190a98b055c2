"""Compositions that no grid holds: currents, actions, blooms, gestures, thickets, fissures, pebbles."""

from __future__ import annotations

import numpy as np
from PIL import Image

from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.palettes import mix
from mpd_builder.synthetic.studio import Studio


def current(s: Studio) -> None:
    """Strokes that follow a stream with eddies in it."""
    count = s.count(260, 900)
    paths = _streamlines(s, count, steps=6 + round(7 * s.latents.energy))
    width = s.px(0.026 - 0.011 * s.latents.density)
    for index, path in enumerate(paths):
        colour = s.mass() if index < count * 0.62 else s.mark()
        s.canvas.stroke(path, width * (0.6 + 0.8 * s.rng.random()), colour, dry=0.4)


def _streamlines(s: Studio, count: int, *, steps: int) -> Floats:
    """Short pieces of the stream from random starts. Shape (count, steps + 1, 2)."""
    size = np.array([s.canvas.width, s.canvas.height])
    eddies = s.rng.random((2 + round(3 * s.latents.energy), 2)) * size
    turns = s.rng.choice([-1.0, 1.0], len(eddies))[None, :, None]
    points = [s.rng.random((count, 2)) * size]
    for _ in range(steps):
        away = points[-1][:, None] - eddies[None]
        distance = np.linalg.norm(away, axis=2, keepdims=True)
        pull = np.exp(-((distance / s.px(0.22)) ** 2) / 2) * 2.4 * (0.3 + s.latents.energy) / (distance + 1e-6)
        around = np.stack([-away[..., 1], away[..., 0]], axis=2) * pull * turns
        flow = around.sum(axis=1) + 0.5 * np.array([np.cos(s.lean), np.sin(s.lean)])
        angle = np.arctan2(flow[:, 1], flow[:, 0]) + s.rng.normal(0, 0.5 * s.latents.tension, count)
        points.append(points[-1] + s.px(0.017) * np.column_stack([np.cos(angle), np.sin(angle)]))
    return np.stack(points, axis=1)


def action(s: Studio) -> None:
    """Skeins of poured paint, layer over layer, with drops thrown across."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(np.concatenate([s.palette.ground, s.palette.masses[:2]]), width=s.px(0.08), count=120, angle=s.lean)
    for _ in range(s.count(12, 70)):
        colour = s.mark()
        path = _poured(s, steps=70 + round(110 * s.latents.energy))
        thick = s.px(0.0022) * (1 + s.rng.pareto(2.5))
        swell = 0.6 + 0.5 * np.sin(np.linspace(0, 9, len(path)) + s.rng.random() * 6)
        for index in range(0, len(path) - 3, 3):
            s.canvas.line(
                path[index : index + 4], float(min(thick * swell[index], s.px(0.012))) + 0.5, colour, body=0.9
            )
        if s.rng.random() < 0.6:
            x, y = path[s.rng.integers(len(path))]
            s.splatter(x, y, reach=s.px(0.3), count=18 + round(40 * s.latents.energy), colour=colour)
    for _ in range(s.count(5, 22)):
        x, y = s.rng.random(2) * (w, h)
        _blot(s, x, y, s.px(0.008 + 0.016 * s.rng.random()), s.mark())


def _poured(s: Studio, *, steps: int) -> Floats:
    """A wandering line with momentum: smooth arcs, or sharp turns under tension."""
    turn = np.cumsum(s.rng.normal(0, 0.10 + 0.04 * s.latents.energy, steps)) * 0.5
    kinks = (s.rng.random(steps) < 0.12 * s.latents.tension) * s.rng.normal(0, 1.7, steps)
    angle = s.lean + s.rng.choice([0.0, np.pi]) + s.rng.normal(0, 0.6) + np.cumsum(turn * 0.35 + kinks)
    step = s.px(0.010 + 0.008 * s.latents.energy)
    start = s.rng.random(2) * (s.canvas.width, s.canvas.height)
    return np.asarray(start + np.cumsum(np.column_stack([np.cos(angle), np.sin(angle)]) * step, axis=0))


def _blot(s: Studio, x: float, y: float, radius: float, colour: Floats) -> None:
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    rough = 1 + 0.22 * sum(s.rng.normal() * np.cos(k * turn + s.rng.random() * 6) / k for k in range(2, 7))
    s.canvas.shape(
        np.column_stack([x + radius * rough * np.cos(turn), y + radius * rough * np.sin(turn)]), colour, body=0.9
    )


def bloom(s: Studio) -> None:
    """Stains that spread into a wet ground, veil over veil."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.09), count=60, angle=s.lean)
    s.canvas.soften(8)
    rows = 150
    y, x = np.mgrid[0:rows, 0 : round(rows * w / h)] / rows
    pigment = 0.72 + 0.55 * _clouds(s, x.shape, octaves=6)
    for index in range(s.count(7, 26)):
        cx, cy = s.rng.random() * w / h, s.rng.random()
        radius = (0.12 + 0.3 * s.rng.random() ** 1.5) * (1.25 - 0.6 * s.latents.density)
        bulge = (0.45 + 0.5 * s.latents.tension) * _clouds(s, x.shape, octaves=5)
        distance = np.hypot(x - cx, (y - cy) * (1 + 0.4 * s.rng.random())) / radius + bulge
        sharp = 10 + 45 * s.rng.random() + 30 * s.latents.tension
        body = 1 / (1 + np.exp(np.clip(sharp * (distance - 1), -40, 40)))
        rim = np.exp(-(((distance - 0.95) * 16) ** 2))
        colour = s.mass() if index % 3 else s.mark()
        s.canvas.glaze((0.42 + 0.38 * s.rng.random()) * (body * pigment + 0.3 * rim), colour)
    for _ in range(s.count(3, 12)):
        px, py = s.rng.random(2) * (w, h)
        s.splatter(px, py, reach=s.px(0.16), count=round(14 + 30 * s.latents.energy), colour=s.mark())
    for _ in range(round(s.rng.random() * 5 * s.latents.energy)):
        px, py = s.rng.uniform(0.2, 0.8, 2) * (w, h)
        path = s.gesture(px, py, s.lean, s.px(0.25 + 0.3 * s.latents.energy), bend=0.6, samples=30)
        s.canvas.stroke(path, s.px(0.022), s.palette.light if s.latents.brightness < 0.5 else s.palette.dark, dry=0.9)


def _clouds(s: Studio, shape: tuple[int, ...], *, octaves: int) -> Floats:
    """Smooth noise in about [-1, 1], the sum of ever finer grids."""
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(1, octaves):
        grid = s.rng.uniform(-1, 1, (2**octave + 1, 2**octave + 1)).astype(np.float32)
        layer = Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC)
        total += np.asarray(layer) / 1.7**octave
    return total


def gesture(s: Studio) -> None:
    """A few great strokes of a house painter's brush; the ground stays open."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.09), count=110, angle=s.lean)
    count = s.count(4, 11)
    for index in range(count):
        x, y = w * (0.5 + s.rng.normal(0, 0.2)), h * (0.5 + s.rng.normal(0, 0.2))
        angle = s.lean + (s.rng.choice([0.0, 1.3, -0.9]) if index % 2 else 0.0) + s.rng.normal(0, 0.25)
        colour = s.palette.accent if index == count - 2 else s.palette.dark if index % 3 == 0 else s.mark()
        path = s.gesture(x, y, angle, s.px(0.45 + 0.5 * s.latents.energy), bend=0.6, samples=48)
        broad = s.px(0.035 + 0.085 * s.rng.random() ** 1.5) * (1.2 if index == 0 else 1.0)
        s.canvas.stroke(path[: round(48 * s.rng.uniform(0.5, 0.8))], broad * 0.86, colour, dry=0.3, body=1.0)
        s.canvas.stroke(path, broad, colour, dry=0.95, body=1.0)
        x, y = path[-1]
        s.splatter(x, y, reach=s.px(0.24), count=round(10 + 60 * s.latents.energy), colour=colour)
        if s.rng.random() < 0.6:
            _run(s, path, colour)


def _run(s: Studio, path: Floats, colour: Floats) -> None:
    """Thin paint runs down from a wet stroke."""
    for _ in range(3):
        x, y = path[s.rng.integers(len(path))]
        long = s.px(0.05 + 0.16 * s.rng.random())
        down = np.linspace(0, 1, 8)
        s.canvas.line(np.column_stack([x + s.rng.normal(0, 0.4, 8).cumsum(), y + down * long]), s.px(0.003), colour)


def thicket(s: Studio) -> None:
    """Short slashes in clusters, crossing each other."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(np.concatenate([s.palette.ground, s.palette.masses]), width=s.px(0.06), count=140, angle=s.lean)
    knots = s.rng.random((3 + round(4 * s.latents.density), 2)) * (w, h)
    for index in range(s.count(110, 620)):
        home = knots[s.rng.integers(len(knots))]
        x, y = home + s.rng.normal(0, s.px(0.2), 2)
        angle = s.lean + s.rng.choice([0.0, np.pi / 3, -np.pi / 3]) + s.rng.normal(0, 0.35)
        long = s.px(0.05 + 0.12 * s.rng.random() * (0.4 + s.latents.energy))
        path = s.gesture(x, y, angle, long, bend=0.2, samples=7)
        colour = s.mass() if index % 3 == 0 else s.mark()
        s.canvas.stroke(path, s.px(0.006 + 0.02 * s.rng.random()), colour, dry=0.6, body=1.0)
    for _ in range(s.count(5, 26)):
        x, y = s.rng.random(2) * (w, h)
        s.canvas.line(
            s.gesture(x, y, s.lean + s.rng.normal(0, 0.8), s.px(0.25), samples=6), s.px(0.002), s.palette.dark
        )


def fissure(s: Studio) -> None:
    """A worn wall: layers, scratches, a few deep cracks."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(np.concatenate([s.palette.ground, s.palette.masses[:1]]), width=s.px(0.1), count=130, angle=np.pi / 2)
    for _ in range(s.count(3, 9)):
        x, y = s.rng.random(2) * (w, h)
        turn = np.sort(s.rng.random(9)) * 2 * np.pi
        radius = s.px(0.14 + 0.16 * s.rng.random()) * (0.7 + 0.5 * s.rng.random(9))
        corners = np.column_stack([x + radius * np.cos(turn), y + radius * np.sin(turn)])
        s.canvas.hatch(
            corners, mix(s.mass(), s.palette.ground[0], 0.3), angle=np.pi / 2, width=s.px(0.04), dry=1.0, body=0.4
        )
    for _ in range(s.count(4, 16)):
        x, y = s.rng.random(2) * (w, h)
        angle = s.lean + s.rng.choice([0.0, np.pi / 2]) + s.rng.normal(0, 0.3)
        path = s.gesture(x, y, angle, s.px(0.5 + 0.7 * s.rng.random()), bend=0.1, samples=22)
        path += s.rng.normal(0, s.px(0.004 + 0.010 * s.latents.tension), path.shape)
        s.canvas.line(path + 2.0, s.px(0.004), s.palette.light, body=1.0)
        s.canvas.line(path, s.px(0.0035 + 0.006 * s.rng.random()), s.palette.dark, body=0.0)
    for _ in range(s.count(30, 160)):
        x, y = s.rng.random(2) * (w, h)
        path = s.gesture(x, y, s.rng.normal(np.pi / 2, 0.5), s.px(0.04 + 0.08 * s.rng.random()), samples=5)
        s.canvas.line(path, s.px(0.0013), s.palette.dark if s.rng.random() < 0.5 else s.palette.light)
    x, y = s.rng.uniform(0.25, 0.75, 2) * (w, h)
    s.canvas.stroke(s.gesture(x, y, s.lean, s.px(0.22)), s.px(0.035), s.palette.accent, dry=0.9)


def pebbles(s: Studio) -> None:
    """Round dabs side by side, as on a shore."""
    s.scumble(s.palette.ground, width=s.px(0.06), count=90, angle=s.lean)
    places = s.places(s.count(60, 620))
    reach = s.canvas.size / np.sqrt(len(places)) * 0.5
    drift = s.rng.random(2) * 2 * np.pi
    for x, y in places[s.rng.permutation(len(places))]:
        radius = reach * np.exp(s.rng.normal(-0.12, 0.1 + 0.28 * (1 - s.latents.regularity)))
        tide = np.sin(x / s.px(0.23) + drift[0]) + np.sin(y / s.px(0.27) + drift[1])
        colour = (
            s.palette.masses[int(np.clip(2 + tide + s.rng.normal(0, 0.4), 0, 3))] if s.rng.random() < 0.75 else s.mark()
        )
        turn = np.linspace(0, 1.75 * np.pi, 12) + s.rng.random() * 6
        ring = np.column_stack([x + radius * 0.55 * np.cos(turn), y + radius * 0.55 * np.sin(turn)])
        s.canvas.disc(x, y, radius * 0.8, colour * 0.94, body=0.5)
        s.canvas.stroke(ring, radius * 0.95, colour, dry=0.1, body=0.9)
