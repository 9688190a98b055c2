"""What is said of a published data set: its size, what its splits give away, and how a model does on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from model.adaptors import figures, imac, imemnet, media
from model.adaptors.records import AdaptorError, Matches
from model.metrics import THRESHOLD, Floats

RESAMPLES = 1000
HEARD = "IMEMNet's music is DEAM's: a model that was trained on a snapshot with DEAM may have heard these tracks"
Score = Callable[[Matches], media.Scored]


def report(name: str, folder: Path, *, score: Score | None, pairs: int, seed: int) -> dict[str, Any]:
    """JSON values: `splits`, `overlaps`, `look_up`, and with `score` also `model`, by split.

    `score` is how a model scores pairs; `pairs` is how many are drawn of IMAC's test split. Raises AdaptorError.
    """
    return DATASETS[name](folder, score, pairs, seed)


def _imemnet(folder: Path, score: Score | None, pairs: int, seed: int) -> dict[str, Any]:
    splits = imemnet.read(folder)
    items = {name: _items(found) for name, found in splits.items()}
    learned = ["train"] if "train" in splits else list(splits)
    found: dict[str, Any] = {
        "dataset": "imemnet",
        "splits": {
            name: {"repeated": splits[name].repeated, **{kind: len(set(ids)) for kind, ids in of.items()}}
            for name, of in items.items()
        },
        "overlaps": figures.overlaps(items),
        "look_up": [
            {
                "filled_from": known,
                "asked_on": asked,
                **figures.look_up(splits[known], splits[asked], resamples=RESAMPLES, seed=seed),
            }
            for known in learned
            for asked in splits
            if asked not in (known, "train")
        ],
    }
    if score is not None:
        found["caution"] = HEARD
        measured = {name: score(matches) for name, matches in splits.items() if name != "train"}
        found["model"] = {
            name: {
                **figures.matching(each.predicted, each.matches.score, resamples=RESAMPLES, seed=seed),
                **_left_out(each),
            }
            for name, each in measured.items()
        }
    return found


def _imac(folder: Path, score: Score | None, pairs: int, seed: int) -> dict[str, Any]:
    images, songs = imac.read(folder)
    if "test" not in images.by_split or "test" not in songs.by_split:
        raise AdaptorError(f"{folder}: images.csv and songs.csv must both have items of the split test")
    drawn = imac.draw(images.by_split["test"], songs.by_split["test"], count=pairs, seed=seed)
    names = [name for name in imac.SPLITS if name in images.by_split or name in songs.by_split]
    items = {
        name: {"images": list(images.by_split.get(name, ())), "songs": list(songs.by_split.get(name, ()))}
        for name in names
    }
    found: dict[str, Any] = {
        "dataset": "imac",
        "splits": {name: {kind: len(ids) for kind, ids in of.items()} for name, of in items.items()},
        "tied_songs": songs.tied,
        "overlaps": figures.overlaps(items),
        "pairs": {"drawn": len(drawn), "seed": seed},
    }
    if "train" in names:
        known = figures.look_up_labels(images.by_split.get("train", {}), songs.by_split.get("train", {}), drawn)
        found["look_up"] = [{"filled_from": "train", "asked_on": "test", "labels": _answers(known, drawn, seed)}]
    if score is not None:
        each = score(drawn)
        found["model"] = {"test": {**_answers(each.predicted, each.matches, seed), **_left_out(each)}}
    return found


DATASETS: Mapping[str, Callable[[Path, Score | None, int, int], dict[str, Any]]] = {
    "imemnet": _imemnet,
    "imac": _imac,
}


def words(found: Mapping[str, Any]) -> list[str]:
    """The report as lines of text."""
    lines = [f"{name}: {_counts(row)}" for name, row in found["splits"].items()]
    for row in found["overlaps"]:
        shared = ", ".join(
            f"{value['shared']:,} of {value['all']:,} {kind}" for kind, value in row.items() if isinstance(value, dict)
        )
        lines.append(f"of {row['of']}, also in {row['in']}: {shared}")
    for row in found.get("look_up", ()):
        tables = ((name, value) for name, value in row.items() if isinstance(value, dict))
        for name, figure in tables:
            lines.append(f"look-up table, {name}, {row['filled_from']} -> {row['asked_on']}: {_figures(figure)}")
    for name, row in found.get("model", {}).items():
        lines.append(f"the model, {name}: {_figures(row)}")
        if row["left_out"]:
            lines.append(f"  {row['left_out']:,} pairs left out, for example: {row['reason']}")
    return [*lines, found["caution"]] if "caution" in found else lines


def _items(matches: Matches) -> dict[str, list[Any]]:
    return {
        "pairs": matches.pairs(),
        "images": list(matches.images),
        "clips": list(matches.clips),
        "tracks": [imemnet.track_of(clip) for clip in matches.clips],
    }


def _answers(predicted: Floats, matches: Matches, seed: int) -> dict[str, Any]:
    return figures.correspondence(predicted, matches.score >= THRESHOLD, resamples=RESAMPLES, seed=seed)


def _left_out(scored: media.Scored) -> dict[str, Any]:
    return {"left_out": scored.left_out, "reason": scored.reason}


def _counts(row: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {kind}" for kind, count in row.items())


def _figures(row: Mapping[str, Any]) -> str:
    """All figures of a row: those with an interval, and plain shares."""
    shown = [f"n {row['n']:,}"]
    for name, value in row.items():
        figure = value.get("value") if isinstance(value, dict) else value
        if isinstance(figure, float):
            shown.append(f"{name.replace('_', ' ')} {figure:.3f}")
    return "  ".join(shown)
