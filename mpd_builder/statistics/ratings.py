"""Ratings in long form, checked once and coded, so that every statistic is arithmetic on the same arrays."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mpd_builder.codes import Flags, Floats, Ints, Labels, Name, coded


# Shapes: N ratings, U units (pairs), R raters.
@dataclass(frozen=True, slots=True, eq=False)
class RatingTable:
    """N ratings of U units by R raters; a rater rated a unit once at most.

    `unit_N` and `rater_N` are codes into the names `units_U` and `raters_R`, which are in order. `time_N` is in seconds
    since 1970, `active_ms_N` how long each rating took; None where nobody kept it.
    """

    unit_N: Ints
    rater_N: Ints
    value_N: Floats
    units_U: Labels
    raters_R: Labels
    time_N: Floats | None = None
    active_ms_N: Floats | None = None

    def __len__(self) -> int:
        return len(self.value_N)

    @property
    def n_units(self) -> int:
        return len(self.units_U)

    @property
    def n_raters(self) -> int:
        return len(self.raters_R)

    def rater_codes(self, raters: Collection[Name]) -> Ints:
        """The codes of these raters; ValueError for one who rated nothing here."""
        code_of = {name: code for code, name in enumerate(self.raters_R.tolist())}
        unknown = [name for name in raters if name not in code_of]
        if unknown:
            raise ValueError(f"no rating here is of rater {unknown[0]}")
        return np.array(sorted(code_of[name] for name in raters), dtype=np.int64)

    def without(self, raters: Collection[Name]) -> RatingTable:
        """The ratings of all others; units and raters keep their codes, also where they have no rating left."""
        return self.kept(~np.isin(self.rater_N, self.rater_codes(raters)))

    def kept(self, is_kept_N: Flags) -> RatingTable:
        """Those ratings only; units and raters keep their codes."""
        return replace(
            self,
            unit_N=self.unit_N[is_kept_N],
            rater_N=self.rater_N[is_kept_N],
            value_N=self.value_N[is_kept_N],
            time_N=None if self.time_N is None else self.time_N[is_kept_N],
            active_ms_N=None if self.active_ms_N is None else self.active_ms_N[is_kept_N],
        )


def rating_table(
    units: npt.ArrayLike,
    raters: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    times: npt.ArrayLike | None = None,
    active_ms: npt.ArrayLike | None = None,
) -> RatingTable:
    """Check and code ratings in long form, (N,) each.

    `units` and `raters` are whole numbers or strings, `values` numbers, `times` seconds since 1970 or datetime64,
    `active_ms` milliseconds. Raises ValueError for unequal lengths, a value that is not finite, or a rater who rated a
    unit twice.
    """
    unit_N, units_U = coded(units)
    rater_N, raters_R = coded(raters)
    value_N = _floats(values, len(unit_N), "values")
    if len(rater_N) != len(unit_N):
        raise ValueError(f"{len(unit_N)} units, {len(rater_N)} raters: not one a rating")
    table = RatingTable(
        unit_N=unit_N,
        rater_N=rater_N,
        value_N=value_N,
        units_U=units_U,
        raters_R=raters_R,
        time_N=None if times is None else _floats(_seconds(times), len(unit_N), "times"),
        active_ms_N=None if active_ms is None else _floats(active_ms, len(unit_N), "active times"),
    )
    _check_once(table)
    return table


def _floats(numbers: npt.ArrayLike, n: int, what: str) -> Floats:
    number_N = np.asarray(numbers, dtype=np.float64)
    if number_N.shape != (n,):
        raise ValueError(f"{n} units, but {what} of shape {number_N.shape}: not one a rating")
    if not np.isfinite(number_N).all():
        raise ValueError(f"one of the {what} is not a finite number")
    return number_N


def _seconds(times: npt.ArrayLike) -> npt.ArrayLike:
    time_N = np.asarray(times)
    if time_N.dtype.kind != "M":
        return time_N
    if np.isnat(time_N).any():
        raise ValueError("one of the times is missing")
    return time_N.astype("datetime64[us]").astype(np.int64) / 1e6


def _check_once(table: RatingTable) -> None:
    places = np.sort(table.unit_N * table.n_raters + table.rater_N)
    twice = np.flatnonzero(places[1:] == places[:-1])
    if len(twice):
        unit, rater = divmod(int(places[twice[0]]), table.n_raters)
        raise ValueError(f"rater {table.raters_R[rater]} rated {table.units_U[unit]} more than once")
