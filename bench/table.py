"""The table that `make bench` prints."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure. `ratio` compares it with `floor` (what the work costs at the least) in the same run."""

    what: str
    where: str
    figure: str
    ratio: str = ""
    floor: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def timed(work: Callable[[], object]) -> float:
    """How many milliseconds the work takes."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def machine() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return f"{len(names) or '?'} x {names[0] if names else platform.processor()}, Python {platform.python_version()}"


def table(rows: Iterable[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| what | where | figure | ratio | floor |", "|---|---|---|---|---|"]
    lines += [f"| {row.what} | {row.where} | {row.figure} | {row.ratio} | {row.floor} |" for row in rows]
    return "\n".join(lines)
