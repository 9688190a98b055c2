"""Compositions that rest on an order: fields, quilts, strata, orbits, ribbons, lattices, facets, constructions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.palettes import mix
from mpd_builder.synthetic.studio import Studio


def box(x0: float, y0: float, x1: float, y1: float) -> Floats:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def colour_field(s: Studio) -> None:
    """A few large soft rectangles that float on the ground."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.07), count=90, angle=0.0)
    count = 2 + round(2.4 * s.latents.density)
    heights = s.rng.dirichlet(np.full(count, 4 + 20 * s.latents.regularity)) * 0.88 * h
    order, top = s.rng.permutation(4), 0.06 * h
    for index, tall in enumerate(heights):
        inset = w * (0.085 + 0.012 * s.rng.normal())
        colour = s.palette.marks[0] if index == 1 else s.palette.masses[order[index % 4]]
        corners = box(inset, top, w - inset, top + tall - 0.03 * h)
        s.canvas.hatch(corners, mix(colour, s.palette.ground[0], 0.2), angle=0.0, width=s.px(0.05), body=0.3)
        for _ in range(round(70 * tall / h) + 8):
            x, y = s.rng.uniform(corners[0] + s.px(0.03), np.maximum(corners[2] - s.px(0.03), corners[0] + s.px(0.031)))
            long = min(s.px(0.3), 1.4 * min(x - inset, w - inset - x) + s.px(0.06))
            shade = mix(colour, s.palette.masses[order[(index + 1) % 4]], 0.22 * s.rng.random())
            path = s.gesture(x, y, s.rng.normal(0, 0.05 + 0.2 * s.latents.energy), long, bend=0.05)
            s.canvas.stroke(path, s.px(0.045), shade, dry=0.5, body=0.4)
        top += tall
    s.canvas.soften(1.5 + 4 * (1 - s.latents.tension))
    y, x = np.mgrid[0:40, 0:40] / 40
    for _ in range(4):
        cx, cy = s.rng.random(2)
        s.canvas.glaze(0.25 * np.exp(-((x - cx) ** 2 / 0.06 + (y - cy) ** 2 / 0.02)), s.mark())


def quilt(s: Studio) -> None:
    """Painted squares, like a magic-square garden; some hold a smaller one or a half moon."""
    w, h = s.canvas.width, s.canvas.height
    columns = max(3, round(np.sqrt(s.count(14, 130) * w / h)))
    rows = max(3, round(columns * h / w))
    loose = 0.32 * (1 - s.latents.regularity)
    xs, ys = np.meshgrid(np.arange(columns + 1) / columns, np.arange(rows + 1) / rows)
    xs = (xs + s.rng.uniform(-1, 1, xs.shape) * loose / columns) * w
    ys = (ys + s.rng.uniform(-1, 1, ys.shape) * loose / rows) * h
    sway = s.rng.random((rows, columns)) < 0.5
    for r in range(rows):
        for c in range(columns):
            corners = np.array([(xs[i, j], ys[i, j]) for i, j in ((r, c), (r, c + 1), (r + 1, c + 1), (r + 1, c))])
            centre, gap = corners.mean(axis=0), 0.94 - 0.06 * s.latents.tension
            colour = s.mass() if s.rng.random() < 0.6 else s.mark()
            s.canvas.hatch(centre + (corners - centre) * gap, colour, angle=np.pi / 2 * sway[r, c], width=s.px(0.024))
            if s.rng.random() < 0.25 + 0.2 * s.latents.energy:
                _inset(s, centre, corners, 0.42)


def _inset(s: Studio, centre: Floats, corners: Floats, share: float) -> None:
    radius = share * float(np.abs(corners - centre).min(axis=0).min())
    if s.latents.tension > 0.5:
        s.canvas.shape(centre + (corners[[0, 1, 2]] - centre) * 0.8, s.mark())
        return
    turn = s.rng.integers(4) * np.pi / 2
    arc = np.linspace(0, np.pi if s.rng.random() < 0.5 else 2 * np.pi, 24) + turn
    s.canvas.shape(centre + radius * 1.5 * np.column_stack([np.cos(arc), np.sin(arc)]), s.mark(), body=0.8)


