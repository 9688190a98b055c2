"""From records to the rows of a snapshot's tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from mpd_builder.records import Catalogue, Clip, Painting, Preference, Track
from mpd_builder.scored_pairs import Tally
from mpd_builder.sides import Regime, Split
from mpd_builder.snapshot import Dataset, Facts, RaterIds, Rows, tables
from mpd_builder.splits import Splits, side_of_task

Row = dict[str, object]

CHUNK = 5_000


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """What a snapshot will hold, each by its key.

    pairs: the table, of all splits. paintings, tracks, clips: those of the pairs. splits: what tells the side and the
    work of an item. tally: what is counted of their ratings. incomplete_pairs: how many rated pairs were left out for
    having too few. preferences: the table. catalogue: what the source said of everything else.
    """

    pairs: pa.Table
    paintings: Sequence[Painting]
    tracks: Mapping[str, Track]
    clips: Sequence[Clip]
    splits: Splits
    tally: Tally
    incomplete_pairs: int
    preferences: pa.Table
    catalogue: Catalogue


def fill_tables(selection: Selection, *, ratings: Rows, rater_ids: RaterIds, facts: Facts) -> Dataset:
    """All tables, each by its key. `ratings` was written while the pairs were scored."""
    pairs = selection.pairs
    return Dataset(
        pairs={split: pairs.filter(pc.equal(pairs["split"], split)) for split in tables.SPLITS},
        ratings=ratings,
        preferences=selection.preferences,
        raters=tables.table_of(_rater_rows(selection, rater_ids), tables.RATERS),
        paintings=tables.table_of(_painting_rows(selection), tables.without_media(tables.PAINTINGS)),
        clips=tables.table_of(_clip_rows(selection), tables.without_media(tables.CLIPS)),
        facts=facts,
        protocols={
            protocol.label: protocol.text
            for protocol in selection.catalogue.protocols
            if protocol.label in selection.tally.protocols
        },
    )


def pair_table(scored: pa.Table, splits: Splits, clips: Iterable[Clip], regime: Regime) -> pa.Table:
    """All pairs of the snapshot, whatever their split, by id. `scored` has the columns `scored_pairs.SCORED`.

    Some thousands at a time: texts of Python take several times what columns of them take.
    """
    track_of = {clip.id: clip.track_id for clip in clips}
    chunks = [_pair_chunk(chunk, splits, track_of, regime) for chunk in scored.to_batches(max_chunksize=CHUNK)]
    return pa.Table.from_batches(chunks, tables.PAIRS).combine_chunks()


def _pair_chunk(scored: pa.RecordBatch, splits: Splits, track_of: Mapping[str, str], regime: Regime) -> pa.RecordBatch:
    tracks = [track_of[clip] for clip in scored["clip_id"].to_pylist()]
    paintings = scored["painting_id"].to_pylist()
    side_of = [splits.of_pair(painting, track) for painting, track in zip(paintings, tracks, strict=True)]
    columns: dict[str, list[str]] = {
        "track_id": tracks,
        "split": [each.under(regime).value for each in side_of],
        "split_painting": [each.painting.value for each in side_of],
        "split_track": [each.track.value for each in side_of],
        "split_pair": [each.pair.value for each in side_of],
    }
    arrays = [
        pa.array(columns[each.name], each.type) if each.name in columns else scored[each.name] for each in tables.PAIRS
    ]
    return pa.record_batch(arrays, tables.PAIRS)


def _rater_rows(selection: Selection, rater_ids: RaterIds) -> list[Row]:
    if rater_ids is RaterIds.ABSENT:
        return []
    simulated = selection.catalogue.simulated_raters
    return [
        {"rater_id": rater, "n_ratings": count, "simulated": rater in simulated}
        for rater, count in sorted(selection.tally.raters.items())
    ]


def preference_table(preferences: Iterable[Preference], pairs: pa.Table) -> pa.Table:
    """Outcomes as the table of preferences, some thousands at a time. `pairs` has those that they compare."""
    split_of = _mapping(pairs.filter(pairs["ambiguous"]), "pair_id", "split")
    rest = iter(preferences)
    chunks: list[pa.Table] = []
    while rows := [_preference_row(each, split_of) for each in islice(rest, CHUNK)]:
        chunks.append(tables.table_of(rows, tables.PREFERENCES))
    return pa.concat_tables(chunks) if chunks else tables.PREFERENCES.empty_table()


def _preference_row(preference: Preference, split_of: Mapping[str, str]) -> Row:
    task = preference.task
    first, second = (Split(split_of[pair]) for pair in (task.pair_a, task.pair_b))
    return {
        "task_id": task.id,
        "direction": task.direction.value,
        "query_id": task.query_id,
        "pair_a": task.pair_a,
        "pair_b": task.pair_b,
        "votes_a": preference.votes_a,
        "votes_b": preference.votes_b,
        "winner": preference.winner.value if preference.winner else None,
        "unanimous": preference.unanimous,
        "agreement": preference.agreement if preference.winner else None,
        "split": side_of_task(first, second).value,
    }


def _mapping(table: pa.Table, key: str, value: str) -> dict[str, str]:
    return dict(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True))


def _painting_rows(selection: Selection) -> list[Row]:
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
            "split": selection.splits.of_item(painting.id).value,
            "work": selection.splits.work(painting.id),
        }
        for number, painting in enumerate(selection.paintings)
    ]


def _clip_rows(selection: Selection) -> list[Row]:
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
                "split": selection.splits.of_item(clip.track_id).value,
                "work": selection.splits.work(clip.track_id),
            }
        )
    return rows
