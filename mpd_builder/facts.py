"""The facts of a dataset: what its card prints, its manifest keeps and the site shows, computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from mpd_builder.aggregation import dispersion_summary
from mpd_builder.records import Consensus, Direction, Preference, Rating
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.rows import Selection, is_unanimous
from mpd_builder.snapshot import AlphaFact, DispersionFact, Facts, PreferenceFact
from mpd_builder.snapshot.tables import SPLITS

HISTOGRAM_BINS = 10
DECIMALS = 6


def facts_of(selection: Selection) -> Facts:
    """Counts and statistics of a selection, rounded to six decimals."""
    raters = {rating.rater_id for rating in selection.ratings}
    scores = [agreed.score for agreed in selection.consensus.values()]
    splits = Counter(split for split, _, _ in selection.splits.values())
    tracks = selection.tracks.values()
    return Facts(
        pairs={split: splits[split] for split in SPLITS},
        incomplete_pairs=selection.incomplete_pairs,
        ambiguous_pairs=sum(agreed.ambiguous for agreed in selection.consensus.values()),
        ratings=len(selection.ratings),
        raters=len(raters),
        simulated_raters=len(raters & selection.simulated_raters),
        paintings=len(selection.paintings),
        synthetic_paintings=sum(painting.is_synthetic for painting in selection.paintings),
        tracks=len(tracks),
        synthetic_tracks=sum(track.is_synthetic for track in tracks),
        clips=len(selection.clips),
        score_mean=_rounded(sum(scores) / len(scores)) if scores else None,
        score_histogram=score_histogram(scores),
        alpha=_alpha(selection.ratings),
        dispersion=_dispersion(selection.consensus.values()),
        preferences=_preferences(selection.preferences),
        licences={
            "paintings": _counts(painting.licence for painting in selection.paintings),
            "tracks": _counts(track.licence for track in tracks),
        },
        protocols=_counts(rating.protocol for rating in selection.ratings),
        input_methods=_counts(rating.input_method for rating in selection.ratings),
    )


def score_histogram(scores: Iterable[float]) -> tuple[int, ...]:
    """Scores in ten equal bins of [0, 1], each closed below, the last one closed on both sides."""
    bins = Counter(min(int(score * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for score in scores)
    return tuple(bins[number] for number in range(HISTOGRAM_BINS))


def _alpha(ratings: Iterable[Rating]) -> AlphaFact:
    ratings = list(ratings)
    if not ratings:
        return AlphaFact(None, None, None, 0, 0)
    alpha = krippendorff_alpha([rating.pair_id for rating in ratings], [rating.value for rating in ratings])
    return AlphaFact(
        value=_rounded(alpha.value),
        low=_rounded(alpha.low),
        high=_rounded(alpha.high),
        n_units=alpha.n_units,
        n_ratings=alpha.n_ratings,
    )


def _dispersion(consensus: Iterable[Consensus]) -> DispersionFact:
    consensus = list(consensus)
    if not consensus:
        return DispersionFact(None, None, None, None)
    summary = dispersion_summary(consensus)
    return DispersionFact(
        mean=_rounded(summary.mean),
        share_below_09=_rounded(summary.share_below_09),
        share_below_11=_rounded(summary.share_below_11),
        sample_mean=_rounded(summary.sample_mean),
    )


def _preferences(preferences: Iterable[Preference]) -> dict[str, PreferenceFact]:
    preferences = list(preferences)
    facts = {}
    for direction in Direction:
        those = [each for each in preferences if each.task.direction is direction]
        facts[direction.value] = PreferenceFact(
            tasks=len(those),
            kept=sum(each.winner is not None for each in those),
            unanimous=sum(is_unanimous(each) for each in those),
        )
    return facts


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)
