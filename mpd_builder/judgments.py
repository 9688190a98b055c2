"""Where judgments come from, and that they hold together: what the pipeline begins with.

A `Source` is read as streams, so that ratings and votes are never all in memory. `InMemory` is one made of records;
the site's reads them from its database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Protocol, TypeVar

from mpd_builder.records import (
    Catalogue,
    Clip,
    Direction,
    Judgments,
    Painting,
    Pair,
    PreferenceTask,
    Rating,
    Track,
    Vote,
    pair_id,
)

T = TypeVar("T")
Key = str | tuple[str, str]


class JudgmentsError(ValueError):
    """The records contradict each other; the message names the record at fault."""


class Source(Protocol):
    """Judgments as the pipeline reads them: each stream once, from its first record to its last, by its key.

    Keys are compared byte by byte, as Python compares text (in PostgreSQL: COLLATE "C"). What a stream refers to is
    there: a rating's pair among the pairs, a pair's items in the catalogue, a vote's task among the tasks.
    """

    def catalogue(self) -> Catalogue:
        """The items, in any order, and what is known about raters and protocols. It may name more than pairs use."""

    def pairs(self) -> Iterator[Pair]:
        """By id. All that have a rating, perhaps others."""

    def ratings(self) -> Iterator[Rating]:
        """By pair id, then rater id."""

    def tasks(self) -> Iterator[PreferenceTask]:
        """By id."""

    def votes(self) -> Iterator[Vote]:
        """By task id, then rater id."""


class InMemory:
    """Records as a source, in whatever order they are.

    Raises JudgmentsError for a record that comes twice or refers to one that is not there, a task whose pairs do not
    share its query, or a painting that is said to be the same work as a track, or like one. Such links may name items
    that no pair has.
    """

    def __init__(self, judgments: Judgments) -> None:
        self._all = _in_order(judgments)
        _check_corpus(self._all)
        _check_same_works(self._all)
        _check_tasks(self._all)

    def catalogue(self) -> Catalogue:
        return Catalogue(**{name: getattr(self._all, name) for name in Catalogue.__dataclass_fields__})

    def pairs(self) -> Iterator[Pair]:
        return iter(self._all.pairs)

    def ratings(self) -> Iterator[Rating]:
        return iter(self._all.ratings)

    def tasks(self) -> Iterator[PreferenceTask]:
        return iter(self._all.tasks)

    def votes(self) -> Iterator[Vote]:
        return iter(self._all.votes)


def pair_key(pair: Pair) -> Key:
    return pair.id


def rating_key(rating: Rating) -> Key:
    return rating.pair_id, rating.rater_id


def task_key(task: PreferenceTask) -> Key:
    return task.id


def vote_key(vote: Vote) -> Key:
    return vote.task_id, vote.rater_id


def ascending(noun: str, records: Iterable[T], key: Callable[[T], Key]) -> Iterator[T]:
    """The same records. Raises JudgmentsError for one that comes twice, ValueError where they are not in order."""
    before: Key | None = None
    for record in records:
        now = key(record)
        if before is not None and not before < now:  # type: ignore[operator]
            if before == now:
                raise _twice(noun, now)
            raise ValueError(f"the {noun} {now} comes after {before}: a source's streams have to be in order")
        before = now
        yield record


def _in_order(judgments: Judgments) -> Judgments:
    return replace(
        judgments,
        paintings=_sorted_unique("painting", judgments.paintings, _id),
        tracks=_sorted_unique("track", judgments.tracks, _id),
        clips=_sorted_unique("clip", judgments.clips, _id),
        pairs=_sorted_unique("pair", judgments.pairs, pair_key),
        ratings=_sorted_unique("rating", judgments.ratings, rating_key),
        tasks=_sorted_unique("preference task", judgments.tasks, task_key),
        votes=_sorted_unique("vote", judgments.votes, vote_key),
    )


def _id(item: Painting | Track | Clip) -> str:
    return item.id


def _sorted_unique(noun: str, records: Iterable[T], key: Callable[[T], Key]) -> tuple[T, ...]:
    ordered = tuple(sorted(records, key=key))
    for before, after in pairwise(ordered):
        if key(before) == key(after):
            raise _twice(noun, key(after))
    return ordered


def _twice(noun: str, key: Key) -> JudgmentsError:
    words = key if isinstance(key, str) else " by ".join(key)
    return JudgmentsError(f"The {noun} {words} comes more than once.")


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
    pairs = {pair.id for pair in judgments.pairs}
    for rating in judgments.ratings:
        if rating.pair_id not in pairs:
            raise JudgmentsError(f"A rating by {rating.rater_id} is of the pair {rating.pair_id}, which is not there.")


def _check_same_works(judgments: Judgments) -> None:
    kind_of = {painting.id: "painting" for painting in judgments.paintings}
    kind_of |= {track.id: "track" for track in judgments.tracks}
    for first, second in judgments.same_works + judgments.alike + judgments.kept_together:
        if len({kind_of[item] for item in (first, second) if item in kind_of}) > 1:
            raise JudgmentsError(f"{first} and {second} cannot be the same work: one is a painting, one a track.")


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