def strata(s: Studio) -> None:
    """Bands one above the other, as a landscape seen from far off."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.06), count=90, angle=0.0)
    count = s.count(5, 17)
    edges = np.cumsum(s.rng.dirichlet(np.full(count, 1.5 + 12 * s.latents.regularity))) * h
    x = np.linspace(-0.05, 1.05, 26)
    ridge = np.zeros_like(x)
    for index, edge in enumerate(edges[:-1]):
        waves = sum(s.rng.normal() * np.sin(2 * np.pi * (k * x + s.rng.random())) / k for k in (1, 2, 3))
        teeth = np.interp(x, np.linspace(-0.05, 1.05, 13), s.rng.normal(0, 1, 13))
        swell = (1 - s.latents.tension) * waves + 1.3 * s.latents.tension * teeth
        ridge = 0.5 * ridge + swell * s.px(0.012 + 0.05 * s.latents.energy)
        tall = (edges[index + 1] - edge) * 1.5
        colour = s.palette.masses[index % 4] if index % 3 else s.mark()
        for step in np.arange(0, max(tall, s.px(0.02)), s.px(0.021)):
            shade = mix(colour, s.palette.masses[(index + 1) % 4], 0.35 * step / (tall + 1))
            path = np.column_stack([x * w, edge + ridge * (1 - 0.4 * step / (tall + 1)) + step])
            s.canvas.stroke(path, s.px(0.034), shade, dry=0.25, body=0.7)
    if s.rng.random() < s.latents.regularity:
        _sun(s)


def _sun(s: Studio) -> None:
    x, y = (0.2 + 0.6 * s.rng.random()) * s.canvas.width, (0.12 + 0.14 * s.rng.random()) * s.canvas.height
    radius = s.px(0.05 + 0.05 * s.rng.random())
    turn = np.linspace(0, 2 * np.pi, 30)
    for share in np.arange(0.15, 1, 0.2):
        ring = np.column_stack([x + radius * share * np.cos(turn), y + radius * share * np.sin(turn)])
        s.canvas.stroke(ring, radius * 0.3, s.palette.accent, dry=0.1)


def orbits(s: Studio) -> None:
    """Rings and half rings around several centres, as of turning discs."""
    s.scumble(s.palette.ground, width=s.px(0.06), count=120, angle=s.lean)
    centres = s.places(s.count(3, 26))
    reach = s.canvas.size / np.sqrt(len(centres)) * 0.62
    for x, y in centres[s.rng.permutation(len(centres))]:
        radius = reach * np.exp(s.rng.normal(0, 0.25 + 0.3 * (1 - s.latents.regularity)))
        rings = int(np.clip(radius / s.px(0.026), 2, 8))
        for ring in range(rings, 0, -1):
            r = radius * ring / rings
            start = s.rng.integers(4) * np.pi / 2 + (1 - s.latents.regularity) * s.rng.normal()
            for half in range(2 if s.rng.random() < 0.35 + 0.4 * s.latents.energy else 1):
                sweep = np.linspace(0, np.pi if half else 2 * np.pi, 16 if half else 30) + start
                path = np.column_stack([x + r * np.cos(sweep), y + r * np.sin(sweep)])
                s.canvas.stroke(path, radius / rings * 1.15, s.mark() if half else s.mass(), dry=0.06, body=0.8)
        s.canvas.disc(x, y, radius / rings * 0.6, s.mark())


def ribbons(s: Studio) -> None:
    """Parallel bands that sweep across the whole canvas in one movement."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.07), count=110, angle=s.lean)
    count = s.count(5, 24)
    t = np.linspace(-0.15, 1.15, 44)
    wave = 0.1 + 0.16 * s.latents.energy
    phase, cycles = s.rng.random() * 2 * np.pi, 0.7 + 0.8 * s.latents.energy
    slope = np.tan(np.clip(s.lean, -0.7, 0.7)) * 0.6
    thick = 1.2 * h / (count + 2) * (0.42 + 0.3 * s.latents.density)
    for index in range(count):
        level = (index + 0.5) / count + (1 - s.latents.regularity) * s.rng.normal(0, 0.05)
        swing = np.sin(2 * np.pi * cycles * t + phase + 0.9 * level) * wave * (0.7 + 0.5 * level)
        path = np.column_stack([t * w, (level + swing + slope * (t - 0.5)) * h])
        colour = s.palette.masses[index % 4] if index % 2 else s.mark()
        s.canvas.stroke(path, thick * (0.7 + 0.6 * s.rng.random()), colour, dry=0.35, body=0.9)
        if s.rng.random() < 0.4:
            s.canvas.stroke(path + np.array([0, thick * 0.7]), thick * 0.16, s.mark(), dry=0.3)


