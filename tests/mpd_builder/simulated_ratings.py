"""Ratings whose truth is known: sparse designs, in which every unit has a few of many raters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.statistics.ratings import RatingTable, rating_table


@dataclass(frozen=True)
class Planted:
    """What the ratings were made of: the truth of each unit, the bias, noise and scale use of each rater."""

    table: RatingTable
    truth: np.ndarray
    bias: np.ndarray
    noise: np.ndarray
    scale: np.ndarray


def sparse_ratings(
    n_units, n_raters=35, per_unit=5, *, seed=1, signal=0.2, noise=0.08, bias=0.0, scale=None, unequal=False, **columns
):
    """`per_unit` raters a unit, drawn at random; rating = truth + scale * (truth - 0.5) + bias + noise, not cut."""
    rng = np.random.default_rng(seed)
    chosen = np.argsort(rng.random((n_units, n_raters)), axis=1)[:, :per_unit]
    units = np.repeat(np.arange(n_units), per_unit)
    raters = chosen.ravel()
    if unequal:  # some units have one, some two ... ratings
        kept = rng.random(len(units)) < 0.75
        units, raters = units[kept], raters[kept]
    truth = 0.5 + signal * rng.normal(size=n_units)
    biases = np.broadcast_to(np.asarray(bias, dtype=float), (n_raters,))
    noises = np.broadcast_to(np.asarray(noise, dtype=float), (n_raters,))
    scales = np.broadcast_to(np.asarray(0.0 if scale is None else scale, dtype=float), (n_raters,))
    values = truth[units] + scales[raters] * (truth[units] - 0.5) + biases[raters]
    values = values + noises[raters] * rng.normal(size=len(units))
    table = rating_table(units, raters, values, **{name: make(units, raters, rng) for name, make in columns.items()})
    return Planted(table, truth, biases, noises, scales)
