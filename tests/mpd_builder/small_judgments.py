"""Judgments drawn from a seed: 14 paintings, 6 tracks of two clips, 60 pairs, 9 raters, tasks and votes."""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace

from mpd_builder.aggregation import aggregate
from mpd_builder.records import (
    Choice,
    Clip,
    Direction,
    Judgments,
    Painting,
    Pair,
    PreferenceTask,
    Rating,
    Track,
    Vote,
    clip_id,
    painting_id,
    pair_id,
    track_id,
)


def _sha(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def small_judgments(seed: int = 1) -> Judgments:
    draw = random.Random(seed)
    paintings = [_painting(f"painting {number}") for number in range(14)]
    tracks = [_track(f"track {number}") for number in range(6)]
    clips = [_clip(track, index) for track in tracks for index in range(2)]
    cells = draw.sample([(painting.id, clip.id) for painting in paintings for clip in clips], 60)
    pairs = [Pair(pair_id(*cell), *cell) for cell in cells]
    raters = [f"R{number}" for number in range(9)]
    ratings = []
    for pair in pairs:
        truth = draw.choice((draw.random(), draw.uniform(0.45, 0.55)))
        for rater in draw.sample(raters, 5):
            value = min(1.0, max(0.0, round(truth + draw.gauss(0, 0.07), 2)))
            ratings.append(Rating(pair.id, rater, value, draw.randint(15_000, 20_000), 21_000, "keyboard", "1"))
    tasks = _tasks(pairs, {agreed.pair_id for agreed in aggregate(ratings, raters_per_pair=5) if agreed.ambiguous})
    votes = [
        Vote(task.id, rater, draw.choice(list(Choice)), draw.choice(list(Choice)))
        for task in tasks
        for rater in draw.sample(raters, 3)
    ]
    return Judgments(
        paintings=tuple(paintings),
        tracks=tuple(tracks),
        clips=tuple(clips),
        pairs=tuple(pairs),
        ratings=tuple(ratings),
        tasks=tuple(tasks),
        votes=tuple(votes),
        simulated_raters=frozenset({"R0", "R1"}),
    )


def shuffled(judgments: Judgments, seed: int) -> Judgments:
    """The same judgments with every tuple in another order."""
    draw = random.Random(seed)
    names = ("paintings", "tracks", "clips", "pairs", "ratings", "tasks", "votes")
    return replace(
        judgments,
        **{name: tuple(draw.sample(values, len(values))) for name in names if (values := getattr(judgments, name))},
    )


def _painting(name: str) -> Painting:
    sha = _sha(name)
    return Painting(painting_id(sha), sha, title=name, licence="CC0-1.0", width=640, height=480)


def _track(name: str) -> Track:
    sha = _sha(name)
    return Track(track_id(sha), sha, title=name, licence="CC-BY-4.0", duration_s=30.0, sample_rate=16_000, channels=1)


def _clip(track: Track, index: int) -> Clip:
    return Clip(clip_id(track.sha256, index), track.id, index, index * 240_000, (index + 1) * 240_000, 16_000)


def _tasks(pairs: list[Pair], ambiguous: set[str]) -> list[PreferenceTask]:
    """One task a query that has two ambiguous pairs, in both directions."""
    tasks = {}
    for direction, query_of in (
        (Direction.MUSIC_TO_PAINTING, lambda pair: pair.clip_id),
        (Direction.PAINTING_TO_MUSIC, lambda pair: pair.painting_id),
    ):
        seen: dict[str, Pair] = {}
        for pair in (pair for pair in pairs if pair.id in ambiguous):
            first = seen.setdefault(query_of(pair), pair)
            if first is not pair:
                task_id = f"{direction.name[0].lower()}_{query_of(pair)}"
                tasks.setdefault(task_id, PreferenceTask(task_id, direction, query_of(pair), first.id, pair.id))
    return list(tasks.values())
