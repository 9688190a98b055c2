"""The facts of a dataset: what its card prints, its manifest keeps and the site shows, computed once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mpd_builder.aggregation import dispersion_summary
from mpd_builder.playback import is_held_back
from mpd_builder.records import Clip, Consensus, Direction, Painting, Preference, Rating, Track
from mpd_builder.reliability import krippendorff_alpha
from mpd_builder.rows import Selection
from mpd_builder.snapshot import AlphaFact, DispersionFact, Facts, PreferenceFact, licences
from mpd_builder.snapshot.tables import SPLITS
from mpd_builder.splits import works_among

HISTOGRAM_BINS = 10
DECIMALS = 6


def facts_of(selection: Selection) -> Facts:
    """Counts and statistics of a selection, rounded to six decimals."""
    raters = {rating.rater_id for rating in selection.ratings}
    scores = [agreed.score for agreed in selection.consensus.values()]
    splits = Counter(split.under(selection.regime).value for split in selection.splits.values())
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
        restricted={
            "paintings": _counts(painting.licence for painting in selection.paintings if _is_restricted(painting)),
            "tracks": _counts(track.licence for track in tracks if _is_restricted(track)),
        },
        restricted_clips=sum(_is_restricted(selection.tracks[clip.track_id]) for clip in selection.clips),
        same_works={
            "paintings": works_among((painting.id for painting in selection.paintings), selection.same_works),
            "tracks": works_among((track.id for track in tracks), selection.same_works),
        },
        alike={
            "paintings": works_among((painting.id for painting in selection.paintings), selection.alike),
            "tracks": works_among((track.id for track in tracks), selection.alike),
        },
        **_playback(selection.clips, selection.playback_lufs),
        protocols=_counts(rating.protocol for rating in selection.ratings),
        input_methods=_counts(rating.input_method for rating in selection.ratings),
    )


def _is_restricted(item: Painting | Track) -> bool:
    return not licences.may_pass_on(licence=item.licence, may_publish=item.may_publish)


def _playback(clips: Sequence[Clip], target_lufs: float | None) -> dict[str, Any]:
    held_back = (
        is_held_back(target_lufs=target_lufs, loudness_lufs=clip.loudness_lufs, true_peak_dbtp=clip.true_peak_dbtp)
        for clip in clips
    )
    return {
        "playback_lufs": target_lufs,
        "unmeasured_clips": sum(clip.loudness_lufs is None for clip in clips),
        "held_back_clips": sum(held_back),
    }


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
            unanimous=sum(each.unanimous for each in those),
        )
    return facts


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)
