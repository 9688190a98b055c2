"""The plots of a report, as SVG that takes its colours from the page: predicted on human, calibration, residuals."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from mpd_builder.scales import Scale, scale_of

WIDTH, LEFT, RIGHT, TOP, FOOT = 360.0, 48.0, 16.0, 34.0, 44.0
SIDE = WIDTH - LEFT - RIGHT
NAMES, COUNTS, ROW = 138.0, 44.0, 24.0
LETTERS = 18
COUNT_BARS = 0.16  # of the height
Z = 1.96


@dataclass(frozen=True, slots=True)
class Drawing:
    """An SVG, and in words what it shows."""

    svg: str
    words: str


def scatter(points: Sequence[tuple[float, float]]) -> Drawing:
    """Points are (predicted, human)."""
    plot = _Square([value for point in points for value in point])
    dots = "".join(
        f'<circle class="dot" cx="{plot.x(human)}" cy="{plot.y(predicted)}" r="2.5"/>' for predicted, human in points
    )
    words = (
        f"Predicted against human scores of {len(points):,} pairs, drawn by lot where there are more; dashed: equal."
    )
    body = [
        *plot.frame("human score", "predicted score"),
        plot.line("ideal", (plot.low, plot.low), (plot.high, plot.high)),
    ]
    return Drawing(_svg("Predicted and human scores", words, plot.height, [*body, dots]), words)


def calibration(found: Mapping[str, Any]) -> Drawing:
    """The mean human score of each bin of predicted scores with 95 % of its error, and the regression line."""
    curve = found["curve"]
    plot = _Square([row[name] for row in curve for name in ("predicted", "score")])
    most = max(row["n"] for row in curve)
    body = []
    for row in curve:
        left, right = plot.x(max(row["low"], plot.low)), plot.x(min(row["high"], plot.high))
        tall = round(SIDE * COUNT_BARS * row["n"] / most, 2)
        body.append(
            f'<rect class="pale" x="{left}" y="{round(TOP + SIDE - tall, 2)}" width="{max(right - left - 1, 0):g}" '
            f'height="{tall}"><title>{row["n"]:,} pairs</title></rect>'
        )
    body += [*plot.frame("predicted score", "mean human score")]
    body.append(plot.line("ideal", (plot.low, plot.low), (plot.high, plot.high)))
    slope, intercept = found["slope"]["value"], found["intercept"]["value"]
    if slope is not None:
        ends = [row["predicted"] for row in (curve[0], curve[-1])]
        body.append(plot.line("fit", *((end, intercept + slope * end) for end in ends)))
    for row in curve:
        if row["standard_error"] is not None:
            half = Z * row["standard_error"]
            body.append(plot.line("bar", *((row["predicted"], row["score"] + side * half) for side in (-1, 1))))
        body.append(f'<circle class="full" cx="{plot.x(row["predicted"])}" cy="{plot.y(row["score"])}" r="4"/>')
    words = (
        f"Mean human score by predicted score, {len(curve)} bins, {found['n']:,} pairs, with 95 % intervals; "
        "solid line: regression over all pairs; dashed: calibrated; bars: how many pairs a bin has."
    )
    return Drawing(_svg("Calibration", words, plot.height, body), words)


def residuals(rows: Sequence[Mapping[str, Any]], *, label: str) -> Drawing:
    """Predicted less human score by label: middle half, median, and mean with its interval where the report has one.

    An interval of very few pairs may be wider than everything else: it is cut off at the edge of the plot.
    """
    ends = [value for row in rows for value in (*row["quartiles"], row["mean"])]
    reach = max(0.05, *(abs(value) for value in ends))
    scale = scale_of((-reach, reach), wanted=4)
    span, bottom = WIDTH - NAMES - COUNTS, TOP + ROW * len(rows)

    def x(value: float) -> float:
        return round(NAMES + span * scale.at(value) / 100, 2)

    body = []
    for tick in scale.ticks():
        body.append(f'<path class="grid" d="M{x(tick)} {TOP}V{bottom}"/>')
        body.append(
            f'<text class="soft" x="{x(tick)}" y="{bottom + 16}" text-anchor="middle">{scale.label(tick)}</text>'
        )
    body.append(f'<path class="axis" d="M{x(0)} {TOP}V{bottom}"/>')
    for place, row in enumerate(rows):
        middle = TOP + ROW * (place + 0.5)
        low, median, high = row["quartiles"]
        name = _shortened(row["name"])
        body += [
            f'<text class="ink" x="{NAMES - 10}" y="{middle + 4}" text-anchor="end">{escape(name)}'
            f"<title>{escape(row['name'])}</title></text>",
            f'<rect class="pale" x="{x(low)}" y="{middle - 6}" width="{max(x(high) - x(low), 1):g}" '
            'height="12" rx="2"/>',
            f'<path class="bar" d="M{x(median)} {middle - 6}v12"/>',
            _whisker(row.get("interval"), x, middle),
            f'<circle class="fitted" cx="{x(row["mean"])}" cy="{middle}" r="3"/>',
            f'<text class="soft" x="{WIDTH - 4}" y="{middle + 4}" text-anchor="end">{row["n"]:,}</text>',
        ]
    body.append(
        f'<text class="soft" x="{NAMES + span / 2}" y="{bottom + 34}" text-anchor="middle">'
        "predicted less human score</text>"
    )
    words = (
        f"Residuals by {label}, the {len(rows)} most frequent, with their number of pairs; box: the middle half, line: "
        "median, dot: mean with its 95 % interval."
    )
    return Drawing(_svg(f"Residuals by {label}", words, bottom + FOOT, body), words)


def _whisker(interval: Sequence[float] | None, x: Callable[[float], float], middle: float) -> str:
    """The 95 % interval of a mean."""
    return f'<path class="fit" d="M{x(interval[0])} {middle}H{x(interval[1])}"/>' if interval else ""


def _shortened(name: str) -> str:
    """A long name without its middle: names of one kind often begin alike."""
    return name if len(name) <= LETTERS else f"{name[: LETTERS // 2 - 3]}…{name[-LETTERS // 2 - 2 :]}"


class _Square:
    """A square plot with one scale on both axes: [0, 1], wider where a score lies outside."""

    height = TOP + SIDE + FOOT

    def __init__(self, values: Sequence[float]) -> None:
        inside = all(0 <= value <= 1 for value in values)
        self._scale: Scale = scale_of((), low=0.0, high=1.0) if inside else scale_of([*values, 0.0, 1.0])
        self.low, self.high = self._scale.low, self._scale.high

    def x(self, value: float) -> float:
        return round(LEFT + SIDE * self._scale.at(value) / 100, 2)

    def y(self, value: float) -> float:
        return round(TOP + SIDE * self._scale.up(value) / 100, 2)

    def line(self, css: str, *ends: tuple[float, float]) -> str:
        (x1, y1), (x2, y2) = ends
        return f'<path class="{css}" d="M{self.x(x1)} {self.y(y1)}L{self.x(x2)} {self.y(y2)}"/>'

    def frame(self, across: str, up: str) -> list[str]:
        """Grid, ticks and the names of the axes."""
        right, bottom = LEFT + SIDE, TOP + SIDE
        drawn = []
        for tick in self._scale.ticks():
            x, y, text = self.x(tick), self.y(tick), self._scale.label(tick)
            drawn += [
                f'<path class="grid" d="M{x} {TOP}V{bottom}M{LEFT} {y}H{right}"/>',
                f'<text class="soft" x="{x}" y="{bottom + 16}" text-anchor="middle">{text}</text>',
                f'<text class="soft" x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{text}</text>',
            ]
        middle = TOP + SIDE / 2
        return [
            *drawn,
            f'<path class="axis" d="M{LEFT} {TOP}V{bottom}H{right}" fill="none"/>',
            f'<text class="soft" x="{LEFT + SIDE / 2}" y="{bottom + 34}" text-anchor="middle">{across}</text>',
            f'<text class="soft" transform="translate(13 {middle}) rotate(-90)" text-anchor="middle">{up}</text>',
        ]


def _svg(title: str, words: str, height: float, body: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(title)}: {escape(words)}">'
        f'<text class="title" x="0" y="16">{escape(title)}</text>{"".join(body)}</svg>'
    )
