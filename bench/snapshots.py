"""Snapshots: what writing one costs. Usage: python -m bench.snapshots tables PAIRS | export

`tables` fills a scratch site with so many complete pairs and lets `export` write tables and cards in a process of its
own, on one core, so that its memory is that of an export and nothing else.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from annotation_site.scoring.models import Campaign  # noqa: E402
from annotation_site.snapshots.exporting import export_campaign  # noqa: E402
from bench.judged import A_PAIR, BEGAN, campaign, settled  # noqa: E402
from mpd_builder.snapshot import MediaChoice, Recipe  # noqa: E402

TABLES = Recipe("tables", media=MediaChoice.NONE, arrays=False)


def tables(pairs: int) -> None:
    call_command("migrate", verbosity=0)
    campaign(pairs)
    settled()
    command = [sys.executable, "-W", "ignore", "-m", "bench.snapshots", "export"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def export() -> None:
    """Tables and cards of the one campaign there is."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    before = _peak_mb()
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        started, cpu = time.perf_counter(), time.process_time()
        dataset, sealed = export_campaign(
            campaign=Campaign.objects.get(),
            recipe=TABLES,
            out_dir=Path(folder, "s"),
            created_on=BEGAN.date(),
            progress=lambda done, total, words: None,
        )
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    facts = dataset.facts
    if facts.ratings != A_PAIR * facts.n_pairs:
        raise SystemExit(f"{facts.ratings} ratings of {facts.n_pairs} pairs")
    where = f"{facts.n_pairs:,} pairs, {facts.ratings:,} ratings, {connection.vendor}"
    figure = f"{seconds:.1f} s, {cpu:.1f} s of the core; peak {_peak_mb():.0f} MB ({before:.0f} before)"
    print(f"snapshot, tables and cards\t{where}\t{figure}\t\t{sealed.n_bytes / 1e6:.0f} MB on disk")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    tables(int(sys.argv[2])) if sys.argv[1] == "tables" else export()
