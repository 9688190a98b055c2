"""A report for people: what it says, that it is whole, and that it carries nothing foreign."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from model import evaluation
from model import report as reports
from model.judge import build
from model.report import plots
from tests.model.factories import micro_config, planted_dataset


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """The figures of an untrained model on planted pairs, one painting's style being hostile."""
    dataset, config = planted_dataset(), micro_config()
    style = np.where(dataset.pairs.painting == 0, "<script>alert(1)</script>", "Cubism")
    dataset = replace(dataset, items=pd.DataFrame({"style": style, "genre": ""}))
    torch.manual_seed(0)
    measured = evaluation.evaluate(
        config, build(config).eval(), dataset, dataset.media(config, torch.device("cpu")), seed=0
    )
    return {
        "config": config.to_dict(),
        "snapshot_digest": dataset.digest,
        "seed": 3,
        "code_version": "c0de",
        **measured,
    }


def test_the_page_needs_nothing_beside_it_and_runs_nothing(found: dict[str, Any]) -> None:
    text = reports.page(found)
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r"(src|href)=\"(?!#)", text)
    assert "prefers-color-scheme: dark" in text
    assert "default-src 'none'" in text


def test_the_page_says_every_regime_and_draws_each_measured_one(found: dict[str, Any]) -> None:
    text = reports.page(found)
    for name in found["protocols"]:
        assert f'<h2 id="{name}">' in text
    assert "not measured: training under unseen-both took every pair" in text
    drawings = re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL)
    assert len(drawings) == 3 * 3  # no residuals by genre: no clip states one
    for drawing in drawings:
        assert ET.fromstring(drawing).get("aria-label")


def test_markdown_has_the_models_figures_and_what_they_are_read_against(found: dict[str, Any]) -> None:
    text = reports.markdown(found)
    row = found["protocols"]["unseen-both"]
    line = next(line for line in text.splitlines() if line.startswith("| the model |"))
    assert line.split("|")[2].strip() == str(found["protocols"][next(iter(found["protocols"]))]["n"])
    assert f"{row['srcc']['value']:.3f} [{row['srcc']['low']:.3f}, {row['srcc']['high']:.3f}]" in text
    for name in ("constant", "painting mean", "clip mean", "additive", "noise ceiling", "scores 0.4 to 0.6"):
        assert name in text
    assert f"already reaches {max(row['prior'], 1 - row['prior']):.3f}" in text
    assert "| painting->music |" in text


def test_an_older_report_is_refused_in_words(found: dict[str, Any]) -> None:
    older = {name: value for name, value in found.items() if name != "regimes"}
    with pytest.raises(reports.ReportError, match="has no regimes: evaluate the model again"):
        reports.page(older)


def test_a_regime_without_pairs_is_said_and_not_drawn(found: dict[str, Any]) -> None:
    dataset, config = planted_dataset(), micro_config()
    nobody = {name: np.zeros_like(mask) for name, mask in dataset.protocols.items()}
    media = dataset.media(config, torch.device("cpu"))
    empty = evaluation.evaluate(config, build(config).eval(), replace(dataset, protocols=nobody), media, seed=0)
    text = reports.page({**found, **empty})
    assert "0 pairs." in text
    assert "<svg" not in text


def test_points_lie_where_their_scores_say() -> None:
    """The plot's corner is at (48, 330), it is 296 wide and high, and the human score goes across."""
    drawing = ET.fromstring(plots.scatter([(0.0, 1.0), (0.5, 0.25)]).svg)
    places = [(float(dot.attrib["cx"]), float(dot.attrib["cy"])) for dot in drawing.iter("circle")]
    assert places == [(344.0, 330.0), (122.0, 182.0)]


def test_a_score_outside_0_to_1_widens_the_plot() -> None:
    drawing = ET.fromstring(plots.scatter([(1.4, 0.0), (-0.2, 1.0)]).svg)
    heights = [float(dot.attrib["cy"]) for dot in drawing.iter("circle")]
    assert 34 <= heights[0] < heights[1] <= 330
    assert "-0.5" in plots.scatter([(-0.2, 1.0)]).svg


def test_long_names_keep_both_ends() -> None:
    rows = [{"name": "synthetic; calm, slow waltz", "n": 3, "mean": 0.1, "quartiles": [0.0, 0.1, 0.2]}]
    svg = plots.residuals(rows, label="genre").svg
    assert "synthe…" in svg
    assert "slow waltz<title>synthetic; calm, slow waltz</title>" in svg
