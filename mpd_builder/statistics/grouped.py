"""Means, medians, correlations and regressions of many groups at once, from a few sums a group."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.codes import Floats, Ints, totals

LEAST_FOR_CORRELATION = 3
_NO_VARIATION = 1e-12


def means(group_N: Ints, value_N: Floats, n_groups: int) -> tuple[Ints, Floats]:
    """Size and mean of each group (G,); the mean of an empty group is 0 and must not be used."""
    n_G = np.bincount(group_N, minlength=n_groups)
    return n_G.astype(np.int64), totals(group_N, value_N, n_groups) / np.maximum(n_G, 1)


def medians(group_N: Ints, value_N: Floats, n_groups: int) -> Floats:
    """The median of each group (G,), NaN for an empty one."""
    n_G = np.bincount(group_N, minlength=n_groups)
    in_order = value_N[np.lexsort((value_N, group_N))]
    start_G = np.cumsum(n_G) - n_G
    filled = np.flatnonzero(n_G)
    low, high = start_G[filled] + (n_G[filled] - 1) // 2, start_G[filled] + n_G[filled] // 2
    median_G = np.full(n_groups, np.nan)
    median_G[filled] = (in_order[low] + in_order[high]) / 2.0
    return median_G


# Shapes: N pairs of values (x, y), G groups.
@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Of each group (G,): how many (x, y) it has, their means, and the sums of squares and products around them."""

    n: Ints
    mean_x: Floats
    mean_y: Floats
    xx: Floats
    yy: Floats
    xy: Floats

    @property
    def correlation(self) -> Floats:
        """Pearson's, NaN for fewer than three or without variation on either side."""
        varies = (self.xx > _NO_VARIATION * self.n) & (self.yy > _NO_VARIATION * self.n)
        is_defined = (self.n >= LEAST_FOR_CORRELATION) & varies
        spread = np.sqrt(np.where(is_defined, self.xx * self.yy, 1.0))
        return np.where(is_defined, np.clip(self.xy / spread, -1.0, 1.0), np.nan)

    @property
    def slope(self) -> Floats:
        """Of the least-squares line of x on y, NaN for fewer than three or without variation in y."""
        is_defined = (self.n >= LEAST_FOR_CORRELATION) & (self.yy > _NO_VARIATION * self.n)
        return np.where(is_defined, self.xy / np.where(is_defined, self.yy, 1.0), np.nan)

    @property
    def spread(self) -> Floats:
        """The standard deviation of x over that of y, NaN where the slope is."""
        is_defined = np.isfinite(self.slope)
        return np.where(is_defined, np.sqrt(self.xx / np.where(is_defined, self.yy, 1.0)), np.nan)

    @property
    def residual_sd(self) -> Floats:
        """The standard deviation of x around that line, n - 2 degrees of freedom; NaN where the slope is."""
        slope = self.slope
        is_defined = np.isfinite(slope)
        left = np.maximum(self.xx - np.where(is_defined, slope, 0.0) * self.xy, 0.0)
        return np.where(is_defined, np.sqrt(left / np.maximum(self.n - 2, 1)), np.nan)


def moments(group_N: Ints, x_N: Floats, y_N: Floats, n_groups: int) -> Moments:
    """The moments of each group."""
    n_G, mean_x_G = means(group_N, x_N, n_groups)
    _, mean_y_G = means(group_N, y_N, n_groups)
    dx_N, dy_N = x_N - mean_x_G[group_N], y_N - mean_y_G[group_N]
    xx_G, yy_G, xy_G = (totals(group_N, product_N, n_groups) for product_N in (dx_N * dx_N, dy_N * dy_N, dx_N * dy_N))
    return Moments(n_G, mean_x_G, mean_y_G, xx_G, yy_G, xy_G)
