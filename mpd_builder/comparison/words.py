"""A comparison in sentences, for the terminal; a page may use them too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mpd_builder.comparison.result import Comparison, Counts, Difference, ItemChanges, Kinship, Moved, Side
from mpd_builder.snapshot import AlphaFact

MOST_NAMED = 10
"""Of a list of ids at most so many are printed; `--json` has them all."""
MOST_LETTERS = 60

KINSHIP_WORDS = {
    Kinship.IDENTICAL: "Both are one and the same snapshot.",
    Kinship.SAME_CONTENT: "Their tables, media and arrays are the same to the byte; only what describes them differs.",
    Kinship.SAME_JUDGMENTS: "They are versions of one dataset: all or most ratings of the pairs in both are the same.",
    Kinship.OTHER_JUDGMENTS: "They share pairs, but their ratings are others: they seem to be of different campaigns.",
    Kinship.SAME_ITEMS: "They share paintings or tracks, but no pair: they seem to be of different campaigns.",
    Kinship.UNRELATED: "They share nothing: no pair, no painting, no track.",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its lines."""

    title: str
    lines: tuple[str, ...]


def in_words(comparison: Comparison) -> list[Section]:
    """The whole comparison. Of unrelated snapshots only what they are and how they were made."""
    sections = [("Snapshots", _snapshots(comparison))]
    if comparison.kinship is not Kinship.UNRELATED:
        sections += [
            ("Pairs and scores", _scores(comparison)),
            ("Paintings and music", _items(comparison)),
            ("Ratings and raters", _ratings(comparison)),
            ("Preferences", _preferences(comparison)),
            ("Splits", _splits(comparison)),
        ]
    sections += [
        ("Agreement", _agreement(comparison)),
        ("Settings", _differences(comparison.settings, "Recipe, code and format are the same.")),
        ("Facts", _differences(comparison.facts, "All facts are the same.")),
    ]
    return [Section(title, tuple(lines)) for title, lines in sections]


def _snapshots(comparison: Comparison) -> list[str]:
    return [
        f"before: {_named(comparison.before)}",
        f"after:  {_named(comparison.after)}",
        KINSHIP_WORDS[comparison.kinship],
    ]


def _named(side: Side) -> str:
    return (
        f"{side.digest[:12]}, {side.created_on or 'no date'}, recipe {side.recipe}, format {side.format_version}: "
        f"{side.pairs:,} pairs, {side.ratings:,} ratings by {side.raters:,} raters ({side.path})"
    )


def _scores(comparison: Comparison) -> list[str]:
    scores, bands = comparison.scores, comparison.bands
    lines = [f"pairs: {_counted(comparison.pairs)}"]
    if not scores.n_kept:
        return lines
    lines.append(f"scores: {scores.n_changed:,} of {scores.n_kept:,} kept pairs changed" + _moves(comparison))
    highest = max(scores.counts, default=0)
    for low, high, count in zip(scores.edges, scores.edges[1:], scores.counts, strict=False):
        lines.append(f"  {low:+.3f} to {high:+.3f} {count:>7,} {'#' * round(30 * count / highest)}".rstrip())
    for mover in scores.movers[:MOST_NAMED]:
        what = f"{mover.painting or mover.painting_id} with {mover.music or mover.clip_id}"
        lines.append(
            f"  {mover.change:+.3f}  {mover.before:.3f} ({mover.n_before}) to {mover.after:.3f} ({mover.n_after})  "
            f"{mover.pair_id}: {what}"
        )
    lines.append(
        f"ambiguous band: {bands.came_in:,} pairs came in, {bands.went_out:,} went out, {bands.went_across:,} went "
        f"across, {bands.stayed:,} stayed in"
    )
    return lines


def _moves(comparison: Comparison) -> str:
    scores = comparison.scores
    if not scores.n_changed:
        return ""
    correlation = "undefined" if scores.correlation is None else f"{scores.correlation:.4f}"
    return (
        f", on average by {scores.mean_change:+.4f} ({scores.mean_absolute:.4f} without sign), by {scores.largest:.3f} "
        f"at most; correlation {correlation}"
    )


