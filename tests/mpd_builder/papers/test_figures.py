import re
import xml.etree.ElementTree as ET

import pytest

from mpd_builder.snapshot import Recipe
from mpd_builder.snapshot.papers.figures import MOST_ROWS, figures
from tests.mpd_builder.filled_facts import FILLED
from tests.mpd_builder.small_snapshot import facts, with_facts

SVG = "{http://www.w3.org/2000/svg}"


def drawn(**changes):
    return {figure.name: figure for figure in figures(with_facts(**(FILLED | changes)).facts, Recipe("default"))}


def parsed(figure):
    return ET.fromstring(figure.svg)


def bars(figure):
    return [each for each in parsed(figure).iter(f"{SVG}rect") if each.get("class") in ("bar", "pale")]


def texts(figure):
    return [each.text for each in parsed(figure).iter(f"{SVG}text")]


@pytest.mark.parametrize("name", ["splits", "scores", "dispersion", "styles", "genres"])
def test_each_figure_says_what_it_shows_and_asks_nobody_for_anything(name):
    figure = drawn()[name]
    root = parsed(figure)
    assert root.get("role") == "img"
    named = {each.get("id"): each.text for each in root if each.tag in (f"{SVG}title", f"{SVG}desc")}
    assert set(root.get("aria-labelledby").split()) == set(named)
    assert figure.words in named.values()
    source = figure.svg.decode().replace("http://www.w3.org/2000/svg", "")
    for outside in ("<script", "href", "url(", "@import", "@font-face", "http", "on load"):
        assert outside not in source
    assert "prefers-color-scheme:dark" in source


@pytest.mark.parametrize("name", ["splits", "scores", "dispersion", "styles", "genres"])
def test_nothing_is_drawn_outside_the_paper(name):
    root = parsed(drawn()[name])
    width, height = float(root.get("width")), float(root.get("height"))
    for each in root.iter(f"{SVG}rect"):
        x, y, wide, high = (float(each.get(key)) for key in ("x", "y", "width", "height"))
        assert 0 <= x <= x + wide <= width
        assert 0 <= y <= y + high <= height
    for each in root.iter(f"{SVG}text"):
        assert 0 < float(each.get("y")) < height


def test_a_histogram_has_a_bar_a_bin_as_high_as_its_count():
    counts = (1, 2, 0, 4, 0, 0, 0, 0, 0, 8)
    heights = [float(bar.get("height")) for bar in bars(drawn(score_histogram=counts)["scores"])]
    assert heights == pytest.approx([count * heights[-1] / 8 for count in counts], abs=0.01)


def test_scores_in_the_band_are_told_apart():
    inside = [number for number, bar in enumerate(bars(drawn()["scores"])) if bar.get("class") == "bar"]
    assert inside == [4, 5]


def test_the_two_lines_stand_at_their_dispersion():
    figure = drawn()["dispersion"]
    left, right = bars(figure)[0], bars(figure)[-1]
    start, end = float(left.get("x")) - 1.5, float(right.get("x")) + float(right.get("width")) + 1.5
    lines = [float(each.get("x1")) for each in parsed(figure).iter(f"{SVG}line") if each.get("class") == "mark"]
    assert [(at - start) / (end - start) * 0.5 for at in lines] == pytest.approx([0.09, 0.11], abs=1e-4)
    assert "100.0% below 0.09" in texts(figure)


def test_the_most_frequent_come_first_and_the_rest_together():
    styles = {f"style {number:02}": number for number in range(1, 31)} | {"": 7}
    shown = texts(drawn(styles=styles)["styles"])
    assert shown.index("style 30") < shown.index("style 29") < shown.index(f"{30 - MOST_ROWS} others")
    assert "style 01" not in shown
    assert "not stated" in shown


def test_a_single_rest_is_shown_by_its_name():
    styles = {f"style {number:02}": 2 for number in range(MOST_ROWS + 1)}
    assert "others" not in " ".join(filter(None, texts(drawn(styles=styles)["styles"])))


def test_hostile_and_long_names_stay_names():
    hostile = '<script>alert(1)</script> & "x" \u202e' + "y" * 200
    figure = drawn(styles={hostile: 3})["styles"]
    assert b"<script" not in figure.svg
    assert "\u202e" not in figure.svg.decode()
    assert any(text.endswith("…") and len(text) <= 24 for text in texts(figure))


def test_without_facts_there_is_no_figure():
    assert [figure.name for figure in figures(facts(), Recipe("default"))] == ["splits", "scores"]
    assert "styles" not in drawn(styles={"": 4})


def test_the_card_shows_every_figure_that_is_there_with_words(either):
    card = (either / "README.md").read_text()
    shown = re.findall(r"!\[([^\]]+)\]\((figures/[a-z]+\.svg)\)", card)
    assert sorted(path for _, path in shown) == sorted(
        str(place.relative_to(either)) for place in (either / "figures").iterdir()
    )
    assert all(len(words) > 20 for words, _ in shown)
