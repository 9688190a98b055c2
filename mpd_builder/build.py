"""The pipeline: ratings -> scores -> preferences -> splits -> tables, in this order and nowhere else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from mpd_builder.aggregation import aggregate
from mpd_builder.facts import facts_of
from mpd_builder.judgments import checked
from mpd_builder.preferences import decide
from mpd_builder.records import Judgments
from mpd_builder.rows import Selection, fill_tables
from mpd_builder.snapshot import Dataset, Media, Recipe, Sealed, write
from mpd_builder.snapshot.writer import Progress, no_progress
from mpd_builder.splits import Shares, Splits, links_of


def build(judgments: Judgments, recipe: Recipe) -> Dataset:
    """Turn judgments into a dataset. The order of the records does not matter; JudgmentsError where they contradict."""
    selection = select(judgments, recipe)
    return fill_tables(selection, rater_ids=recipe.rater_ids, facts=facts_of(selection))


def select(judgments: Judgments, recipe: Recipe) -> Selection:
    """Score, decide and split: what of the judgments belongs to a snapshot under this recipe.

    A pair belongs from `min_ratings` ratings on; a preference task from `votes_needed` votes on, if both its pairs
    belong and are ambiguous; a painting, clip or track if a pair that belongs shows or plays it.
    """
    known = checked(judgments, raters_per_pair=recipe.raters_per_pair)
    consensus = aggregate(
        known.ratings,
        raters_per_pair=recipe.min_ratings,
        trim=recipe.trim,
        band=recipe.band,
        aggregator=recipe.aggregator,
    )
    scored = {agreed.pair_id: agreed for agreed in consensus}
    ambiguous = {agreed.pair_id for agreed in consensus if agreed.ambiguous}
    tasks = [task for task in known.tasks if task.pair_a in ambiguous and task.pair_b in ambiguous]
    kept_tasks = {task.id for task in tasks}
    votes = [vote for vote in known.votes if vote.task_id in kept_tasks]
    preferences = decide(tasks, votes, votes_needed=recipe.votes_needed, rule=recipe.vote_rule)
    pairs = [pair for pair in known.pairs if pair.id in scored]
    splits = Splits(shares=Shares(*recipe.shares), salt=recipe.salt, links=links_of(known))
    track_of = {clip.id: clip.track_id for clip in known.clips}
    shown, played = {pair.painting_id for pair in pairs}, {pair.clip_id for pair in pairs}
    clips = [clip for clip in known.clips if clip.id in played]
    heard = {clip.track_id for clip in clips}
    return Selection(
        paintings=[painting for painting in known.paintings if painting.id in shown],
        tracks={track.id: track for track in known.tracks if track.id in heard},
        clips=clips,
        pairs=pairs,
        ratings=[rating for rating in known.ratings if rating.pair_id in scored],
        consensus=scored,
        preferences=sorted(
            (each for each in preferences if each.votes_a + each.votes_b >= recipe.votes_needed),
            key=lambda each: each.task.id,
        ),
        splits={pair.id: splits.of_pair(pair.painting_id, track_of[pair.clip_id]) for pair in pairs},
        work=splits.work,
        regime=recipe.split,
        simulated_raters=known.simulated_raters,
        incomplete_pairs=len({rating.pair_id for rating in known.ratings} - scored.keys()),
        same_works=known.same_works,
        alike=known.alike,
        playback_lufs=known.playback_lufs,
    )


def build_snapshot(
    judgments: Judgments,
    recipe: Recipe,
    *,
    media: Media | None,
    out_dir: Path,
    created_on: date | None,
    code_version: str,
    progress: Progress = no_progress,
) -> Sealed:
    """Build and write in one go; see `build` and `snapshot.write`."""
    return write(
        build(judgments, recipe),
        media=media,
        recipe=recipe,
        out_dir=out_dir,
        created_on=created_on,
        code_version=code_version,
        progress=progress,
    )
