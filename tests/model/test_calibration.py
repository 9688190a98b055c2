"""Calibration against cases worked by hand and against numpy's own regression."""

from __future__ import annotations

import numpy as np
import pytest

from model import calibration


def test_the_curve_by_hand() -> None:
    predicted, score = np.array([0.11, 0.19, 0.5, 1.0, 1.2]), np.array([0.3, 0.1, 0.4, 0.9, 0.7])
    curve = calibration.reliability(predicted, score)
    assert [(row["low"], row["high"], row["n"]) for row in curve] == [(0.1, 0.2, 2), (0.5, 0.6, 1), (0.9, 1.0, 2)]
    assert [row["predicted"] for row in curve] == pytest.approx([0.15, 0.5, 1.1])
    assert [row["score"] for row in curve] == pytest.approx([0.2, 0.4, 0.8])
    assert curve[0]["standard_error"] == pytest.approx(np.std([0.3, 0.1], ddof=1) / np.sqrt(2))
    assert curve[1]["standard_error"] is None
    assert calibration.expected_error(predicted, score) == pytest.approx((2 * 0.05 + 1 * 0.1 + 2 * 0.3) / 5)


def test_slope_and_intercept_equal_numpys_regression() -> None:
    generator = np.random.default_rng(0)
    predicted = generator.random(80)
    score = 0.2 + 0.6 * predicted + generator.normal(0, 0.05, 80)
    found = calibration.slope(predicted, score), calibration.intercept(predicted, score)
    assert found == pytest.approx(tuple(np.polyfit(predicted, score, 1)))


def test_a_perfect_prediction_is_calibrated() -> None:
    score = np.random.default_rng(1).random(60)
    found = calibration.calibration(score, score, resamples=30, seed=0)
    assert found["n"] == sum(row["n"] for row in found["curve"]) == 60
    assert found["expected_error"] == pytest.approx({"value": 0.0, "low": 0.0, "high": 0.0}, abs=1e-12)
    assert found["slope"] == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0})
    assert found["intercept"]["value"] == pytest.approx(0.0, abs=1e-12)


def test_what_is_not_defined_is_none() -> None:
    none, flat = np.zeros(0), np.full(5, 0.3)
    assert calibration.expected_error(none, none) is None
    assert calibration.slope(flat, np.arange(5.0)) is None
    assert calibration.intercept(flat, np.arange(5.0)) is None
    found = calibration.calibration(none, none, resamples=5, seed=0)
    assert (found["n"], found["curve"], found["slope"]["value"]) == (0, [], None)
