"""Charts for templates: `{% load charts %}`, then histogram, bars, line_chart, scatter or sparkline.

Each renders accessible SVG that fills its container, reads in dark and light, and needs no script. The page must link
`charts/charts.css` (the admin panel does).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from annotation_site.charts.drawings import (
    Bins,
    Drawing,
    Mark,
    Series,
    histogram_drawing,
    line_drawing,
    rows_drawing,
    scatter_drawing,
    spark_drawing,
)

register = template.Library()

NOTHING = "Nothing to draw yet."


def _context(drawing: Drawing | None, **labels: Any) -> dict[str, Any]:
    return {"drawing": drawing, **labels}


@register.inclusion_tag("charts/chart.html")
def histogram(
    bins: Bins,
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    marks: Sequence[Mark] = (),
    band: tuple[float, float] | None = None,
    unit: str = "pairs",
    height: int = 220,
    empty: str = NOTHING,
) -> dict[str, Any]:
    """Bars of `bins`; `marks` are labelled vertical lines, bars inside `band` stand out."""
    drawing = histogram_drawing(bins, marks=marks, band=band, unit=unit)
    return _context(drawing, title=title, x_label=x_label, y_label=y_label, height=height, empty=empty)


@register.inclusion_tag("charts/chart.html")
def line_chart(
    series: Sequence[Series | Mapping[str, Any]],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    x_low: float | None = None,
    x_high: float | None = None,
    y_low: float | None = None,
    y_high: float | None = None,
    height: int = 240,
    empty: str = NOTHING,
) -> dict[str, Any]:
    """Several series with a legend. A series is a `Series` or `{"name", "points": [(x, y), ...], "style"}`."""
    drawing = line_drawing(series, x_low=x_low, x_high=x_high, y_low=y_low, y_high=y_high)
    return _context(drawing, title=title, x_label=x_label, y_label=y_label, height=height, empty=empty)


@register.inclusion_tag("charts/chart.html")
def scatter(
    points: Sequence[tuple[float, float]],
    *,
    title: str,
    x_label: str = "",
    y_label: str = "",
    low: float | None = None,
    high: float | None = None,
    diagonal: bool = False,
    cross: float | None = None,
    corners: Sequence[str] = (),
    height: int = 280,
    empty: str = NOTHING,
) -> dict[str, Any]:
    """Points (x, y); `low` and `high` hold for both axes. `cross` marks four quadrants, named by `corners`.

    The corners are in the order of reading: top left, top right, bottom left, bottom right.
    """
    drawing = scatter_drawing(points, low=low, high=high, diagonal=diagonal, cross=cross)
    labels = {"title": title, "x_label": x_label, "y_label": y_label, "height": height, "empty": empty}
    return _context(drawing, corners=corners, **labels)


@register.inclusion_tag("charts/bars.html")
def bars(
    counts: Sequence[tuple[str, int] | tuple[str, int, str]], *, title: str, unit: str = "items", empty: str = NOTHING
) -> dict[str, Any]:
    """Horizontal bars, one a name: (label, count) or (label, count, address of what was counted)."""
    return {"rows": rows_drawing(counts, unit=unit), "title": title, "unit": unit, "empty": empty}


@register.inclusion_tag("charts/sparkline.html")
def sparkline(values: Sequence[float], *, title: str, height: int = 36, low: float | None = 0.0) -> dict[str, Any]:
    """A word-sized line of equally spaced values, from `low` up (None: their lowest); fewer than two draw nothing."""
    return {"spark": spark_drawing(values, low=low), "title": title, "height": height}
