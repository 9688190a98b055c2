"""Runs side by side: only what differs, and the best only where the intervals tell it apart."""

from __future__ import annotations

from typing import Any

import pytest

from annotation_site.training import figures
from annotation_site.training.comparison import Side, best_of, blocks, differences, warnings
from annotation_site.training.figures import Cell
from annotation_site.training.models import TrainingRun
from annotation_site.training.pages.comparing import asked_runs
from model import recipes
from tests.training.fabricated import REFUSED, estimate, make_report


def side(name: str = "Run 1", **fields: Any) -> Side:
    config = fields.pop("config", recipes.get("tiny"))
    defaults = {"digest": "d" * 64, "snapshot": "v1", "seed": 1, "code": "c0de", "report": make_report()}
    return Side(name=name, config=config, **(defaults | fields))


def test_only_settings_that_differ_are_shown() -> None:
    changed = recipes.get("tiny").with_overrides({"optim.lr": 0.01, "music.widths": [8, 16, 32, 48]})
    found = differences([side(), side(config=changed), side(config=None)])
    assert [(each.name, each.values) for each in found] == [
        ("music.widths", ["8, 16, 32, 64", "8, 16, 32, 48", "–"]),
        ("optim.lr", ["0.002", "0.01", "–"]),
    ]
    assert found[1].title == "Optimiser: Learning rate"
    assert differences([side(), side()]) == []
    assert differences([side(config=None), side(config=None)]) == []


@pytest.mark.parametrize(
    ("cells", "lower", "best"),
    [
        ([(0.6, 0.5, 0.7), (0.4, 0.3, 0.49)], False, 0),
        ([(0.6, 0.5, 0.7), (0.4, 0.3, 0.5)], False, None),  # they touch
        ([(0.6, 0.5, 0.7), (0.55, 0.45, 0.65)], False, None),
        ([(0.10, 0.09, 0.11), (0.2, 0.19, 0.21)], True, 0),
        ([(0.2, 0.19, 0.21), (0.10, 0.09, 0.11), (0.105, 0.1, 0.11)], True, None),
        ([(0.6, 0.5, 0.7)], False, None),
        ([(0.6, 0.5, 0.7), (None, None, None)], False, None),
        ([(0.6, None, None), (0.1, 0.0, 0.2)], False, None),
    ],
)
def test_the_best_is_marked_only_where_its_interval_lies_clear_of_every_other(
    cells: list[tuple[float | None, ...]], lower: bool, best: int | None
) -> None:
    assert best_of([Cell(*cell) for cell in cells], lower=lower) == best


def test_figures_of_one_snapshot_are_told_apart_or_said_not_to_be() -> None:
    clear = blocks([side(report=make_report(srcc=0.8, half=0.05)), side(report=make_report(srcc=0.5, half=0.05))])
    assert [block.title for block in clear] == ["New painting, new track", "New painting", "New track"]
    by_name = {metric.name: metric for metric in clear[0].metrics}
    assert (by_name["SRCC"].best, by_name["MAE"].best) == (0, 0)
    close = blocks([side(report=make_report(srcc=0.62)), side(report=make_report(srcc=0.6))])
    assert {(metric.best, metric.words) for metric in close[0].metrics} == {(None, "not told apart")}


def test_different_snapshots_are_warned_about_and_none_is_the_best() -> None:
    sides = [side(report=make_report(srcc=0.9, half=0.01)), side(digest="e" * 64, report=make_report(srcc=0.1))]
    assert "different snapshots" in warnings(sides)[0]
    assert {metric.best for block in blocks(sides) for metric in block.metrics} == {None}
    assert warnings([side(), side()]) == []


def test_a_run_without_a_report_is_named_and_leaves_a_gap() -> None:
    sides = [side(), side("Run 2", report={}), side("Run 3", report=make_report(trained_under="pair"))]
    assert [words for words in warnings(sides) if "Run 2 has no report" in words]
    assert [words for words in warnings(sides) if "different splits" in words]
    assert blocks(sides)[0].numbers == [80, None, 80]


@pytest.mark.parametrize(
    ("values", "found"),
    [(["3,5"], [3, 5]), (["5", "3", "5"], [5, 3]), (["x", "", "-1"], []), (["1,2,3,4,5,6,7"], [1, 2, 3, 4, 5, 6])],
)
def test_runs_are_asked_for_by_address(values: list[str], found: list[int]) -> None:
    assert asked_runs(values) == found


def test_headlines_say_how_the_model_stands_to_the_best_predictor_without_one() -> None:
    by_name = {each.name: each for each in figures.headlines(make_report(srcc=0.6))}
    assert by_name["SRCC"].words == "better than additive (0.20)"
    assert by_name["SRCC"].ceiling == 0.94
    assert by_name["MAE"].words == "better than additive (0.25)"
    near = {each.name: each.words for each in figures.headlines(make_report(srcc=0.25))}
    assert near["SRCC"] == "not told apart from additive (0.20)"
    worse = {each.name: each.words for each in figures.headlines(make_report(srcc=0.0))}
    assert worse["SRCC"] == "worse than additive (0.20)"
    assert worse["MAE"] == "worse than additive (0.25)"


def test_a_report_shows_what_was_refused_and_an_old_one_what_it_has() -> None:
    shown = figures.shown_report(make_report())
    assert shown.refused == [("New combination", REFUSED)]
    assert shown.regimes[0].title == "New painting, new track"
    assert [row["name"] for row in shown.regimes[0].residuals] == ["Impressionism", "Cubism", "<b>Odd</b> style"]
    assert "<b>Odd" not in shown.regimes[0].drawings[2].svg
    old = figures.shown_report({"protocols": {"unseen-both": {"n": 3, "srcc": estimate(0.4)}}})
    assert "the report has no config" in old.gone
    assert old.headlines[0].cell.value == 0.4
    assert figures.shown_report({}).headlines == []


def test_the_headline_figure_is_of_the_regime_that_was_trained_under() -> None:
    protocols = {"pair": {"srcc": {"value": 0.4}}, "unseen-both": {"srcc": {"value": 0.3}}}
    assert figures.test_srcc(TrainingRun(report={"trained_under": "pair", "protocols": protocols})) == 0.4
    assert figures.test_srcc(TrainingRun(report={"protocols": protocols})) == 0.3
    assert figures.test_srcc(TrainingRun()) is None
