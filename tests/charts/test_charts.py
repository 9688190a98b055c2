"""Charts: numbers land where they belong, words say what is drawn, nothing breaks the strict pages' policy."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest
from django.template import Context, Template

from annotation_site.charts.drawings import (
    MOST_LINE_POINTS,
    Bins,
    Mark,
    Series,
    histogram_drawing,
    line_drawing,
    rows_drawing,
    scatter_drawing,
    spark_drawing,
    thinned,
)
from mpd_builder.scales import number_label, round_step, scale_of

SVG = re.compile(r"<svg.*?</svg>(?=\s*(?:<svg|</div>|</li>|$))", re.DOTALL)


def render(source: str, **values: object) -> str:
    return Template("{% load charts %}" + source).render(Context(values))


@pytest.mark.parametrize(
    ("span", "step"), [(1.0, 0.2), (10, 2), (0.6, 0.2), (7, 2), (33, 10), (0.004, 0.001), (5, 1), (1234, 500)]
)
def test_ticks_stand_at_round_numbers(span: float, step: float) -> None:
    assert round_step(span) == pytest.approx(step)


def test_labels_have_as_few_decimals_as_tell_ticks_apart() -> None:
    scale = scale_of([0.0, 1.0])
    assert [scale.label(value) for value in scale.ticks()] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert number_label(12000, step=5000) == "12,000"
    assert number_label(-0.0, step=1) == "0"


def test_a_scale_of_one_value_still_has_a_width() -> None:
    scale = scale_of([3.0, 3.0])
    assert scale.low < 3.0 < scale.high
    assert 0 < scale.at(3.0) < 100


def test_counts_have_no_fractional_ticks() -> None:
    assert scale_of([1], low=0.0, whole=True).ticks() == [0.0, 1.0]


def test_bars_are_as_high_as_their_share_of_the_axis() -> None:
    drawing = histogram_drawing(Bins(edges=(0.0, 0.5, 1.0), counts=(10, 5)))
    assert drawing is not None
    high, low = drawing.bars
    assert high.height == pytest.approx(2 * low.height)
    assert high.x < 50 < low.x
    assert low.words == "0.5 to 1: 5 pairs"
    assert "15 pairs" in drawing.words


def test_only_bars_inside_the_band_stand_out() -> None:
    bins = Bins(edges=tuple(index / 10 for index in range(11)), counts=(1,) * 10)
    drawing = histogram_drawing(bins, band=(0.4, 0.6))
    assert drawing is not None
    assert [bar.inside for bar in drawing.bars] == [False] * 4 + [True] * 2 + [False] * 4
    assert drawing.band == (40.0, 20.0)


def test_bins_without_matching_edges_are_refused() -> None:
    with pytest.raises(ValueError, match="2 bins need 3 edges, not 2"):
        Bins(edges=(0.0, 1.0), counts=(1, 2))


def test_an_empty_chart_says_so_instead_of_drawing_axes() -> None:
    html = render("{% histogram bins title='Scores' empty='No complete pair yet.' %}", bins=Bins((0.0, 1.0), (0,)))
    assert "No complete pair yet." in html
    assert "<svg" not in html


def test_a_gap_in_a_series_lifts_the_pen() -> None:
    drawing = line_drawing([Series("loss", [(0, 1.0), (1, 0.8), (2, math.nan), (3, 0.5), (4, 0.4)])])
    assert drawing is not None
    assert drawing.lines[0].path.count("M") == 2


def test_a_series_of_nothing_but_gaps_draws_nothing() -> None:
    assert line_drawing([Series("loss", [(0, math.nan)])]) is None
    assert line_drawing([]) is None


def test_series_may_come_as_plain_mappings() -> None:
    drawing = line_drawing([{"name": "train", "points": [(0, 1.0), (1, 0.5)]}])
    assert drawing is not None
    assert drawing.words == "train: 2 points, from 1 to 0.5."


def test_thinning_keeps_every_spike() -> None:
    points = [(float(step), 0.0) for step in range(20_000)]
    points[12_345] = (12_345.0, 9.0)
    kept = thinned(points)
    assert len(kept) <= MOST_LINE_POINTS
    assert (12_345.0, 9.0) in kept
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)


def test_a_scatter_says_how_many_of_its_points_it_draws() -> None:
    drawing = scatter_drawing([(index / 5000, 0.5) for index in range(5000)], diagonal=True)
    assert drawing is not None
    assert drawing.words == f"{len(drawing.dots):,} of 5,000 points are drawn."


def test_a_sparkline_needs_two_values() -> None:
    assert spark_drawing([1]) is None
    spark = spark_drawing([0, 4, 2])
    assert spark is not None
    assert spark.words == "from 0 to 2, highest 4"


@pytest.mark.parametrize(
    "source",
    [
        "{% histogram bins title=odd x_label='Score' marks=marks band=band %}",
        "{% line_chart series title='Loss' x_label='Step' y_label='Loss' %}",
        "{% scatter points title='Predicted against true' diagonal=True %}",
        "{% sparkline values title='Ratings a day' %}",
    ],
)
def test_charts_are_well_formed_have_a_title_and_need_no_inline_style(source: str) -> None:
    html = render(
        source,
        odd="A <b> & c",
        bins=Bins((0.0, 0.5, 1.0), (3, 4)),
        marks=[Mark(0.09, "0.09"), Mark(0.11, "0.11")],
        band=(0.4, 0.6),
        series=[Series("train", [(0, 1.0), (10, 0.2)]), Series("validation", [(5, 0.6)], style="dots")],
        points=[(0.1, 0.2), (0.9, 0.7)],
        values=[1, 2, 3],
    )
    root = ET.fromstring(f"<div>{html}</div>")
    assert "style=" not in html
    assert "<script" not in html
    (image,) = root.findall(".//svg[@role='img']")
    title = image.find("title")
    assert title is not None
    assert title.text == image.get("aria-label")


def test_rows_are_as_long_as_their_share_of_the_longest() -> None:
    rows = rows_drawing([("Baroque", 30), ("Rococo", 10, "/list/?style=Rococo"), ("None", 0)], unit="paintings")
    assert [row.share for row in rows] == [100.0, pytest.approx(33.333), 0.0]
    assert rows[1].words == "Rococo: 10 of 40 paintings, 25.0 %"
    assert [row.url for row in rows] == ["", "/list/?style=Rococo", ""]
    assert rows_drawing([("None", 0)]) == rows_drawing([]) == []


def test_bars_are_words_and_numbers_without_colours_or_scripts() -> None:
    html = render("{% bars counts title='Styles' unit='paintings' %}", counts=[("<b>", 3, "/a?b=1&c=2"), ("Other", 1)])
    assert '<a href="/a?b=1&amp;c=2">&lt;b&gt;</a>' in html
    assert "style=" not in html
    assert ">3<span" in html
    assert "Nothing yet." in render("{% bars counts title='Styles' empty='Nothing yet.' %}", counts=[])


def test_quadrants_meet_where_they_are_said_to() -> None:
    drawing = scatter_drawing([(2.0, 8.0)], low=1, high=9, cross=5)
    assert drawing is not None
    assert drawing.cross is not None
    assert (drawing.cross.x, drawing.cross.y) == (50.0, 50.0)
    corners = ["tense", "excited", "sad", "calm"]
    html = render("{% scatter p title='Moods' low=1 high=9 cross=5 corners=c %}", p=[(2.0, 8.0)], c=corners)
    assert all(f">{corner}</text>" in html for corner in corners)
    assert "chart-cross" not in render("{% scatter p title='Moods' %}", p=[(2.0, 8.0)])
