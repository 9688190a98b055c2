"""The facts of a dataset: what its card prints, its manifest keeps and the site shows, computed once."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mpd_builder.codes import Floats
from mpd_builder.playback import is_held_back
from mpd_builder.preference_statistics import votes_alpha
from mpd_builder.records import Background, Clip, Direction, Painting, Protocol, Track
from mpd_builder.reliability import CENTRE, Alpha, UnitSums, unit_alpha
from mpd_builder.rows import Selection
from mpd_builder.snapshot import AlphaFact, DispersionFact, Facts, PreferenceFact, ProtocolFact, licences
from mpd_builder.snapshot.tables import SPLITS
from mpd_builder.splits import works_among
from mpd_builder.statistics.estimates import Estimate, stepped_up

HISTOGRAM_BINS = 10
DISPERSION_BINS, MOST_DISPERSION = 20, 0.5
DECIMALS = 6
FEWEST = 3
"""An answer about themselves that fewer raters gave is told as "other"."""
YEARS = ((0, "0"), (4, "1 to 4"), (9, "5 to 9"), (19, "10 to 19"))
MORE_YEARS = "20 or more"


def facts_of(selection: Selection) -> Facts:
    """Counts and statistics of a selection, rounded to six decimals."""
    pairs, tally, known = selection.pairs, selection.tally, selection.catalogue
    scores, dispersions = _column(pairs, "score"), _column(pairs, "dispersion")
    splits = {each["values"]: each["counts"] for each in pc.value_counts(pairs["split"]).to_pylist()}
    tracks = selection.tracks.values()
    alpha = pairs_alpha(pairs)
    return Facts(
        pairs={split: splits.get(split, 0) for split in SPLITS},
        incomplete_pairs=selection.incomplete_pairs,
        ambiguous_pairs=int(_column(pairs, "ambiguous").sum()),
        ratings=tally.ratings,
        raters=len(tally.raters),
        simulated_raters=len(tally.raters.keys() & known.simulated_raters),
        paintings=len(selection.paintings),
        synthetic_paintings=sum(painting.is_synthetic for painting in selection.paintings),
        tracks=len(tracks),
        synthetic_tracks=sum(track.is_synthetic for track in tracks),
        clips=len(selection.clips),
        score_mean=_mean(scores),
        score_histogram=histogram(scores, bins=HISTOGRAM_BINS, top=1.0),
        alpha=_alpha_fact(alpha),
        dispersion=_dispersion(dispersions, _column(pairs, "sample_dispersion")),
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
            "paintings": works_among((painting.id for painting in selection.paintings), known.same_works),
            "tracks": works_among((track.id for track in tracks), known.same_works),
        },
        alike={
            "paintings": works_among((painting.id for painting in selection.paintings), known.alike),
            "tracks": works_among((track.id for track in tracks), known.alike),
        },
        **_playback(selection.clips, known.playback_lufs),
        protocols=dict(sorted(tally.protocols.items())),
        input_methods=dict(sorted(tally.input_methods.items())),
        score_alpha=_score_alpha(alpha),
        dispersion_histogram=histogram(dispersions, bins=DISPERSION_BINS, top=MOST_DISPERSION),
        styles=_counts(painting.style for painting in selection.paintings),
        genres=_counts(selection.tracks[clip.track_id].genre for clip in selection.clips),
        collected_from=tally.first.isoformat() if tally.first else "",
        collected_until=tally.last.isoformat() if tally.last else "",
        protocol_versions=_protocols(known.protocols, tally.protocols),
        backgrounds=_backgrounds([each for each in known.backgrounds if each.rater_id in tally.raters]),
    )


def pairs_alpha(pairs: pa.Table) -> Alpha:
    """Krippendorff's alpha (interval) of the ratings behind these pairs: their numbers, means and dispersions do."""
    size_P, mean_P = _column(pairs, "n_ratings"), _column(pairs, "mean")
    within_P = size_P * np.square(_column(pairs, "dispersion"))
    return unit_alpha(UnitSums(size_P, mean_P - CENTRE, within_P, CENTRE))


