"""From ratings to a pair's score: trimmed mean (or mean, or median), dispersion, ambiguous band.

Scores and dispersions are rounded to 12 decimals, far below what a rater can mean, so that the noise of binary
fractions decides nothing: the mean of 0.5, 0.6 and 0.7 is 0.6 and not 0.6000000000000001. "Ambiguous" is then a plain
comparison, inclusive at both ends, and filtering the stored score by the band gives the same pairs as the stored flag.
Sums run over the sorted values from the lowest on: the order of the ratings changes no bit of the result, nor does the
machine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mpd_builder.records import Consensus, Rating
from mpd_builder.rules import AVERAGES, Aggregator

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BAND = (0.4, 0.6)

_STEPS = 1e12  # 12 decimals
_ROUNDED_BELOW = 4096.0  # a double holds 12 decimals of numbers up to here, so larger ones are left alone


@dataclass(frozen=True, slots=True)
class DispersionSummary:
    """How far raters spread, over pairs (paper, section on annotation quality).

    `mean` and the shares are of the population standard deviation, `sample_mean` is the mean of the sample one. All are
    None where there is no pair.
    """

    n_pairs: int
    mean: float | None
    share_below_09: float | None
    share_below_11: float | None
    sample_mean: float | None


@dataclass(frozen=True, slots=True, eq=False)
class UnitScores:
    """What each unit with enough ratings scored, by every simple aggregator; all arrays have shape (P,).

    `units` are their codes, ascending, `size` their numbers of ratings. Values and dispersions (population and sample)
    are rounded as everywhere here.
    """

    units: Ints
    size: Ints
    trimmed: Floats
    mean: Floats
    median: Floats
    dispersion: Floats
    sample_dispersion: Floats

    def __len__(self) -> int:
        return len(self.units)

    def by(self, aggregator: Aggregator) -> Floats:
        """The scores by one aggregator. KeyError for the rater model."""
        by_aggregator = {
            Aggregator.TRIMMED_MEAN: self.trimmed,
            Aggregator.MEAN: self.mean,
            Aggregator.MEDIAN: self.median,
        }
        return by_aggregator[aggregator]

    def take(self, rows: Ints | slice) -> UnitScores:
        """Those rows only: indices or a slice."""
        return UnitScores(*(getattr(self, name)[rows] for name in self.__slots__))


def trimmed_mean(values: Sequence[float] | Floats, *, trim: int = 1) -> float:
    """The mean without the `trim` lowest and the `trim` highest values, rounded to 12 decimals.

    Raises ValueError if a value is not a finite number or if trimming leaves none.
    """
    row = np.asarray(values, dtype=np.float64)
    if row.ndim != 1:
        raise ValueError(f"values must be one flat list, not of shape {row.shape}")
    if trim < 0:
        raise ValueError(f"a number of values to trim cannot be negative: {trim}")
    if len(row) <= 2 * trim:
        raise ValueError(f"trimming {trim} at each end of {len(row)} values leaves none")
    if not np.isfinite(row).all():
        raise ValueError("a value is not a finite number")
    return float(_trimmed_means(np.sort(row)[np.newaxis, :], trim)[0])


def is_ambiguous(score: float, *, band: tuple[float, float] = BAND) -> bool:
    """Whether a score lies in the band, both ends included."""
    return bool(in_band(np.array([score]), band)[0])


def aggregate(
    ratings: Iterable[Rating],
    *,
    raters_per_pair: int,
    trim: int = 1,
    band: tuple[float, float] = BAND,
    aggregator: Aggregator = Aggregator.TRIMMED_MEAN,
) -> list[Consensus]:
    """The consensus of each pair with at least `raters_per_pair` ratings, ordered by pair id.

    Score: the trimmed mean, or what `aggregator` says (`trim` is of the trimmed mean alone). Dispersion: the population
    standard deviation of all the pair's ratings (paper, section on annotation), the sample one beside it. Pairs with
    fewer ratings are left out, not guessed. Raises ValueError for a value outside [0, 1], for a rater who rated a pair
    twice, and for settings that leave nothing to average.
    """
    _check_settings(raters_per_pair, cut_of(aggregator, raters_per_pair, trim=trim), band)
    rows = list(ratings)
    values = _checked_values(rows)
    code_of: dict[str, int] = {}
    codes = np.fromiter((code_of.setdefault(row.pair_id, len(code_of)) for row in rows), np.int64, len(rows))
    pair_ids = list(code_of)
    result: list[Consensus] = []
    for pairs, values_PN in _by_size(codes, values, raters_per_pair):
        scores = _trimmed_means(values_PN, cut_of(aggregator, values_PN.shape[1], trim=trim))
        dispersions, sample_dispersions = _dispersions(values_PN)
        result += [
            Consensus(pair_ids[pair], score, dispersion, sample_dispersion, values_PN.shape[1], ambiguous)
            for pair, score, dispersion, sample_dispersion, ambiguous in zip(
                pairs.tolist(),
                scores.tolist(),
                dispersions.tolist(),
                sample_dispersions.tolist(),
                in_band(scores, band).tolist(),
                strict=True,
            )
        ]
    return sorted(result, key=lambda consensus: consensus.pair_id)


def cut_of(aggregator: Aggregator, n_ratings: int, *, trim: int) -> int:
    """How many of the lowest and of the highest of a pair's ratings an aggregator leaves out before it averages.

    Each of them is a trimmed mean: the mean leaves out none, the median all but the one or two in the middle.
    ValueError for the rater model, whose score of a pair depends on all other pairs.
    """
    if aggregator is Aggregator.RATER_MODEL:
        raise ValueError("the rater model is no average of a pair's own ratings")
    return {Aggregator.MEAN: 0, Aggregator.MEDIAN: (n_ratings - 1) // 2}.get(aggregator, trim)


def score_units(unit_N: Ints, value_N: Floats, *, least: int, trim: int = 1) -> UnitScores:
    """The scores of all units with at least `least` ratings, from the unit's code and the value of each rating (N,).

    The same figures to the bit as `aggregate` gives, for values on any scale. Raises ValueError for settings that leave
    nothing to average.
    """
    _check_settings(least, trim, BAND)
    found = []
    for units, values_PN in _by_size(unit_N, value_N, least):
        n = values_PN.shape[1]
        cuts = (cut_of(aggregator, n, trim=trim) for aggregator in AVERAGES)
        aggregates = (_trimmed_means(values_PN, cut) for cut in cuts)
        found.append((units, np.full(len(units), n), *aggregates, *_dispersions(values_PN)))
    if not found:
        none, no_value = np.empty(0, dtype=np.int64), np.empty(0)
        return UnitScores(none, none, no_value, no_value, no_value, no_value, no_value)
    if len(found) == 1:
        return UnitScores(*found[0])
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.argsort(columns[0], kind="stable")
    return UnitScores(*(column[order] for column in columns))


def dispersion_summary(consensus: Iterable[Consensus]) -> DispersionSummary:
    """The paper's three figures on dispersion (mean, shares below 0.09 and 0.11), with the sample version's mean."""
    rows = list(consensus)
    if not rows:
        return DispersionSummary(0, None, None, None, None)
    n = len(rows)
    return DispersionSummary(
        n_pairs=n,
        mean=math.fsum(row.dispersion for row in rows) / n,
        share_below_09=sum(row.dispersion < 0.09 for row in rows) / n,
        share_below_11=sum(row.dispersion < 0.11 for row in rows) / n,
        sample_mean=math.fsum(row.sample_dispersion for row in rows) / n,
    )


def _by_size(unit_N: Ints, value_N: Floats, least: int) -> Iterator[tuple[Ints, Floats]]:
    """The units (P,) with n ratings and their values (P, n), sorted, for every n from `least` on that occurs."""
    counts = np.bincount(unit_N)
    in_order = value_N[np.lexsort((value_N, unit_N))]
    starts = np.cumsum(counts) - counts
    for size in np.unique(counts[counts >= least]).tolist():
        units = np.flatnonzero(counts == size)
        yield units, in_order[starts[units][:, np.newaxis] + np.arange(size)]


def _check_settings(raters_per_pair: int, trim: int, band: tuple[float, float]) -> None:
    if trim < 0:
        raise ValueError(f"a number of ratings to trim cannot be negative: {trim}")
    if raters_per_pair <= 2 * trim:
        raise ValueError(f"trimming {trim} at each end of {raters_per_pair} ratings a pair leaves none")
    if raters_per_pair < 2:
        raise ValueError("at least two raters a pair are needed: one rating has no dispersion")
    if not band[0] <= band[1]:
        raise ValueError(f"the ambiguous band runs from its lower to its upper end, not from {band[0]} to {band[1]}")


def _checked_values(rows: list[Rating]) -> Floats:
    values = np.fromiter((row.value for row in rows), np.float64, len(rows))
    is_outside = ~((values >= 0.0) & (values <= 1.0))
    if is_outside.any():
        row = rows[int(np.argmax(is_outside))]
        raise ValueError(f"rater {row.rater_id} gave pair {row.pair_id} the score {row.value}, which is not in 0..1")
    seen: set[tuple[str, str]] = {(row.pair_id, row.rater_id) for row in rows}
    if len(seen) < len(rows):
        for row in rows:
            if (row.pair_id, row.rater_id) not in seen:
                raise ValueError(f"rater {row.rater_id} rated pair {row.pair_id} more than once")
            seen.remove((row.pair_id, row.rater_id))
    return values


def in_band(scores: Floats, band: tuple[float, float] = BAND) -> npt.NDArray[np.bool_]:
    """Which of the scores (P,) lie in the band, both ends included."""
    low, high = _rounded(np.array(band))
    rounded = _rounded(scores)
    return np.asarray((rounded >= low) & (rounded <= high))


def _trimmed_means(sorted_PN: Floats, trim: int) -> Floats:
    """(P, N) values, each row sorted -> (P,) trimmed means."""
    kept_PN = sorted_PN[:, trim : sorted_PN.shape[1] - trim]
    return _rounded(_row_sums(kept_PN) / kept_PN.shape[1])


def _dispersions(sorted_PN: Floats) -> tuple[Floats, Floats]:
    """(P, N) values -> (P,) population and (P,) sample standard deviations."""
    n = sorted_PN.shape[1]
    deviations_PN = sorted_PN - (_row_sums(sorted_PN) / n)[:, np.newaxis]
    squares = _row_sums(deviations_PN * deviations_PN)
    return _rounded(np.sqrt(squares / n)), _rounded(np.sqrt(squares / (n - 1)))


def _row_sums(values_PN: Floats) -> Floats:
    """Row sums, added column by column: the same IEEE additions in the same order on every machine."""
    sums = np.zeros(len(values_PN))
    for column in values_PN.T:
        sums += column
    return sums


def _rounded(values: Floats) -> Floats:
    is_small = np.abs(values) < _ROUNDED_BELOW
    return np.where(is_small, np.rint(np.where(is_small, values, 0.0) * _STEPS) / _STEPS, values)
