"""A snapshot's leakage certificate as its page shows it: regime by regime, what of the test occurs in training."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from annotation_site.snapshots.files import NoSuchFile, file_open
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.words import REGIMES
from mpd_builder.snapshot.leakage import NAME

MOST_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class RegimeRow:
    """One regime: its test pairs, and the shares of them whose painting, or track, training has (None of none)."""

    regime: str
    new: str
    is_own: bool
    n_pairs: int
    painting: float | None
    track: float | None


@dataclass(frozen=True, slots=True)
class LeakageShown:
    """`leaks`: what is shared although its regime keeps it apart, in words."""

    rows: tuple[RegimeRow, ...]
    leaks: tuple[str, ...]


def leakage_of(snapshot: Snapshot) -> LeakageShown | None:
    """What the certificate says; None of a snapshot from before there were any."""
    try:
        opened, _ = file_open(snapshot, NAME)
    except NoSuchFile:
        return None
    with opened:
        found = json.loads(opened.read(MOST_BYTES))
    rows = (_row(name, found["regimes"][name], own=found["split"]) for name in REGIMES if name in found["regimes"])
    return LeakageShown(tuple(rows), tuple(found["leaks"]))


def _row(name: str, regime: dict[str, Any], *, own: str) -> RegimeRow:
    seen = regime["seen_in_train"]["test"]
    return RegimeRow(
        regime=name,
        new=REGIMES[name],
        is_own=name == own,
        n_pairs=seen["pairs"],
        painting=_percent(seen.get("painting_share")),
        track=_percent(seen.get("track_share")),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
