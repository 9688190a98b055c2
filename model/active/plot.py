"""Curves of a figure over votes spent, one line a method, as SVG that takes its ink from the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from model.report.plots import Drawing
from mpd_builder.scales import Scale, scale_of

WIDTH, HEIGHT = 480.0, 300.0
LEFT, RIGHT, TOP, FOOT = 52.0, 96.0, 34.0, 44.0
INKS = ("#86837b", "#7c5cd6", "#c2410c", "#0f766e", "#b4337d", "#2563a8")
"""One ink a method, in the methods' order; each is told apart from both papers."""
SHIFT, LINE = 2.5, 13.0


def curves_plot(found: Mapping[str, Any], figure: str, said: str) -> Drawing:
    """The mean over seeds with 95 % intervals; `found` is `curves.summary`."""
    rows = {name: row["curve"][figure] for name, row in found["methods"].items()}
    ends = [value for row in rows.values() for point in row for value in point.values() if value is not None]
    across, up = scale_of(found["votes"], wanted=4), scale_of(ends)
    body = _frame(across, up, said)
    places = _apart([_y(up, row[-1]["value"]) for row in rows.values()])
    for number, ((name, row), place) in enumerate(zip(rows.items(), places, strict=True)):
        ink, shift = INKS[number % len(INKS)], SHIFT * (number - (len(rows) - 1) / 2)
        spots = [(_x(across, votes) + shift, point) for votes, point in zip(found["votes"], row, strict=True)]
        path = "L".join(f"{x:.2f} {_y(up, point['value'])}" for x, point in spots)
        body.append(f'<path d="M{path}" fill="none" stroke="{ink}" stroke-width="1.8"/>')
        body += [
            f'<path d="M{x:.2f} {_y(up, point["low"])}V{_y(up, point["high"])}" stroke="{ink}" stroke-opacity=".6"/>'
            for x, point in spots
            if point["low"] is not None
        ]
        body.append(f'<text x="{WIDTH - RIGHT + 12}" y="{place + 4:.2f}" fill="{ink}">{escape(name)}</text>')
    words = f"{said} on the test by human votes spent, mean of {len(found['seeds'])} seeds with 95 % intervals."
    title = f"{said} by votes"
    svg = (
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-label="{escape(title)}: {escape(words)}">'
        f'<text class="title" x="0" y="16">{escape(title)}</text>{"".join(body)}</svg>'
    )
    return Drawing(svg, words)


def _frame(across: Scale, up: Scale, said: str) -> list[str]:
    """Grid, ticks and the names of the axes."""
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
        f'<text class="soft" transform="translate(13 {(TOP + bottom) / 2}) rotate(-90)" '
        f'text-anchor="middle">{said}</text>',
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