def lattice(s: Studio) -> None:
    """A cloth of fine lines that do not quite agree, some of its meshes filled."""
    w, h = s.canvas.width, s.canvas.height
    s.scumble(s.palette.ground, width=s.px(0.06), count=100, angle=np.pi / 2)
    count = s.count(7, 22)
    even = 1.2 + 30 * s.latents.regularity**2
    xs = np.append(0, np.cumsum(s.rng.dirichlet(np.full(max(3, round(count * w / s.canvas.size)), even)))) * w
    ys = np.append(0, np.cumsum(s.rng.dirichlet(np.full(max(3, round(count * h / s.canvas.size)), even)))) * h
    for left, right in pairwise(xs):
        for top, bottom in pairwise(ys):
            if s.rng.random() < 0.42:
                colour = s.mass() if s.rng.random() < 0.7 else s.mark()
                s.canvas.hatch(box(left, top, right, bottom), colour, angle=np.pi / 2, width=s.px(0.016), dry=0.4)
    line = s.palette.dark if s.latents.brightness > 0.4 else s.palette.light
    shiver = s.px(0.001 + 0.006 * s.latents.tension)
    along = np.linspace(-0.1, 1.1, 14)
    for x in xs[1:-1]:
        path = np.column_stack([x + s.rng.normal(0, shiver, 14), along * h])
        s.canvas.line(path, s.px(0.002 + 0.006 * s.rng.random() ** 2), line)
    for y in ys[1:-1]:
        path = np.column_stack([along * w, y + s.rng.normal(0, shiver, 14)])
        s.canvas.line(path, s.px(0.002 + 0.006 * s.rng.random() ** 2), line)
    for index in range(round((4 + count) * s.latents.tension)):
        offset = s.rng.random(2) * (w, h)
        reach = np.array([np.cos(0.5 * s.lean), np.sin(0.5 * s.lean)]) * s.canvas.size * (0.3 + 0.5 * s.rng.random())
        colour = s.palette.accent if index % 4 == 0 else line
        s.canvas.line(np.array([offset - reach, offset + reach]), s.px(0.0018), colour)


def facets(s: Studio) -> None:
    """The plane broken into shards, each painted along its own direction."""
    w, h = s.canvas.width, s.canvas.height
    pieces = [box(0, 0, w, h)]
    for _ in range(s.count(12, 95)):
        areas = [_area(piece) * (0.5 + s.rng.random()) for piece in pieces]
        piece = pieces.pop(int(np.argmax(areas)))
        pieces += _cut(piece, s)
    for piece in pieces:
        colour = s.mass() if s.rng.random() < 0.55 else s.mark()
        angle = s.lean + s.rng.choice([0.0, np.pi / 2, np.pi / 4]) + s.rng.normal(0, 0.3)
        s.canvas.hatch(piece, colour, angle=angle, width=s.px(0.022), dry=0.2)
        edge = s.palette.dark if s.rng.random() < 0.65 else s.palette.light
        start = s.rng.integers(len(piece))
        side = piece[[start, (start + 1) % len(piece)]]
        s.canvas.line(side, s.px(0.002 + 0.0045 * s.latents.tension * s.rng.random()), edge)


