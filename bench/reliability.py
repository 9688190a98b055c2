"""Reliability at the paper's size and beyond, on one core. Usage: python -m bench.reliability alpha|report PAIRS

`alpha` needs 12 GiB for its peer at the paper's size: where fewer are free, the row says so.
"""

from __future__ import annotations

import os
import resource
import sys
import time

if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # before numpy counts cores

import krippendorff
import numpy as np

from bench.table import timed
from mpd_builder.reliability import bootstrap_interval, krippendorff_alpha
from mpd_builder.statistics.groupings import grouping
from mpd_builder.statistics.ratings import RatingTable, rating_table
from mpd_builder.statistics.report import CampaignReport, campaign_report

RATERS, A_PAIR = 35, 5
PAIRS = 50_000
FEWER_PAIRS = 5_000
PEERS_GIB = 14
"""The peer takes 12 GiB of floats for 50,000 pairs of values to 0.01."""
PAINTINGS, TRACKS = 11_085, 1_000
WEEKS = 12


def ratings(pairs: int) -> RatingTable:
    """`pairs` pairs with five ratings to 0.01 each, of different raters of 35, over twelve weeks."""
    rng = np.random.default_rng(1)
    units = np.repeat(np.arange(pairs), A_PAIR)
    steps = rng.integers(1, RATERS // A_PAIR + 1, (pairs, A_PAIR))
    raters = ((rng.integers(0, RATERS, pairs)[:, np.newaxis] + np.cumsum(steps, axis=1)) % RATERS).ravel()
    errs = rng.uniform(0.06, 0.1, RATERS)[raters] * rng.standard_normal(len(units))
    values = rng.beta(1.6, 1.6, pairs)[units] + rng.normal(0.0, 0.03, RATERS)[raters] + errs
    values = np.clip(np.round(values, 2), 0.0, 1.0)
    times = 1.76e9 + WEEKS * 7 * 86_400 * np.sort(rng.random(len(units)))
    return rating_table(units, raters, values, times=times, active_ms=rng.integers(15_000, 40_000, len(units)))


def alpha() -> None:
    """Alpha beside the package krippendorff on the same ratings, and with a bootstrap interval."""
    for pairs in (FEWER_PAIRS, PAIRS):
        jackknifed(ratings(pairs))
    table = ratings(PAIRS)
    takes = min(timed(lambda: bootstrap_interval(table.unit_N, table.value_N, seed=1)) for _ in range(3))
    draws = min(timed(lambda: draw(PAIRS)) for _ in range(3))
    floor = f"drawing them by numpy, {draws / 1000:.2f} s"
    where = f"{words_of(table)}, 1,000 resamples"
    print(f"alpha with its bootstrap interval\t{where}\t{takes / 1000:.2f} s\t{takes / draws:.1f} x\t{floor}")


def jackknifed(table: RatingTable) -> None:
    krippendorff_alpha(table.unit_N, table.value_N)  # whatever is loaded only once
    ours = min(timed(lambda: krippendorff_alpha(table.unit_N, table.value_N)) for _ in range(20))
    print(f"alpha with its jackknife interval\t{words_of(table)}\t{ours:.1f} ms\t{beside_peer(table, ours)}")


def words_of(table: RatingTable) -> str:
    return f"{table.n_raters} raters, {table.n_units:,} pairs, {len(table):,} ratings to 0.01"


def beside_peer(table: RatingTable, ours_ms: float) -> str:
    """The row's last two fields: how many times faster than the peer, which must say the same."""
    if table.n_units >= PAIRS and free_gib() < PEERS_GIB:
        return f"\tkrippendorff.alpha needs {PEERS_GIB} GiB, {free_gib():.0f} are free: not measured"
    matrix = np.full((table.n_raters, table.n_units), np.nan)
    matrix[table.rater_N, table.unit_N] = table.value_N
    started = time.perf_counter()
    peer = krippendorff.alpha(reliability_data=matrix, level_of_measurement="interval")
    seconds = time.perf_counter() - started
    ours = krippendorff_alpha(table.unit_N, table.value_N).value
    if ours is None or abs(ours - peer) > 1e-10:
        raise SystemExit(f"alpha is {ours}, krippendorff.alpha says {peer}")
    return f"{1000 * seconds / ours_ms:,.0f} x faster\tkrippendorff.alpha, {seconds:.2f} s, equal to 1e-10"


def draw(pairs: int) -> None:
    rng = np.random.default_rng(1)
    for _ in range(1000):
        rng.integers(0, pairs, pairs)


def report(pairs: int) -> None:
    """Everything: all slices with their intervals, all raters, all aggregators, the rater model, the screening."""
    table = ratings(pairs)
    rng = np.random.default_rng(2)
    of_unit = {"style": 5, "source": 3, "painting": PAINTINGS, "track": TRACKS}
    columns = {name: rng.integers(0, count, pairs)[table.unit_N] for name, count in of_unit.items()}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, started_cpu = time.perf_counter(), time.process_time()
    groupings = [grouping(name, columns[name]) for name in ("style", "source")]
    groupings.append(grouping("rater group", table.rater_N % 3))
    found = campaign_report(
        table, groupings=groupings, clusters={name: columns[name] for name in ("painting", "track")}
    )
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    check(found, table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    n_slices = sum(len(each.slices) for each in found.slices)
    where = f"{words_of(table)}, {n_slices} slices, 1,000 resamples"
    memory = f"peak {peak / 1024:.0f} MB ({before / 1024:.0f} before)"
    print(f"the whole reliability report\t{where}\t{seconds:.1f} s, {cpu:.1f} s of a core, {memory}")


def check(found: CampaignReport, table: RatingTable) -> None:
    """A report of nothing would be quick."""
    slices = [one.figures for each in found.slices for one in each.slices]
    if found.overall.n_ratings != len(table) or not all(one.bootstrap and one.bootstrap.low for one in slices):
        raise SystemExit("the report lacks ratings or intervals")


def free_gib() -> float:
    with open("/proc/meminfo") as file:
        available = next(line for line in file if line.startswith("MemAvailable"))
    return int(available.split()[1]) / 2**20


if __name__ == "__main__":
    alpha() if sys.argv[1] == "alpha" else report(int(sys.argv[2]))
