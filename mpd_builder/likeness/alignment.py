"""Laying one grey picture on another: crops, frames and slight turns are undone before the two are compared.

Shapes: S x S pixels; M of them where the pictures overlap. Places run from -1/2 to 1/2 across a picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

MAX_CHANGE: Final = 0.2
"""No number of the affine map may differ by more from that of a picture laid on itself."""
MIN_OVERLAP: Final = 0.6
MIN_COARSE: Final = 0.5
"""Pictures whose coarse copies correlate less are given up."""
_ROUNDS: Final = ((16, 4), (32, 5), (64, 2))
"""(Side in pixels, rounds): the coarse picture first, whose slopes reach farther."""
_SMOOTHED: Final = 4

Reals = npt.NDArray[np.float64]
Places = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Laid:
    """Where the pixels of one picture come to lie in another: values (S, S), and whether inside."""

    values: Reals
    is_inside: npt.NDArray[np.bool_]


def aligned_correlation(first: npt.NDArray[np.float32], second: npt.NDArray[np.float32]) -> float:
    """Correlation of the details of two pictures, (64, 64), after `second` is laid on `first`; 0 where it cannot be.

    An affine map, a gain and an offset are fitted by Gauss-Newton steps from coarse to fine (Lucas & Kanade 1981).
    Details are what differs from the mean of the 9 x 9 pixels around.
    """
    affine: Reals = np.eye(2, 3)
    for side, rounds in _ROUNDS:
        one, other = _standard(_shrunk(first, side)), _standard(_shrunk(second, side))
        for _ in range(rounds):
            nearer = _improved(affine, one, other)
            if nearer is None:
                return 0.0
            affine = nearer
        laid = _lay(other, affine)
        if _correlation(one[laid.is_inside], laid.values[laid.is_inside]) < MIN_COARSE:
            return 0.0
    laid = _lay(second.astype(np.float64), affine)
    details = _details(first.astype(np.float64))
    as_laid = _correlation(details[laid.is_inside], _details(laid.values)[laid.is_inside])
    as_it_is = _correlation(details.ravel(), _details(second.astype(np.float64)).ravel())
    return max(as_laid, as_it_is)


def _improved(affine: Reals, first: Reals, second: Reals) -> Reals | None:
    """One step nearer; None where it leads astray."""
    side = len(first)
    laid = _lay(second, affine)
    inside = laid.is_inside
    if inside.mean() < MIN_OVERLAP:
        return None
    across, down = _slopes(laid.values)
    x, y = _places(side)
    columns = (across * x, across * y, across, down * x, down * y, down, laid.values, np.ones_like(x))
    jacobian_M8 = np.stack([column[inside] for column in columns], axis=1)
    normal_88 = jacobian_M8.T @ jacobian_M8
    normal_88[np.diag_indices(8)] = 1.001 * normal_88.diagonal() + 1e-9
    step = np.linalg.solve(normal_88, jacobian_M8.T @ first[inside])
    gain = step[6]
    if gain < 0.1:
        return None
    nearer: Reals = affine + np.clip(step[:6] / gain, -0.1, 0.1).reshape(2, 3)
    return nearer if np.abs(nearer - np.eye(2, 3)).max() <= MAX_CHANGE else None


def _lay(picture: Reals, affine: Reals) -> _Laid:
    """Bilinear values of the picture at the mapped places."""
    side = len(picture)
    x, y = _places(side)
    column = (affine[0, 0] * x + affine[0, 1] * y + affine[0, 2] + 0.5) * side - 0.5
    row = (affine[1, 0] * x + affine[1, 1] * y + affine[1, 2] + 0.5) * side - 0.5
    is_inside = (column >= 0.0) & (column <= side - 1) & (row >= 0.0) & (row <= side - 1)
    left = np.clip(column, 0.0, side - 2).astype(np.intp)
    top = np.clip(row, 0.0, side - 2).astype(np.intp)
    right_share, bottom_share = column - left, row - top
    at: Places = top * side + left
    flat = picture.ravel()
    upper = flat[at] + right_share * (flat[at + 1] - flat[at])
    lower = flat[at + side] + right_share * (flat[at + side + 1] - flat[at + side])
    values = np.where(is_inside, upper + bottom_share * (lower - upper), flat[at])
    return _Laid(values, is_inside)


def _slopes(picture: Reals) -> tuple[Reals, Reals]:
    """The growth to the right and downwards, over the picture's whole side, (S, S) each."""
    across, down = np.zeros_like(picture), np.zeros_like(picture)
    across[:, 1:-1] = picture[:, 2:] - picture[:, :-2]
    down[1:-1] = picture[2:] - picture[:-2]
    return across * (len(picture) / 2.0), down * (len(picture) / 2.0)


@cache
def _places(side: int) -> tuple[Reals, Reals]:
    """x and y of each pixel's centre, (S, S)."""
    centres = (np.arange(side) + 0.5) / side - 0.5
    y, x = np.meshgrid(centres, centres, indexing="ij")
    return x, y


def _shrunk(picture: npt.NDArray[np.float32], side: int) -> Reals:
    cell = len(picture) // side
    means: Reals = picture.reshape(side, cell, side, cell).mean(axis=(1, 3), dtype=np.float64)
    return means


def _standard(picture: Reals) -> Reals:
    centred = picture - picture.mean()
    standard: Reals = centred / max(float(centred.std()), 1e-3)
    return standard


def _details(picture: Reals) -> Reals:
    """The picture without the mean of what is around each pixel."""
    width = 2 * _SMOOTHED + 1
    sums = np.pad(picture, _SMOOTHED, mode="edge").cumsum(axis=0).cumsum(axis=1)
    sums = np.pad(sums, ((1, 0), (1, 0)))
    around = sums[width:, width:] - sums[:-width, width:] - sums[width:, :-width] + sums[:-width, :-width]
    details: Reals = picture - around / width**2
    return details


def _correlation(one: Reals, other: Reals) -> float:
    one, other = one - one.mean(), other - other.mean()
    spread = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / spread if spread > 1e-6 * len(one) else 0.0
