"""Curves of a figure over votes spent, one line a method, as SVG that takes its ink from the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from model.report.plots import Drawing
from mpd_builder.scales import Scale, scale_of

WIDTH, HEIGHT = 480.0, 300.0
LEFT, RIGHT, TOP, FOOT = 52.0, 96.0, 34.0, 44.0
INKS = ("#86837b", "#7c5cd6", "#c2410c", "#0f766e", "#b4337d", "#3b82c4")
"""One ink a method, in the methods' order; each is told apart from both papers."""
SHIFT, LINE = 2.5, 13.0
Plot = Callable[[Mapping[str, Any], str, str], Drawing]
Spot = tuple[float, float | None, float | None]


def curves_plot(found: Mapping[str, Any], figure: str, said: str) -> Drawing:
    """The means over seeds of a figure; `found` is `curves.summary`."""
    series = {name: [point["value"] for point in row["curve"][figure]] for name, row in found["methods"].items()}
    spots = {name: [(value, None, None) for value in values] for name, values in series.items()}
    words = f"{said} on the test by human votes spent, mean of {len(found['seeds'])} seeds."
    return _drawn(found, spots, f"{said} by votes", words)


def gains_plot(found: Mapping[str, Any], figure: str, said: str) -> Drawing:
    """How far each method is from random, paired by seed, with intervals."""
    spots = {
        name: [(point["value"], point["low"], point["high"]) for point in row["gain_curve"][figure]]
        for name, row in found["methods"].items()
        if "gain_curve" in row
    }
    words = f"{said} less that of random with the same seed, mean of {len(found['seeds'])} seeds with 95 % intervals."
    return _drawn(found, spots, f"{said} less random's", words)


def _drawn(found: Mapping[str, Any], spots: Mapping[str, Sequence[Spot]], title: str, words: str) -> Drawing:
    ends = [end for row in spots.values() for spot in row for end in spot if end is not None]
    across, up = scale_of(found["votes"], wanted=4), scale_of(ends)
    body = _frame(across, up)
    ink = dict(zip(found["methods"], INKS, strict=False))
    places = _apart([_y(up, row[-1][0]) for row in spots.values()])
    for number, ((name, row), place) in enumerate(zip(spots.items(), places, strict=True)):
        has_bars = any(low is not None for _, low, _ in row)
        shift = SHIFT * (number - (len(spots) - 1) / 2) if has_bars else 0.0
        xs = [_x(across, votes) + shift for votes in found["votes"]]
        path = "L".join(f"{x:.2f} {_y(up, value)}" for x, (value, _, _) in zip(xs, row, strict=True))
        body.append(f'<path d="M{path}" fill="none" stroke="{ink[name]}" stroke-width="1.8"/>')
        body += [
            f'<path d="M{x:.2f} {_y(up, low)}V{_y(up, high)}" stroke="{ink[name]}" stroke-opacity=".6"/>'
            for x, (_, low, high) in zip(xs, row, strict=True)
            if low is not None and high is not None
        ]
        body.append(f'<text x="{WIDTH - RIGHT + 12}" y="{place + 4:.2f}" fill="{ink[name]}">{escape(name)}</text>')
    svg = (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(title)}: {escape(words)}">'
        f'<text class="title" x="0" y="16">{escape(title)}</text>{"".join(body)}</svg>'
    )
    return Drawing(svg, words)


def _frame(across: Scale, up: Scale) -> list[str]:
    """Grid, ticks and the name of the axis below."""
    right, bottom = WIDTH - RIGHT, HEIGHT - FOOT
    drawn = []
    for tick in up.ticks():
        y = _y(up, tick)
        drawn.append(f'<path class="grid" d="M{LEFT} {y}H{right}"/>')
        drawn.append(f'<text class="soft" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{up.label(tick)}</text>')
    for tick in across.ticks():
        x = _x(across, tick)
        drawn.append(f'<text class="soft" x="{x}" y="{bottom + 16}" text-anchor="middle">{across.label(tick)}</text>')
    return [
        *drawn,
        f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}" fill="none"/>',
        f'<text class="soft" x="{(LEFT + right) / 2}" y="{bottom + 34}" text-anchor="middle">votes spent</text>',
    ]


def _apart(places: Sequence[float]) -> list[float]:
    """The same places in the same order, moved down where they are less than a line from the one above."""
    moved, last = {}, -LINE
    for number in sorted(range(len(places)), key=lambda each: places[each]):
        last = max(places[number], last + LINE)
        moved[number] = last
    return [moved[number] for number in range(len(places))]


def _x(scale: Scale, value: float) -> float:
    return round(LEFT + (WIDTH - LEFT - RIGHT) * scale.at(value) / 100, 2)


def _y(scale: Scale, value: float) -> float:
    return round(TOP + (HEIGHT - TOP - FOOT) * scale.up(value) / 100, 2)
