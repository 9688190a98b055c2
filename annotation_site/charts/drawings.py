"""What each chart draws, as plain values that a template only prints.

Positions are percent of the plot, so that a chart fills any width while its text keeps its size; paths live in a
100 x 100 box that is stretched. Nothing here needs a script or a style attribute.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mpd_builder.scales import Scale, Tick, scale_of

MOST_LINE_POINTS = 600
MOST_SCATTER_POINTS = 2000
LETTER_PX = 7
COLOURS = 6
LINE_STYLES = ("line", "dashed", "dotted", "long", "dash-dot", "sparse")
"""How a line can be drawn, so that as many are told apart without their colours."""


@dataclass(frozen=True, slots=True)
class Bins:
    """A histogram's counts; `edges` has one entry more."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.edges) != len(self.counts) + 1:
            raise ValueError(f"{len(self.counts)} bins need {len(self.counts) + 1} edges, not {len(self.edges)}.")


@dataclass(frozen=True, slots=True)
class Series:
    """One named line: points (x, y). `style` is one of LINE_STYLES, or dots."""

    name: str
    points: Sequence[tuple[float, float]]
    style: str = "line"


@dataclass(frozen=True, slots=True)
class Mark:
    """A labelled vertical line at a value."""

    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """A named count, as a horizontal bar: `share` of the longest in percent. `url` leads to what was counted."""

    label: str
    count: int
    share: float
    words: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    words: str
    inside: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A series as drawn: `path` in the 100 x 100 box, `dots` for the few points that get their own words."""

    name: str
    number: int
    style: str
    path: str
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    words: str


@dataclass(frozen=True, slots=True)
class Frame:
    """The axes around a plot."""

    x: Scale
    y: Scale
    x_ticks: list[Tick]
    y_ticks: list[Tick]

    @property
    def gutter(self) -> int:
        """Pixels that the y labels need."""
        return 12 + LETTER_PX * max((len(tick.label) for tick in self.y_ticks), default=1)


@dataclass(frozen=True, slots=True)
class Drawing:
    """A whole chart. `words` say what a reader would see."""

    frame: Frame
    words: str
    bars: list[Bar] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    marks: list[Dot] = field(default_factory=list)
    band: tuple[float, float] | None = None
    diagonal: tuple[float, float, float, float] | None = None
    cross: Dot | None = None


def frame_of(x: Scale, y: Scale) -> Frame:
    return Frame(
        x=x,
        y=y,
        x_ticks=[Tick(x.at(value), x.label(value)) for value in x.ticks()],
        y_ticks=[Tick(y.up(value), y.label(value)) for value in y.ticks()],
    )


def histogram_drawing(
    bins: Bins, *, marks: Sequence[Mark] = (), band: tuple[float, float] | None = None, unit: str = "pairs"
) -> Drawing | None:
    """Bars over [edges[0], edges[-1]]; those inside `band` are told apart. None when there is nothing to draw."""
    if not any(bins.counts):
        return None
    x = scale_of((), low=bins.edges[0], high=bins.edges[-1])
    y = scale_of([*bins.counts], low=0.0, wanted=4, whole=True)
    bars = [_bar(x, y, edges, count, band=band, unit=unit) for edges, count in _bars(bins) if count]
    (low, high), most = max(_bars(bins), key=lambda bar: bar[1])
    words = f"{sum(bins.counts):,} {unit}; most of them, {most:,}, between {low:.4g} and {high:.4g}."
    return Drawing(
        frame=frame_of(x, y),
        words=words,
        bars=bars,
        marks=[Dot(x.at(mark.value), 0, mark.label) for mark in marks],
        band=(x.at(band[0]), round(x.at(band[1]) - x.at(band[0]), 3)) if band else None,
    )


def _bars(bins: Bins) -> list[tuple[tuple[float, float], int]]:
    return list(zip(zip(bins.edges[:-1], bins.edges[1:], strict=True), bins.counts, strict=True))


def _bar(
    x: Scale, y: Scale, edges: tuple[float, float], count: int, *, band: tuple[float, float] | None, unit: str
) -> Bar:
    low, high = edges
    left, right, top = x.at(low), x.at(high), y.up(count)
    gap = (right - left) * 0.08
    middle = (low + high) / 2
    return Bar(
        x=round(left + gap / 2, 3),
        y=top,
        width=round(right - left - gap, 3),
        height=round(100 - top, 3),
        words=f"{low:.4g} to {high:.4g}: {count:,} {unit}",
        inside=band is not None and band[0] <= middle <= band[1],
    )


def rows_drawing(counts: Sequence[tuple[str, int] | tuple[str, int, str]], *, unit: str = "items") -> list[Row]:
    """Horizontal bars of (label, count) or (label, count, address), in the order given; nothing where all are 0."""
    most = max((entry[1] for entry in counts), default=0)
    total = sum(entry[1] for entry in counts)
    if not most:
        return []
    return [
        Row(
            label=label,
            count=count,
            share=round(100 * count / most, 3),
            words=f"{label}: {count:,} of {total:,} {unit}, {100 * count / total:.1f} %",
            url=str(rest[0]) if rest else "",
        )
        for label, count, *rest in counts
    ]


def as_series(value: Series | Mapping[str, Any]) -> Series:
    if isinstance(value, Series):
        return value
    return Series(name=value["name"], points=value["points"], style=value.get("style", "line"))


def line_drawing(
    series: Sequence[Series | Mapping[str, Any]],
    *,
    x_low: float | None = None,
    x_high: float | None = None,
    y_low: float | None = None,
    y_high: float | None = None,
) -> Drawing | None:
    """Several series over one pair of axes. Points that are not finite leave a gap. None when no point is finite."""
    all_series = [as_series(one) for one in series]
    points = [point for one in all_series for point in one.points if _finite(point)]
    if not points:
        return None
    x = scale_of([px for px, _ in points], low=x_low, high=x_high, wanted=6)
    y = scale_of([py for _, py in points], low=y_low, high=y_high)
    lines = [_line(one, 1 + index % COLOURS, x, y) for index, one in enumerate(all_series)]
    return Drawing(frame=frame_of(x, y), words=" ".join(_line_words(one) for one in all_series), lines=lines)


def _finite(point: tuple[float, float]) -> bool:
    return all(value is not None and math.isfinite(value) for value in point)


def _line_words(series: Series) -> str:
    finite = [point for point in series.points if _finite(point)]
    if not finite:
        return f"{series.name}: no points yet."
    return f"{series.name}: {len(finite):,} points, from {finite[0][1]:.4g} to {finite[-1][1]:.4g}."


def _line(series: Series, number: int, x: Scale, y: Scale) -> Line:
    parts: list[str] = []
    pen_down = False
    for px, py in thinned(series.points):
        if not _finite((px, py)):
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{x.at(px):g} {y.up(py):g}")
        pen_down = True
    finite = [point for point in series.points if _finite(point)]
    told = finite if len(finite) <= 24 or series.style == "dots" else finite[-1:]
    dots = [Dot(x.at(px), y.up(py), f"{series.name}: {py:.4g} at {px:g}") for px, py in told]
    return Line(series.name, number, series.style, "" if series.style == "dots" else "".join(parts), dots)


def thinned(points: Sequence[tuple[float, float]], *, most: int = MOST_LINE_POINTS) -> Sequence[tuple[float, float]]:
    """At most `most` points with every peak kept: first, last, and the lowest and highest of each stretch, in order.

    Points that are not finite leave no gap where there are too many to draw one by one.
    """
    if len(points) <= most:
        return points
    stretch = math.ceil((len(points) - 2) / ((most - 2) // 2))
    kept: list[tuple[float, float]] = [points[0]]
    for start in range(1, len(points) - 1, stretch):
        stop = min(start + stretch, len(points) - 1)
        inside = [index for index in range(start, stop) if _finite(points[index])]
        if inside:
            ends = {min(inside, key=lambda at: points[at][1]), max(inside, key=lambda at: points[at][1])}
            kept += [points[index] for index in sorted(ends)]
    return [*kept, points[-1]]


def scatter_drawing(
    points: Sequence[tuple[float, float]],
    *,
    low: float | None = None,
    high: float | None = None,
    diagonal: bool = False,
    cross: float | None = None,
) -> Drawing | None:
    """Points, with the line y = x where wanted, and with quadrants that meet where both are `cross`.

    Very many points are thinned evenly, and the words say so.
    """
    finite = [point for point in points if _finite(point)]
    if not finite:
        return None
    stride = math.ceil(len(finite) / MOST_SCATTER_POINTS)
    shown = finite[::stride]
    x = scale_of([px for px, _ in finite], low=low, high=high)
    y = scale_of([py for _, py in finite], low=low, high=high)
    if diagonal:
        x = y = scale_of([value for point in finite for value in point], low=low, high=high)
    words = f"{len(finite):,} points." if stride == 1 else f"{len(shown):,} of {len(finite):,} points are drawn."
    return Drawing(
        frame=frame_of(x, y),
        words=words,
        dots=[Dot(x.at(px), y.up(py), f"{px:.3g}, {py:.3g}") for px, py in shown],
        diagonal=(0, 100, 100, 0) if diagonal else None,
        cross=Dot(x.at(cross), y.up(cross), "") if cross is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Spark:
    """A word-sized line: `path` and the filled `area` under it, both in the 100 x 100 box."""

    path: str
    area: str
    end: Dot
    words: str


def spark_drawing(values: Sequence[float], *, low: float | None = 0.0) -> Spark | None:
    finite = [float(value) for value in values]
    if len(finite) < 2 or not all(map(math.isfinite, finite)):
        return None
    y = scale_of(finite, low=low)
    places = [(round(100 * index / (len(finite) - 1), 2), 6 + 0.88 * y.up(value)) for index, value in enumerate(finite)]
    path = "M" + "L".join(f"{px:g} {py:.4g}" for px, py in places)
    words = f"from {finite[0]:,.4g} to {finite[-1]:,.4g}, highest {max(finite):,.4g}"
    return Spark(path, f"{path}L100 100L0 100Z", Dot(places[-1][0], places[-1][1], words), words)
