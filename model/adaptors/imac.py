"""IMAC: images and songs, each labelled positive, neutral or negative; a pair corresponds where the labels are equal.

Verma et al., "Learning Affective Correspondence between Music and Image", arXiv 1904.00150. It is published as lists of
addresses with labels, and what is behind them is fetched by whoever uses it. So the labels are read from two tables,
`images.csv` and `songs.csv`, with the columns `id` (the file's name without its ending), `emotion`, and `split` (train,
val or test; without that column all are test). Songs may have the published counts of tags `posScore`, `neuScore`,
`negScore` instead of `emotion`: the highest decides, and songs where two are highest are left out. Which pairs the
paper tested is not published: pairs are drawn by lot.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.adaptors.records import AdaptorError, Matches, matches_of, table_of

EMOTIONS = ("positive", "neutral", "negative")
SPLITS = ("train", "val", "test")
COUNTS = ("posScore", "neuScore", "negScore")


@dataclass(frozen=True, slots=True)
class Labels:
    """By split, the emotion of each item; `tied` counts songs without one emotion that leads."""

    by_split: Mapping[str, Mapping[str, str]]
    tied: int = 0


def read(folder: Path) -> tuple[Labels, Labels]:
    """Labels of images and of songs. Raises AdaptorError in words, OSError where a table is not there."""
    return read_table(folder / "images.csv"), read_table(folder / "songs.csv")


def read_table(path: Path) -> Labels:
    found: dict[str, dict[str, str]] = {}
    tied = 0
    for number, row in table_of(path, needed=("id",)):
        split = row.get("split", "test")
        if split not in SPLITS:
            raise AdaptorError.at(path, number, f"the split {split!r} is none of {', '.join(SPLITS)}")
        if not row["id"]:
            raise AdaptorError.at(path, number, "the id is empty")
        emotion = _emotion(path, number, row)
        if emotion is None:
            tied += 1
            continue
        before = found.setdefault(split, {}).setdefault(row["id"], emotion)
        if before != emotion:
            raise AdaptorError.at(path, number, f"{row['id']} is {emotion} here and {before} in an earlier line")
    if not found:
        raise AdaptorError(f"{path} labels nothing")
    return Labels(found, tied)


def draw(images: Mapping[str, str], songs: Mapping[str, str], *, count: int, seed: int) -> Matches:
    """`count` different pairs by lot (all there are, where fewer), scored 1 where the labels are equal, else 0."""
    names, heard = sorted(images), sorted(songs)
    total = len(names) * len(heard)
    places = np.random.default_rng(seed).choice(total, size=min(count, total), replace=False)
    rows = [(names[place // len(heard)], heard[place % len(heard)]) for place in places.tolist()]
    return matches_of(
        [image for image, _ in rows],
        [song for _, song in rows],
        [float(images[image] == songs[song]) for image, song in rows],
    )


def _emotion(path: Path, number: int, row: Mapping[str, str]) -> str | None:
    """The label of a row; None where two counts of tags lead."""
    if "emotion" in row:
        if row["emotion"] not in EMOTIONS:
            raise AdaptorError.at(path, number, f"the emotion {row['emotion']!r} is none of {', '.join(EMOTIONS)}")
        return row["emotion"]
    if any(name not in row for name in COUNTS):
        raise AdaptorError(f"{path} has neither a column emotion nor {', '.join(COUNTS)}")
    if any(not row[name].isdecimal() for name in COUNTS):
        raise AdaptorError.at(path, number, f"{', '.join(COUNTS)} must be whole numbers")
    counts = [int(row[name]) for name in COUNTS]
    return EMOTIONS[counts.index(max(counts))] if counts.count(max(counts)) == 1 else None
