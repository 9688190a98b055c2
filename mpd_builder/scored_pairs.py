"""One pass over the ratings: each pair's score, the rows of the table `ratings`, and what the facts count.

Ratings come in the order of their pairs and are looked at some thousands at a time; what stays is columns, one row a
pair. Nothing depends on where a block ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import compress, groupby
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from mpd_builder.aggregation import in_band, score_units
from mpd_builder.judgments import JudgmentsError
from mpd_builder.records import Pair, Rating
from mpd_builder.rules import Aggregator
from mpd_builder.snapshot import RaterIds, Recipe, tables

BLOCK = 5_000
"""So many ratings are held at once, and the rest of the last one's pair."""

SCORED = pa.schema(
    [
        *(pa.field(name, pa.string()) for name in ("pair_id", "painting_id", "clip_id", "origin")),
        *(pa.field(name, pa.float64()) for name in ("score", "mean", "median", "dispersion", "sample_dispersion")),
        pa.field("n_ratings", pa.int64()),
        pa.field("ambiguous", pa.bool_()),
    ]
)
"""One row a pair with enough ratings, by pair id; columns as in the table of pairs."""


@dataclass(slots=True)
class Tally:
    """What is counted of the ratings that go into the snapshot. `first`, `last`: the days between which they lie."""

    ratings: int = 0
    raters: Counter[str] = field(default_factory=Counter)
    protocols: Counter[str] = field(default_factory=Counter)
    input_methods: Counter[str] = field(default_factory=Counter)
    first: date | None = None
    last: date | None = None

    def add(self, ratings: list[Rating]) -> None:
        self.ratings += len(ratings)
        self.raters.update(rating.rater_id for rating in ratings)
        self.protocols.update(rating.protocol for rating in ratings)
        self.input_methods.update(rating.input_method for rating in ratings)
        days = {rating.rated_on for rating in ratings} | {self.first, self.last}
        known = sorted(day for day in days if day is not None)
        self.first, self.last = (known[0], known[-1]) if known else (None, None)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The pairs with enough ratings (columns as in `SCORED`), how many had too few, and the tally of the ratings."""

    pairs: pa.Table
    incomplete: int
    tally: Tally


def score_pairs(
    pairs: Iterator[Pair], ratings: Iterable[Rating], recipe: Recipe, *, keep: Callable[[pa.RecordBatch], object]
) -> Scored:
    """Score all pairs. `keep` gets the rows of the table `ratings`, block by block, in their final order.

    Both streams are by pair id. Raises JudgmentsError for a value outside [0, 1] and for a pair with more ratings than
    the recipe's raters per pair.
    """
    tally, incomplete, found = Tally(), 0, []
    for block in whole_pairs(ratings, BLOCK):
        size_of = {name: sum(1 for _ in of_pair) for name, of_pair in groupby(block, attrgetter("pair_id"))}
        size_P = np.array(list(size_of.values()))
        _check(block, size_of, recipe.raters_per_pair)
        found.append(_scores(block, size_P, list(_named(pairs, size_of)), recipe))
        kept = list(compress(block, np.repeat(size_P >= recipe.min_ratings, size_P).tolist()))
        incomplete += len(size_P) - found[-1].num_rows
        tally.add(kept)
        keep(_rows(kept, recipe.rater_ids))
    return Scored(pa.Table.from_batches(found, SCORED).combine_chunks(), incomplete, tally)


def whole_pairs(ratings: Iterable[Rating], size: int) -> Iterator[list[Rating]]:
    """Blocks of at least `size` ratings, but for the last one, that part no pair."""
    block: list[Rating] = []
    for rating in ratings:
        if len(block) >= size and rating.pair_id != block[-1].pair_id:
            yield block
            block = []
        block.append(rating)
    if block:
        yield block


def _check(block: list[Rating], size_of: dict[str, int], raters_per_pair: int) -> None:
    for rating in block:
        if not 0.0 <= rating.value <= 1.0:
            raise JudgmentsError(
                f"The rating of {rating.pair_id} by {rating.rater_id} is {rating.value}, not a number from 0 to 1."
            )
    for name, count in size_of.items():
        if count > raters_per_pair:
            raise JudgmentsError(
                f"The pair {name} has {count} ratings, but the recipe says {raters_per_pair} raters per pair."
            )


def _named(pairs: Iterator[Pair], names: Iterable[str]) -> Iterator[Pair]:
    """Of a stream by id, the pairs of these ids. It is left behind the last one."""
    for name in names:
        found = next((pair for pair in pairs if pair.id >= name), None)
        if found is None or found.id != name:
            raise JudgmentsError(f"There are ratings of the pair {name}, which is not there.")
        yield found


# Shapes: N ratings and P pairs of a block.
def _scores(block: list[Rating], size_P: np.ndarray[Any, Any], pairs: list[Pair], recipe: Recipe) -> pa.RecordBatch:
    unit_N = np.repeat(np.arange(len(size_P)), size_P)
    value_N = np.fromiter((rating.value for rating in block), np.float64, len(block))
    trim = recipe.trim if recipe.aggregator is Aggregator.TRIMMED_MEAN else 0
    units = score_units(unit_N, value_N, least=recipe.min_ratings, trim=trim)
    scores = units.by(recipe.aggregator)
    kept = [pairs[unit] for unit in units.units.tolist()]
    columns: dict[str, Any] = {
        "pair_id": [pair.id for pair in kept],
        "painting_id": [pair.painting_id for pair in kept],
        "clip_id": [pair.clip_id for pair in kept],
        "origin": [pair.origin for pair in kept],
        "score": scores,
        "mean": units.mean,
        "median": units.median,
        "dispersion": units.dispersion,
        "sample_dispersion": units.sample_dispersion,
        "n_ratings": units.size,
        "ambiguous": in_band(scores, recipe.band),
    }
    return pa.record_batch([pa.array(columns[each.name], each.type) for each in SCORED], SCORED)


def _rows(ratings: list[Rating], rater_ids: RaterIds) -> pa.RecordBatch:
    names = tables.RATINGS.names
    rows = list(map(attrgetter(*names), ratings))
    if rater_ids is RaterIds.ABSENT:
        place = names.index("rater_id")
        rows = [(*row[:place], None, *row[place + 1 :]) for row in rows]
        # The order within a pair must not give away who rated: sort by what the row shows.
        rows.sort(key=lambda row: tuple((value is not None, value) for value in row))
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    arrays = [pa.array(column, each.type) for column, each in zip(columns, tables.RATINGS, strict=True)]
    return pa.record_batch(arrays, tables.RATINGS)
