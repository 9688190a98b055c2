"""Which held-out pairs a figure may speak of, by what a model was trained on. Loads no torch.

A regime names what a test pair has that no training pair has. A model trained under one regime can honestly be measured
under some others too, on the pairs that leave them untouched; the rest is refused in words.

Shapes: N scored pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mpd_builder.sides import Regime, Split

Mask = NDArray[np.bool_]
SIDE_OF = {
    Regime.PAIR: "split_pair",
    Regime.UNSEEN_PAINTING: "split_painting",
    Regime.UNSEEN_TRACK: "split_track",
}
"""The column that decides; under unseen-both `split_painting` and `split_track` do, where they agree."""

WHICH: Mapping[tuple[Regime, Regime], str] = {
    (Regime.UNSEEN_BOTH, Regime.UNSEEN_BOTH): "painting and track are both of the test side",
    (Regime.UNSEEN_BOTH, Regime.UNSEEN_PAINTING): "the painting is of the test side, the track of the training side",
    (Regime.UNSEEN_BOTH, Regime.UNSEEN_TRACK): "the track is of the test side, the painting of the training side",
    (Regime.UNSEEN_PAINTING, Regime.UNSEEN_PAINTING): "the painting is of the test side; its music may be known",
    (Regime.UNSEEN_TRACK, Regime.UNSEEN_TRACK): "the track is of the test side; the painting may be known",
    (Regime.PAIR, Regime.PAIR): "the combination is of the test side; painting and music may both be known",
}
"""By (trained under, measured under): which pairs can be measured. What is not here is refused."""


def refusal(trained: Regime, measured: Regime) -> str:
    """Why a model trained under one regime is not measured under another; empty where it can be."""
    if (trained, measured) in WHICH:
        return ""
    if trained is Regime.PAIR:
        return "training under pair took paintings and tracks of every side: none is surely new"
    if measured is Regime.PAIR:
        return f"training under {trained} took every pair of known items: no new combination of two of them is left"
    known = "tracks" if trained is Regime.UNSEEN_PAINTING else "paintings"
    return f"training under {trained} took pairs with {known} of every side: no {known[:-1]} is surely new"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a model was trained on, by the ids of items and of their works, and under which regime.

    A combination is "PAINTING TRACK", in items and in works.
    """

    regime: Regime
    paintings: frozenset[str]
    tracks: frozenset[str]
    combinations: frozenset[str]

    @classmethod
    def of(cls, regime: Regime, items: pd.DataFrame) -> Seen:
        """`items` of the training pairs: painting, track, painting_work, track_work."""
        known = {kind: frozenset(names) | frozenset(works) for kind, names, works in _kinds(items)}
        return cls(regime, known["painting"], known["track"], known["combination"])


def side_under(regime: Regime, frame: pd.DataFrame) -> NDArray[np.object_]:
    """(N,) the side of each pair of a snapshot under any regime, from the sides of its items."""
    if regime in SIDE_OF:
        return frame[SIDE_OF[regime]].to_numpy(dtype=object)
    painting, track = frame["split_painting"].to_numpy(dtype=object), frame["split_track"].to_numpy(dtype=object)
    return np.where(painting == track, painting, Split.CROSS.value).astype(object)


def validation(trained: Regime, frame: pd.DataFrame) -> Mask:
    """(N,) pairs to steer a training by.

    Under unseen-both these are all that touch a validation item and no test item: pairs of two validation items alone
    are too few.
    """
    if trained is not Regime.UNSEEN_BOTH:
        steering: Mask = side_under(trained, frame) == Split.VALIDATION.value
        return steering
    sides = frame[["split_painting", "split_track"]].to_numpy(dtype=object)
    touched: Mask = (sides == Split.VALIDATION.value).any(axis=1) & ~(sides == Split.TEST.value).any(axis=1)
    return touched


def held_out(trained: Regime, frame: pd.DataFrame) -> dict[Regime, Mask]:
    """(N,) a mask for each regime that can be measured, the one trained under first; by the pairs' sides alone."""
    if trained is not Regime.UNSEEN_BOTH:
        return {trained: side_under(trained, frame) == Split.TEST.value}
    painting, track = frame["split_painting"].to_numpy(dtype=object), frame["split_track"].to_numpy(dtype=object)
    train, test = Split.TRAIN.value, Split.TEST.value
    return {
        Regime.UNSEEN_BOTH: (painting == test) & (track == test),
        Regime.UNSEEN_PAINTING: (painting == test) & (track == train),
        Regime.UNSEEN_TRACK: (painting == train) & (track == test),
    }


def leaking(seen: Seen, measured: Regime, items: pd.DataFrame) -> Mask:
    """(N,) pairs whose painting, track or combination (whichever the regime calls new) the model was trained on.

    An item is known if it was seen, or any item that is one work with it was.
    """
    known = {kind: _known(names, works, frozenset(getattr(seen, f"{kind}s"))) for kind, names, works in _kinds(items)}
    if measured is Regime.UNSEEN_BOTH:
        return known["painting"] | known["track"]
    return known[
        {Regime.UNSEEN_PAINTING: "painting", Regime.UNSEEN_TRACK: "track", Regime.PAIR: "combination"}[measured]
    ]


def _kinds(items: pd.DataFrame) -> list[tuple[str, pd.Series[str], pd.Series[str]]]:
    """(kind, id of each pair's item, id of that item's work)."""
    return [
        ("painting", items["painting"], items["painting_work"]),
        ("track", items["track"], items["track_work"]),
        (
            "combination",
            items["painting"] + " " + items["track"],
            items["painting_work"] + " " + items["track_work"],
        ),
    ]


def _known(names: pd.Series[str], works: pd.Series[str], seen: frozenset[str]) -> Mask:
    direct = names.isin(seen)
    found: Mask = (direct | works.isin(seen | frozenset(works[direct]))).to_numpy(dtype=bool)
    return found