def histogram(values: Floats, *, bins: int, top: float) -> tuple[int, ...]:
    """Values in equal bins of [0, top], each closed below, the last one closed on both sides."""
    places = np.round(values * (bins / top), 9).astype(np.int64)  # what lies on an edge stays there, whatever its noise
    return tuple(np.bincount(np.minimum(places, bins - 1), minlength=bins).tolist())


def _column(table: pa.Table, name: str) -> Any:
    return table[name].to_numpy(zero_copy_only=False) if table.num_rows else np.empty(0, np.int64)


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


def _score_alpha(alpha: Alpha) -> AlphaFact:
    """Of the mean of as many ratings as a pair has on average."""
    if alpha.value is None:
        return _alpha_fact(Alpha(None, None, None, alpha.n_units, alpha.n_ratings))
    score = stepped_up(Estimate(alpha.value, alpha.low, alpha.high), alpha.n_ratings / alpha.n_units)
    return _alpha_fact(Alpha(score.value, score.low, score.high, alpha.n_units, alpha.n_ratings))


def _alpha_fact(alpha: Alpha) -> AlphaFact:
    return AlphaFact(
        value=_rounded(alpha.value),
        low=_rounded(alpha.low),
        high=_rounded(alpha.high),
        n_units=alpha.n_units,
        n_ratings=alpha.n_ratings,
    )


def _dispersion(dispersions: Floats, sample_dispersions: Floats) -> DispersionFact:
    if not len(dispersions):
        return DispersionFact(None, None, None, None)
    return DispersionFact(
        mean=_mean(dispersions),
        share_below_09=_rounded(np.count_nonzero(dispersions < 0.09) / len(dispersions)),
        share_below_11=_rounded(np.count_nonzero(dispersions < 0.11) / len(dispersions)),
        sample_mean=_mean(sample_dispersions),
    )


def _preferences(preferences: pa.Table) -> dict[str, PreferenceFact]:
    directions = preferences["direction"].to_pylist()
    facts = {}
    for direction in Direction:
        those = preferences.filter(pa.array([each == direction.value for each in directions], pa.bool_()))
        alpha = votes_alpha(_column(those, "votes_a"), _column(those, "votes_b"))
        facts[direction.value] = PreferenceFact(
            tasks=those.num_rows,
            kept=those.num_rows - those["winner"].null_count,
            unanimous=int(_column(those, "unanimous").sum()),
            alpha=_alpha_fact(alpha),
        )
    return facts


def _protocols(protocols: Iterable[Protocol], counts: Mapping[str, int]) -> tuple[ProtocolFact, ...]:
    """Those that ratings carry, in the order in which they were published; those of an unknown day come first."""
    told = [
        ProtocolFact(
            label=each.label,
            published_on=each.published_on.isoformat() if each.published_on else "",
            digest=hashlib.sha256(each.text.encode()).hexdigest(),
            ratings=counts[each.label],
        )
        for each in protocols
        if counts.get(each.label)
    ]
    return tuple(sorted(told, key=lambda fact: (fact.published_on, fact.label)))


def _backgrounds(answers: Sequence[Background]) -> dict[str, dict[str, int]]:
    return {
        "role": _not_rare(each.role for each in answers),
        "discipline": _not_rare(" ".join(each.discipline.lower().split()) for each in answers),
        "training_years": _not_rare(_band(each.training_years) for each in answers),
    }


def _not_rare(answers: Iterable[str]) -> dict[str, int]:
    """Raters by answer ("" where they gave none), rare answers together, so that nobody is known by one."""
    counts = Counter(answers)
    rare = [answer for answer, count in counts.items() if count < FEWEST]
    together = sum(counts.pop(answer) for answer in rare)
    if together:
        counts["other"] += together
    return dict(sorted(counts.items()))


def _band(years: int | None) -> str:
    if years is None:
        return ""
    return next((name for most, name in YEARS if years <= most), MORE_YEARS)


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _mean(values: Floats) -> float | None:
    """To six decimals and the same on every machine: the sum is exact."""
    return _rounded(math.fsum(values.tolist()) / len(values)) if len(values) else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)
