"""What stands beside a model's figures: trivial rows and the raters' noise."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from model import evaluation
from model.data import Pairs
from model.judge import build
from mpd_builder.sides import Regime
from tests.model.factories import micro_config, planted_dataset


def additive_pairs() -> Pairs:
    """Score = 0.5 + painting's part + clip's part, on all combinations of 6 and 5."""
    painting, clip = (axis.ravel() for axis in np.meshgrid(np.arange(6), np.arange(5), indexing="ij"))
    score = 0.5 + np.linspace(-0.2, 0.2, 6)[painting] + np.linspace(-0.1, 0.1, 5)[clip]
    return Pairs(tuple(f"{p}.{c}" for p, c in zip(painting, clip, strict=True)), painting, clip, score)


def fitted(name: str, pairs: Pairs) -> np.ndarray:
    return evaluation.trivial_predictor(name, pairs)(pairs)


def test_trivial_rows_know_what_their_names_say() -> None:
    pairs = additive_pairs()
    np.testing.assert_allclose(fitted("constant", pairs), 0.5)
    np.testing.assert_allclose(fitted("painting mean", pairs), 0.5 + np.linspace(-0.2, 0.2, 6)[pairs.painting])
    np.testing.assert_allclose(fitted("clip mean", pairs), 0.5 + np.linspace(-0.1, 0.1, 5)[pairs.clip])
    additive = fitted("additive", pairs)
    assert np.corrcoef(additive, pairs.score)[0, 1] > 0.999
    assert np.abs(additive - pairs.score).max() < 0.06  # shrunk by one imagined mean score an item


def test_trivial_rows_fall_back_on_the_mean_for_items_they_have_not_seen() -> None:
    pairs = additive_pairs()
    train = pairs.take((pairs.painting < 4) & (pairs.clip < 3))
    unseen = pairs.take((pairs.painting >= 4) & (pairs.clip >= 3))
    for name in evaluation.TRIVIAL_ROWS:
        np.testing.assert_allclose(evaluation.trivial_predictor(name, train)(unseen), train.score.mean())


@pytest.mark.parametrize("noise", [0.05, 0.1])
def test_the_ceiling_is_what_the_true_scores_reach(noise: float) -> None:
    """2,000 pairs with known truth, five independent raters, the middle three averaged."""
    generator = np.random.default_rng(4)
    truth = generator.normal(0.5, 0.15, 2000)
    ratings = truth[:, None] + generator.normal(0, noise, (2000, 5))
    score = np.sort(ratings, axis=1)[:, 1:4].mean(axis=1)
    names = tuple(str(row) for row in range(2000))
    pairs = Pairs(names, np.arange(2000), np.arange(2000), score)
    frame = pd.DataFrame({"pair_id": np.repeat(names, 5), "value": ratings.ravel()})
    ceiling = evaluation.noise_ceiling(pairs, frame, trim=1)
    assert ceiling.n == 2000
    assert ceiling.plcc == pytest.approx(np.corrcoef(truth, score)[0, 1], abs=0.02)
    assert ceiling.mae == pytest.approx(np.abs(truth - score).mean(), rel=0.2)
    assert ceiling.srcc is not None
    assert ceiling.srcc < ceiling.plcc  # type: ignore[operator]


def test_without_spread_or_ratings_there_is_no_ceiling() -> None:
    pairs = additive_pairs()
    none = pd.DataFrame({"pair_id": ["nobody"], "value": [0.5]})
    assert evaluation.noise_ceiling(pairs, none, trim=1).plcc is None


def test_a_report_has_every_protocol_with_its_size_and_the_trivial_rows() -> None:
    dataset, config = planted_dataset(), micro_config()
    torch.manual_seed(0)
    module = build(config).eval()
    media = dataset.media(config, torch.device("cpu"))
    report = evaluation.evaluate(config, module, dataset, media, seed=0)
    for protocol in dataset.protocols:
        row = report["protocols"][protocol.value]
        assert row["n"] == int(dataset.protocols[protocol].sum()) > 5
        assert row["srcc"]["low"] <= row["srcc"]["value"] <= row["srcc"]["high"]
        assert report["trivial"]["constant"][protocol.value]["srcc"]["value"] is None
        assert report["noise_ceiling"][protocol.value]["plcc"] > 0.8
    assert tuple(report["trivial"]) == evaluation.TRIVIAL_ROWS
    held_out = dataset.preferences_within(np.logical_or.reduce(list(dataset.protocols.values())))
    assert report["preferences"]["all"]["n"] == len(held_out) > 0
    assert report == evaluation.evaluate(config, module, dataset, media, seed=0)
    assert report["trained_under"] == "unseen-both"
    assert report["regimes"]["unseen-both"]["n"] == report["protocols"]["unseen-both"]["n"]
    assert "no new combination" in report["regimes"]["pair"]["refused"]
    both = dataset.preferences_within(dataset.protocols[Regime.UNSEEN_PAINTING])
    assert report["preferences_by_regime"]["unseen-painting"]["painting->music"]["n"] == len(both) > 0
    band = report["ambiguous"]["protocols"]["unseen-painting"]
    inside = np.abs(dataset.pairs.score[dataset.protocols[Regime.UNSEEN_PAINTING]] - 0.5) <= 0.1
    assert 0 < band["n"] == inside.sum() < report["protocols"]["unseen-painting"]["n"]
    assert report["calibration"]["unseen-both"]["n"] == len(report["plots"]["unseen-both"]["points"])


def test_residuals_are_by_label_the_most_frequent_first() -> None:
    labels = np.array(["b", "a", "a", "", "a"], dtype=object)
    found = evaluation._residuals(labels, np.array([0.5, 0.1, 0.2, -0.5, 0.3]))
    assert [(row["name"], row["n"]) for row in found] == [("a", 3), ("not stated", 1), ("b", 1)]
    assert found[0]["mean"] == pytest.approx(0.2)
    assert found[0]["quartiles"] == pytest.approx([0.15, 0.2, 0.25])
    assert found[0]["interval"] == pytest.approx([0.2 - 0.24841, 0.2 + 0.24841], abs=1e-5)  # 4.30265 * 0.1 / sqrt(3)
    assert found[1]["interval"] is None
