"""The figures of one set of ratings: a whole campaign, or a slice of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.aggregation import BAND, UnitScores, in_band
from mpd_builder.codes import Floats
from mpd_builder.reliability import Alpha, UnitSums, unit_alpha
from mpd_builder.statistics.estimates import Estimate, jackknifed, stepped_up
from mpd_builder.statistics.forecast import RATERS, Forecast, forecast
from mpd_builder.statistics.icc import Icc, icc

SCORE_BINS = 20
DISPERSION_BINS = 50
"""Bins of the histogram of dispersions: steps of 0.01 up to 0.5, half of the ratings at 0 and half at 1."""
PAPERS_LINES = (0.09, 0.11)
"""The dispersions below which the paper counts its pairs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a campaign counts. `scale` is what a rating may be, in `band` a pair is ambiguous."""

    raters_per_pair: int = 5
    trim: int = 1
    band: tuple[float, float] = BAND
    scale: tuple[float, float] = (0.0, 1.0)
    confidence: float = 0.95
    resamples: int = 1000
    """Of every bootstrap; 0 leaves it out."""
    seed: int = 1
    forecast_for: tuple[int, ...] = RATERS


@dataclass(frozen=True, slots=True)
class Averages:
    """The mean over pairs of each pair's trimmed mean, mean and median."""

    trimmed_mean: float
    mean: float
    median: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The paper's three figures on dispersion over pairs: its mean, and the shares of pairs below 0.09 and 0.11."""

    mean: float
    share_below_09: float
    share_below_11: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The reliability of a set of ratings.

    `n_pairs` have a rating in it, `n_complete` at least the campaign's number of raters. Scores, dispersions and their
    histograms are of complete pairs only, None (and empty) where there are none; alpha and the ICC of all pairs with at
    least two ratings. `dispersion` is by the population standard deviation, `sample_dispersion` by the sample one.
    `bootstrap` is alpha again with a bootstrap interval. `alpha_of_score` is the reliability of the mean of
    `raters_per_pair` ratings by Spearman-Brown. Histograms run over the scale in equal bins, each closed below, the
    last one on both sides.
    """

    n_ratings: int
    n_raters: int
    n_pairs: int
    n_complete: int
    n_ambiguous: int
    scores: Averages | None
    dispersion: Spread | None
    sample_dispersion: Spread | None
    score_histogram: tuple[int, ...]
    dispersion_histogram: tuple[int, ...]
    alpha: Alpha
    bootstrap: Alpha | None
    icc: Icc
    alpha_of_score: Estimate
    forecast: tuple[Forecast, ...]


def figures(
    units: UnitSums, scores: UnitScores, *, n_raters: int, settings: Settings, bootstrap: Alpha | None = None
) -> Figures:
    """The figures of units (pairs) by their sums, and of the complete ones among them by their scores."""
    alpha = unit_alpha(units, confidence=settings.confidence)
    correlation = icc(units, k=settings.raters_per_pair, confidence=settings.confidence)
    low, high = settings.scale
    return Figures(
        n_ratings=int(units.size.sum()),
        n_raters=n_raters,
        n_pairs=int(np.count_nonzero(units.size)),
        n_complete=len(scores),
        n_ambiguous=int(in_band(scores.trimmed, settings.band).sum()),
        scores=_averages(scores),
        dispersion=spread(scores.dispersion),
        sample_dispersion=spread(scores.sample_dispersion),
        score_histogram=histogram(scores.trimmed, low=low, high=high, bins=SCORE_BINS),
        dispersion_histogram=histogram(scores.dispersion, low=0.0, high=(high - low) / 2.0, bins=DISPERSION_BINS),
        alpha=alpha,
        bootstrap=bootstrap,
        icc=correlation,
        alpha_of_score=stepped_up(Estimate(alpha.value, alpha.low, alpha.high), settings.raters_per_pair),
        forecast=forecast(alpha, correlation, raters=settings.forecast_for, confidence=settings.confidence),
    )


def spread(dispersion_P: Floats) -> Spread | None:
    """The paper's three figures of the pairs' dispersions; None without a pair."""
    if not len(dispersion_P):
        return None
    below_09, below_11 = (float(np.mean(dispersion_P < line)) for line in PAPERS_LINES)
    return Spread(float(dispersion_P.mean()), below_09, below_11)


def mean_estimate(value_P: Floats, *, confidence: float = 0.95) -> Estimate:
    """The mean over pairs and its interval, a jackknife over pairs: Student's t of the mean, as it comes out."""
    n = len(value_P)
    if not n:
        return Estimate(None)
    total = float(value_P.sum())
    if n == 1:
        return Estimate(total)
    return jackknifed(total / n, (total - value_P) / (n - 1), confidence=confidence, highest=np.inf)


def histogram(value_P: Floats, *, low: float, high: float, bins: int) -> tuple[int, ...]:
    """How many values lie in each of so many equal bins of [low, high]; () for no values.

    A value on an edge belongs above it, whatever the binary fraction of that edge happens to be.
    """
    if not len(value_P):
        return ()
    bin_P = np.floor((value_P - low) * (bins / (high - low)) + 1e-9).astype(np.int64)
    return tuple(np.bincount(np.clip(bin_P, 0, bins - 1), minlength=bins).tolist())


def _averages(scores: UnitScores) -> Averages | None:
    if not len(scores):
        return None
    return Averages(float(scores.trimmed.mean()), float(scores.mean.mean()), float(scores.median.mean()))
