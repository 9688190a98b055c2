"""Judgments that hold together, in the one order: what the pipeline begins with, or an error naming what is wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import TypeVar

from mpd_builder.records import Direction, Judgments, Pair, PreferenceTask, pair_id

T = TypeVar("T")
Key = str | tuple[str, str]


class JudgmentsError(ValueError):
    """The records contradict each other; the message names the record at fault."""


def checked(judgments: Judgments, *, raters_per_pair: int) -> Judgments:
    """The same judgments sorted by their keys.

    Raise JudgmentsError for a record that comes twice or refers to one that is not there, a rating outside [0, 1], a
    pair with more ratings than `raters_per_pair`, a task whose pairs do not share its query, or a painting that is said
    to be the same work as a track, or like one. Same works and what is alike may name items that no pair has.
    """
    result = Judgments(
        paintings=_sorted_unique("painting", judgments.paintings, lambda painting: painting.id),
        tracks=_sorted_unique("track", judgments.tracks, lambda track: track.id),
        clips=_sorted_unique("clip", judgments.clips, lambda clip: clip.id),
        pairs=_sorted_unique("pair", judgments.pairs, lambda pair: pair.id),
        ratings=_sorted_unique("rating", judgments.ratings, lambda rating: (rating.pair_id, rating.rater_id)),
        tasks=_sorted_unique("preference task", judgments.tasks, lambda task: task.id),
        votes=_sorted_unique("vote", judgments.votes, lambda vote: (vote.task_id, vote.rater_id)),
        simulated_raters=judgments.simulated_raters,
        same_works=tuple(sorted(judgments.same_works)),
        alike=tuple(sorted(judgments.alike)),
        kept_together=tuple(sorted(judgments.kept_together)),
        playback_lufs=judgments.playback_lufs,
    )
    _check_corpus(result)
    _check_same_works(result)
    _check_ratings(result, raters_per_pair)
    _check_tasks(result)
    return result


def _sorted_unique(noun: str, records: Iterable[T], key: Callable[[T], Key]) -> tuple[T, ...]:
    ordered = tuple(sorted(records, key=key))
    for before, after in pairwise(ordered):
        if key(before) == key(after):
            name = key(after)
            words = name if isinstance(name, str) else " by ".join(name)
            raise JudgmentsError(f"The {noun} {words} comes more than once.")
    return ordered


def _check_corpus(judgments: Judgments) -> None:
    tracks = {track.id for track in judgments.tracks}
    paintings = {painting.id for painting in judgments.paintings}
    clips = {clip.id for clip in judgments.clips}
    for clip in judgments.clips:
        if clip.track_id not in tracks:
            raise JudgmentsError(f"The clip {clip.id} is cut from the track {clip.track_id}, which is not there.")
    for pair in judgments.pairs:
        if pair.painting_id not in paintings:
            raise JudgmentsError(f"The pair {pair.id} shows the painting {pair.painting_id}, which is not there.")
        if pair.clip_id not in clips:
            raise JudgmentsError(f"The pair {pair.id} plays the clip {pair.clip_id}, which is not there.")
        if pair.id != pair_id(pair.painting_id, pair.clip_id):
            raise JudgmentsError(f"The pair {pair.id} is not named for its painting and its clip.")


def _check_same_works(judgments: Judgments) -> None:
    kind_of = {painting.id: "painting" for painting in judgments.paintings}
    kind_of |= {track.id: "track" for track in judgments.tracks}
    for first, second in judgments.same_works + judgments.alike + judgments.kept_together:
        if len({kind_of[item] for item in (first, second) if item in kind_of}) > 1:
            raise JudgmentsError(f"{first} and {second} cannot be the same work: one is a painting, one a track.")


def _check_ratings(judgments: Judgments, raters_per_pair: int) -> None:
    pairs = {pair.id for pair in judgments.pairs}
    for rating in judgments.ratings:
        if rating.pair_id not in pairs:
            raise JudgmentsError(f"A rating by {rating.rater_id} is of the pair {rating.pair_id}, which is not there.")
        if not (math.isfinite(rating.value) and 0.0 <= rating.value <= 1.0):
            raise JudgmentsError(
                f"The rating of {rating.pair_id} by {rating.rater_id} is {rating.value}, not a number from 0 to 1."
            )
    for name, count in Counter(rating.pair_id for rating in judgments.ratings).items():
        if count > raters_per_pair:
            raise JudgmentsError(
                f"The pair {name} has {count} ratings, but the recipe says {raters_per_pair} raters per pair."
            )


def _check_tasks(judgments: Judgments) -> None:
    pairs = {pair.id: pair for pair in judgments.pairs}
    for task in judgments.tasks:
        for name in (task.pair_a, task.pair_b):
            if name not in pairs:
                raise JudgmentsError(f"The preference task {task.id} compares the pair {name}, which is not there.")
        queries = {_query(task, pairs[task.pair_a]), _query(task, pairs[task.pair_b])}
        if queries != {task.query_id} or task.pair_a == task.pair_b:
            raise JudgmentsError(
                f"The two pairs of the preference task {task.id} do not share its query {task.query_id}."
            )
    tasks = {task.id for task in judgments.tasks}
    for vote in judgments.votes:
        if vote.task_id not in tasks:
            raise JudgmentsError(
                f"A vote by {vote.rater_id} is in the preference task {vote.task_id}, which is not there."
            )


def _query(task: PreferenceTask, pair: Pair) -> str:
    return pair.clip_id if task.direction is Direction.MUSIC_TO_PAINTING else pair.painting_id