def _area(corners: Floats) -> float:
    x, y = corners[:, 0], corners[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))


def _cut(piece: Floats, s: Studio) -> list[Floats]:
    """A convex polygon in two, across its longer way; free paintings cut anywhere."""
    centred = piece - piece.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along = axes[:, -1]
    turn = s.rng.normal(0, 0.18 + 0.5 * s.latents.tension * (1 - 0.5 * s.latents.regularity))
    normal = np.array(
        [along[0] * np.cos(turn) - along[1] * np.sin(turn), along[0] * np.sin(turn) + along[1] * np.cos(turn)]
    )
    side = centred @ normal
    side = side - np.quantile(side, 0.5) * 0.3 - s.rng.normal(0, 0.12) * np.ptp(side)
    halves: tuple[list[Floats], list[Floats]] = ([], [])
    for i in range(len(piece)):
        j = (i + 1) % len(piece)
        halves[int(side[i] > 0)].append(piece[i])
        if (side[i] > 0) != (side[j] > 0):
            crossing = piece[i] + (piece[j] - piece[i]) * side[i] / (side[i] - side[j])
            for half in halves:
                half.append(crossing)
    return [np.array(half) for half in halves if len(half) >= 3]


def construction(s: Studio) -> None:
    """Bars, wedges and discs on an open ground, balanced on a diagonal."""
    s.scumble(s.palette.ground, width=s.px(0.08), count=110, angle=0.0)
    tilt = s.lean
    for x, y in s.places(s.count(6, 34), margin=0.1)[::-1]:
        long = s.px(0.1 + 0.34 * s.rng.random() ** 1.5)
        thin = long * (0.06 + 0.4 * s.rng.random() ** 2)
        angle = tilt + s.rng.choice([0.0, 0.0, np.pi / 2]) + s.rng.normal(0, 0.22 * (1 - s.latents.regularity))
        cos, sin = np.cos(angle), np.sin(angle)
        frame = np.array([[cos, sin], [-sin, cos]])
        half = np.array([[-long, -thin], [long, -thin], [long, thin], [-long, thin]]) / 2
        if s.rng.random() < 0.25 + 0.3 * s.latents.tension:
            half = half[:3] * (1.0, 2.2)
        s.canvas.hatch(half @ frame + (x, y), s.mark(), angle=angle, width=max(s.px(0.014), thin * 0.3), dry=0.15)
    for size in (0.09, 0.045, 0.028)[: 1 + round(2 * s.rng.random())]:
        x, y = s.rng.uniform(0.2, 0.8, 2) * (s.canvas.width, s.canvas.height)
        start, turn = s.rng.integers(4) * np.pi / 2, np.pi if s.rng.random() < 0.4 else 2 * np.pi
        for share, colour in ((size, s.palette.dark), (size * s.rng.uniform(0.45, 0.85), s.palette.accent)):
            arc = np.linspace(0, turn, 40) + start + tilt
            ring = np.column_stack([x + s.px(share) * np.cos(arc), y + s.px(share) * np.sin(arc)])
            s.canvas.hatch(ring, colour, angle=tilt, width=s.px(0.016))
    for _ in range(4 + round(8 * s.latents.energy)):
        px, py = s.rng.random(2) * (s.canvas.width, s.canvas.height)
        reach = s.px(0.5 + 0.5 * s.rng.random()) * np.array([np.cos(tilt), np.sin(tilt)])
        s.canvas.line(np.array([(px, py) - reach / 2, (px, py) + reach / 2]), s.px(0.0022), s.palette.dark)
