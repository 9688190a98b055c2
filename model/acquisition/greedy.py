"""The list of pairs to ask about: a control arm by lot, then the method's picks one by one, under caps.

Caps keep one painting or clip from filling the list. Only against chance can one say whether choosing helped: so the
control arm is drawn first, from all candidates alike, whatever the method would have taken, and is mixed into the list
by lot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from model.acquisition.methods import BAND, Known, Method, picker


class Reason(StrEnum):
    """Why a pair was chosen: by which method, or because the control's lot fell on it."""

    RANDOM = Method.RANDOM.value
    VARIANCE = Method.VARIANCE.value
    ENSEMBLE = Method.ENSEMBLE.value
    CORESET = Method.CORESET.value
    LCMD = Method.LCMD.value
    BAND = Method.BAND.value
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen candidate: its row, and why."""

    row: int
    reason: Reason


class _Open:
    """Which candidates can still be asked (N,), as caps and what was taken leave them."""

    def __init__(self, items: Sequence[Sequence[Hashable]], caps: Sequence[int | None]) -> None:
        self.mask_N = np.ones(len(items[0]), dtype=bool)
        self._sides = [
            (side, cap, _rows_by_item(side), Counter[Hashable]()) for side, cap in zip(items, caps, strict=True)
        ]

    def __bool__(self) -> bool:
        return bool(self.mask_N.any())

    def take(self, row: int) -> None:
        self.mask_N[row] = False
        for items, cap, rows, taken in self._sides:
            taken[items[row]] += 1
            if cap is not None and taken[items[row]] >= cap:
                self.mask_N[rows[items[row]]] = False


def choose(
    method: Method,
    known: Known,
    paintings: Sequence[Hashable],
    clips: Sequence[Hashable],
    *,
    count: int,
    per_painting: int | None = None,
    per_clip: int | None = None,
    control_share: float = 0.0,
    seed: int,
    band: tuple[float, float] = BAND,
) -> list[Choice]:
    """Up to `count` candidates in the order to ask them, `control_share` of them drawn at random.

    paintings, clips (N,): what each candidate is made of. No painting comes more than `per_painting` times, no clip
    more than `per_clip` (None: as often as it is wanted); the list is shorter where the caps leave no more. The same
    arguments give the same list, and the same seed the same control arm whatever the method. Raises ValueError in words
    for impossible settings, and where the method has to know more of the candidates.
    """
    _check(known, paintings, clips, count=count, caps=(per_painting, per_clip), control_share=control_share)
    count = min(count, len(known))
    generator = np.random.default_rng(seed)
    still_open = _Open((paintings, clips), (per_painting, per_clip))
    control = list(_drawn(still_open, round(control_share * count), generator))
    working = picker(Method(method), known, band=band, generator=generator)
    for row in control:
        working.learn(row)
    picked: list[int] = []
    while still_open and len(control) + len(picked) < count:
        picked.append(working.best(still_open.mask_N))
        still_open.take(picked[-1])
        working.learn(picked[-1])
    return _mixed(picked, control, Reason(method.value), generator)


def _drawn(still_open: _Open, count: int, generator: np.random.Generator) -> Iterator[int]:
    """Rows by lot, each open one equally likely."""
    for _ in range(count):
        if not still_open:
            return
        row = int(generator.choice(np.flatnonzero(still_open.mask_N)))
        still_open.take(row)
        yield row


def _mixed(picked: list[int], control: list[int], reason: Reason, generator: np.random.Generator) -> list[Choice]:
    """Both arms in one list, each in its own order, their places by lot."""
    is_control = np.zeros(len(picked) + len(control), dtype=bool)
    is_control[generator.permutation(len(is_control))[: len(control)]] = True
    of_method, of_control = iter(picked), iter(control)
    return [
        Choice(next(of_control), Reason.CONTROL) if drawn else Choice(next(of_method), reason) for drawn in is_control
    ]


def _rows_by_item(items: Sequence[Hashable]) -> dict[Hashable, list[int]]:
    rows: dict[Hashable, list[int]] = {}
    for row, item in enumerate(items):
        rows.setdefault(item, []).append(row)
    return rows


def _check(
    known: Known,
    paintings: Sequence[Hashable],
    clips: Sequence[Hashable],
    *,
    count: int,
    caps: tuple[int | None, int | None],
    control_share: float,
) -> None:
    if not len(known) == len(paintings) == len(clips):
        raise ValueError("scores, paintings and clips must name the same candidates")
    if count < 0 or any(cap is not None and cap < 1 for cap in caps):
        raise ValueError("the count must not be negative, and each cap must be at least 1")
    if not 0 <= control_share <= 1:
        raise ValueError(f"the control share is from 0 to 1, not {control_share}")
