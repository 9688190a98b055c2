"""From records to the rows of a snapshot's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mpd_builder.records import Clip, Consensus, Painting, Pair, Preference, Rating, Track
from mpd_builder.sides import Regime
from mpd_builder.snapshot import Dataset, Facts, RaterIds, tables
from mpd_builder.splits import PairSplit, side_of_task

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Selection:
    """What a snapshot will hold, as records sorted by their keys.

    tracks, consensus, splits: by id, by pair id, by pair id. work: the work of a painting or track by its id.
    regime: which of a pair's splits decides the file it goes to, and those of its tasks.
    incomplete_pairs: how many rated pairs were left out for having too few ratings.
    same_works, alike, playback_lufs: as in Judgments.
    """

    paintings: Sequence[Painting]
    tracks: Mapping[str, Track]
    clips: Sequence[Clip]
    pairs: Sequence[Pair]
    ratings: Sequence[Rating]
    consensus: Mapping[str, Consensus]
    preferences: Sequence[Preference]
    splits: Mapping[str, PairSplit]
    work: Callable[[str], str]
    regime: Regime
    simulated_raters: frozenset[str]
    incomplete_pairs: int
    same_works: Sequence[tuple[str, str]] = ()
    alike: Sequence[tuple[str, str]] = ()
    playback_lufs: float | None = None


def fill_tables(selection: Selection, *, rater_ids: RaterIds, facts: Facts) -> Dataset:
    """All tables, in the order of the selection."""
    pairs = _pair_rows(selection)
    return Dataset(
        pairs={
            split: tables.table_of([row for row in pairs if row["split"] == split], tables.PAIRS)
            for split in tables.SPLITS
        },
        ratings=tables.table_of(_rating_rows(selection, rater_ids), tables.RATINGS),
        preferences=tables.table_of(_preference_rows(selection), tables.PREFERENCES),
        raters=tables.table_of(_rater_rows(selection, rater_ids), tables.RATERS),
        paintings=tables.table_of(_painting_rows(selection), tables.without_media(tables.PAINTINGS)),
        clips=tables.table_of(_clip_rows(selection), tables.without_media(tables.CLIPS)),
        facts=facts,
    )


def _pair_rows(selection: Selection) -> list[Row]:
    track_of = {clip.id: clip.track_id for clip in selection.clips}
    rows: list[Row] = []
    for pair in selection.pairs:
        agreed = selection.consensus[pair.id]
        split = selection.splits[pair.id]
        rows.append(
            {
                "pair_id": pair.id,
                "painting_id": pair.painting_id,
                "clip_id": pair.clip_id,
                "track_id": track_of[pair.clip_id],
                "score": agreed.score,
                "dispersion": agreed.dispersion,
                "sample_dispersion": agreed.sample_dispersion,
                "n_ratings": agreed.n_ratings,
                "ambiguous": agreed.ambiguous,
                "split": split.under(selection.regime).value,
                "split_painting": split.painting.value,
                "split_track": split.track.value,
                "split_pair": split.pair.value,
            }
        )
    return rows


def _rating_rows(selection: Selection, rater_ids: RaterIds) -> list[Row]:
    rows: list[Row] = [
        {
            "pair_id": rating.pair_id,
            "rater_id": rating.rater_id if rater_ids is RaterIds.PSEUDONYMOUS else None,
            "value": rating.value,
            "played_ms": rating.played_ms,
            "active_ms": rating.active_ms,
            "input_method": rating.input_method,
            "protocol": rating.protocol,
        }
        for rating in selection.ratings
    ]
    if rater_ids is RaterIds.ABSENT:
        # The order within a pair must not give away who rated: sort by what the row shows.
        rows.sort(key=lambda row: tuple(value for name, value in row.items() if name != "rater_id"))
    return rows


def _rater_rows(selection: Selection, rater_ids: RaterIds) -> list[Row]:
    if rater_ids is RaterIds.ABSENT:
        return []
    counts = Counter(rating.rater_id for rating in selection.ratings)
    return [
        {"rater_id": rater, "n_ratings": counts[rater], "simulated": rater in selection.simulated_raters}
        for rater in sorted(counts)
    ]


def _preference_rows(selection: Selection) -> list[Row]:
    rows: list[Row] = []
    for preference in selection.preferences:
        task = preference.task
        first, second = (selection.splits[pair].under(selection.regime) for pair in (task.pair_a, task.pair_b))
        rows.append(
            {
                "task_id": task.id,
                "direction": task.direction.value,
                "query_id": task.query_id,
                "pair_a": task.pair_a,
                "pair_b": task.pair_b,
                "votes_a": preference.votes_a,
                "votes_b": preference.votes_b,
                "winner": preference.winner.value if preference.winner else None,
                "unanimous": preference.unanimous,
                "split": side_of_task(first, second).value,
            }
        )
    return rows


def _painting_rows(selection: Selection) -> list[Row]:
    split_of = {pair.painting_id: selection.splits[pair.id].painting.value for pair in selection.pairs}
    return [
        {
            "row": number,
            "painting_id": painting.id,
            "sha256": painting.sha256,
            "title": painting.title,
            "artist": painting.artist,
            "year": painting.year,
            "style": painting.style,
            "source": painting.source,
            "licence": painting.licence,
            "attribution": painting.attribution,
            "collection": painting.collection,
            "may_publish": painting.may_publish,
            "width": painting.width,
            "height": painting.height,
            "is_synthetic": painting.is_synthetic,
            "split": split_of[painting.id],
            "work": selection.work(painting.id),
        }
        for number, painting in enumerate(selection.paintings)
    ]


def _clip_rows(selection: Selection) -> list[Row]:
    split_of = {pair.clip_id: selection.splits[pair.id].track.value for pair in selection.pairs}
    rows: list[Row] = []
    for number, clip in enumerate(selection.clips):
        track = selection.tracks[clip.track_id]
        rows.append(
            {
                "row": number,
                "clip_id": clip.id,
                "track_id": clip.track_id,
                "index": clip.index,
                "start_frame": clip.start_frame,
                "stop_frame": clip.stop_frame,
                "sample_rate": clip.sample_rate,
                "start_s": clip.start_s,
                "track_sha256": track.sha256,
                "title": track.title,
                "artist": track.artist,
                "genre": track.genre,
                "source": track.source,
                "licence": track.licence,
                "attribution": track.attribution,
                "collection": track.collection,
                "may_publish": track.may_publish,
                "valence": track.valence,
                "arousal": track.arousal,
                "loudness_lufs": clip.loudness_lufs,
                "true_peak_dbtp": clip.true_peak_dbtp,
                "track_duration_s": track.duration_s,
                "is_synthetic": track.is_synthetic,
                "split": split_of[clip.id],
                "work": selection.work(clip.track_id),
            }
        )
    return rows