def _items(comparison: Comparison) -> list[str]:
    lines = []
    for name, changes in (("paintings", comparison.paintings), ("tracks", comparison.tracks)):
        lines.append(f"{name}: {_counted(changes.counts)}")
        lines += _item_lists(changes)
    return [*lines, f"clips: {_counted(comparison.clips)}"]


def _item_lists(changes: ItemChanges) -> list[str]:
    lists = (
        ("came", changes.added),
        ("gone, withdrawn or without a pair that counts", changes.removed),
        ("may not be passed on any more", changes.restricted),
        ("described otherwise", changes.changed),
    )
    return [f"  {words}: {_names(ids)}" for words, ids in lists if ids]


def _ratings(comparison: Comparison) -> list[str]:
    ratings, raters = comparison.ratings, comparison.raters
    how = f"; {ratings.corrected:,} of the kept were corrected" if ratings.by_rater else " (told apart without raters)"
    lines = [f"ratings: {_counted(ratings.counts)}{how}"]
    if raters.counts is None:
        return [*lines, "raters: not named in both"]
    lines.append(f"raters: {_counted(raters.counts)}")
    for words, ids in (("came", raters.added), ("gone", raters.removed)):
        if ids:
            lines.append(f"  {words}: {_names(ids)}")
    return lines


def _preferences(comparison: Comparison) -> list[str]:
    found = comparison.preferences
    lines = [
        f"tasks: {_counted(found.counts)}",
        f"winners: {found.decided:,} decided since, {found.undecided:,} no more, {len(found.flipped):,} flipped",
    ]
    return lines + ([f"  flipped: {_names(found.flipped)}"] if found.flipped else [])


def _splits(comparison: Comparison) -> list[str]:
    splits = comparison.splits
    lines = []
    if not splits.comparable:
        lines.append("The recipes deal with different salts or shares, so items were dealt anew and moves say nothing.")
    elif splits.towards_train:
        lines.append(
            f"WARNING: {len(splits.towards_train):,} items came nearer to training. Do not test with one snapshot what "
            "was trained with the other."
        )
    else:
        lines.append("No item came nearer to training.")
    for words, moves in (("nearer to training", splits.towards_train), ("held out more", splits.held_out)):
        if moves:
            lines.append(f"  {words}: {_names([_move(move) for move in moves])}")
    pairs = [f"{was} to {is_now} {number:,}" for was, is_now, number in splits.pairs if was != is_now]
    return [*lines, f"kept pairs that changed files: {', '.join(pairs) or 'none'}"]


def _move(move: Moved) -> str:
    return f"{move.id} ({move.before} to {move.after})"


def _agreement(comparison: Comparison) -> list[str]:
    found = comparison.agreement
    dispersions = (found.dispersion_before.mean, found.dispersion_after.mean)
    return [
        f"alpha: {_alpha(found.alpha_before)} before, {_alpha(found.alpha_after)} after",
        "mean dispersion: {} before, {} after".format(*(_number(value) for value in dispersions)),
    ]


def _alpha(alpha: AlphaFact) -> str:
    if alpha.value is None:
        return "undefined"
    interval = "" if alpha.low is None or alpha.high is None else f" [{alpha.low:.3f}, {alpha.high:.3f}]"
    return f"{alpha.value:.3f}{interval} of {alpha.n_ratings:,} ratings"


def _number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4f}"


def _differences(differences: Sequence[Difference], none: str) -> list[str]:
    return [f"{each.name}: {_value(each.before)} before, {_value(each.after)} after" for each in differences] or [none]


def _value(value: Any) -> str:
    text = "nothing" if value in (None, "") else str(value)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}..."


def _counted(counts: Counts) -> str:
    return (
        f"{counts.before:,} before, {counts.after:,} after: {counts.added:,} added, {counts.removed:,} removed, "
        f"{counts.kept:,} in both"
    )


def _names(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MOST_NAMED:,} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(ids[:MOST_NAMED]) + more
