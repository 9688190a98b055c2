"""The pipeline: ratings -> scores -> preferences -> splits -> tables, in this order and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from mpd_builder.facts import facts_of
from mpd_builder.judgments import InMemory, Source, ascending, pair_key, rating_key, task_key, vote_key
from mpd_builder.outcomes import outcomes
from mpd_builder.records import Judgments
from mpd_builder.rows import Selection, fill_tables, pair_table, preference_table
from mpd_builder.scored_pairs import score_pairs
from mpd_builder.snapshot import Dataset, Media, Recipe, Sealed, Spool, spooled, tables, write
from mpd_builder.snapshot.writer import Progress, no_progress
from mpd_builder.splits import Shares, Splits, links_of


def build(judgments: Judgments | Source, recipe: Recipe) -> Dataset:
    """Turn judgments into a dataset in memory. The order of records does not matter.

    Raises JudgmentsError where they contradict each other or the recipe.
    """
    with building(judgments, recipe) as dataset:
        ratings = pa.Table.from_batches(dataset.ratings.to_batches(), dataset.ratings.schema)
        return replace(dataset, ratings=ratings)


@contextmanager
def building(judgments: Judgments | Source, recipe: Recipe) -> Iterator[Dataset]:
    """The same dataset with its ratings on disk, for as long as the block lasts.

    Ratings and votes pass by once and are never all in memory; a pair costs some hundred bytes. The source is not read
    any more once the block begins.
    """
    source = InMemory(judgments) if isinstance(judgments, Judgments) else judgments
    with spooled(tables.RATINGS) as ratings:
        yield _dataset(source, recipe, ratings)


def _dataset(source: Source, recipe: Recipe, ratings: Spool) -> Dataset:
    selection = select(source, recipe, ratings=ratings)
    return fill_tables(selection, ratings=ratings, rater_ids=recipe.rater_ids, facts=facts_of(selection))


def select(source: Source, recipe: Recipe, *, ratings: Spool) -> Selection:
    """Score, decide and split: what of the judgments belongs to a snapshot under this recipe. Fills `ratings`.

    A pair belongs from `min_ratings` ratings on; a preference task from `votes_needed` votes on, if both its pairs
    belong and are ambiguous; a painting, clip or track if a pair that belongs shows or plays it.
    """
    known = source.catalogue()
    scored = score_pairs(
        ascending("pair", source.pairs(), pair_key),
        ascending("rating", source.ratings(), rating_key),
        recipe,
        keep=ratings.append,
    )
    decided = outcomes(
        ascending("preference task", source.tasks(), task_key),
        ascending("vote", source.votes(), vote_key),
        ambiguous=set(scored.pairs.filter(scored.pairs["ambiguous"])["pair_id"].to_pylist()),
        votes_needed=recipe.votes_needed,
        rule=recipe.vote_rule,
    )
    splits = Splits(shares=Shares(*recipe.shares), salt=recipe.salt, links=links_of(known))
    pairs = pair_table(scored.pairs, splits, known.clips, recipe.split)
    shown, played = (set(pc.unique(pairs[name]).to_pylist()) for name in ("painting_id", "clip_id"))
    clips = [clip for clip in known.clips if clip.id in played]
    heard = {clip.track_id for clip in clips}
    return Selection(
        pairs=pairs,
        paintings=sorted((each for each in known.paintings if each.id in shown), key=lambda each: each.id),
        tracks={track.id: track for track in sorted(known.tracks, key=lambda each: each.id) if track.id in heard},
        clips=sorted(clips, key=lambda each: each.id),
        splits=splits,
        tally=scored.tally,
        incomplete_pairs=scored.incomplete,
        preferences=preference_table(decided, pairs),
        catalogue=known,
    )


def build_snapshot(
    judgments: Judgments | Source,
    recipe: Recipe,
    *,
    media: Media | None,
    out_dir: Path,
    created_on: date | None,
    code_version: str,
    progress: Progress = no_progress,
) -> Sealed:
    """Build and write in one go; see `building` and `snapshot.write`."""
    with building(judgments, recipe) as dataset:
        return write(
            dataset,
            media=media,
            recipe=recipe,
            out_dir=out_dir,
            created_on=created_on,
            code_version=code_version,
            progress=progress,
        )
