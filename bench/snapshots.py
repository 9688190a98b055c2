"""Snapshots: what writing one costs, and what it costs others. Usage: python -m bench.snapshots tables|beside PAIRS

`tables` fills a scratch site with so many complete pairs and lets `export` write tables and cards in a process of its
own, on one core, so that its memory is that of an export and nothing else. `beside` lets raters ask for their next pair
over HTTP, one another's turns idle and during exports (`exports`: one after the other until it is stopped).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from annotation_site.celery import GIVES_WAY  # noqa: E402
from annotation_site.scoring.models import Campaign  # noqa: E402
from annotation_site.scoring.services import pairs_make  # noqa: E402
from annotation_site.snapshots.exporting import export_campaign  # noqa: E402
from bench.crew import crowd  # noqa: E402
from bench.judged import A_PAIR, BEGAN, campaign, settled  # noqa: E402
from bench.rating import sessions  # noqa: E402
from bench.serving import Server  # noqa: E402
from bench.table import percentile  # noqa: E402
from mpd_builder.snapshot import Dataset, MediaChoice, Recipe, Sealed  # noqa: E402

OPEN_PAIRS, ASKING = 5_000, 8
SECONDS, TURNS = 8.0, 3
TABLES = Recipe("tables", media=MediaChoice.NONE, arrays=False)


def tables(pairs: int) -> None:
    call_command("migrate", verbosity=0)
    campaign(pairs)
    settled()
    command = [sys.executable, "-W", "ignore", "-m", "bench.snapshots", "export"]
    print(subprocess.run(command, check=True, capture_output=True, text=True).stdout, end="")


def beside(pairs: int) -> None:
    """The next pair's 95th percentile while nothing else happens, and while snapshots are written."""
    call_command("migrate", verbosity=0)
    made = campaign(pairs)
    pairs_make(campaign=made, count=OPEN_PAIRS, seed=2, balance=False, now=BEGAN)
    keys = sessions(ASKING)
    settled()
    idle: list[float] = []
    busy: list[float] = []
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        asked(server, keys)  # until every worker has imported what its first request needs
        for _ in range(TURNS):
            idle += asked(server, keys)
            exporter = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "bench.snapshots", "exports"])
            try:
                busy += asked(server, keys, while_at=exporter)
            finally:
                exporter.terminate()
                exporter.wait()
    (idle50, idle95), (busy50, busy95) = ([percentile(times, share) for share in (0.5, 0.95)] for times in (idle, busy))
    where = f"{pairs:,} complete pairs, {ASKING} raters, {connection.vendor}"
    figure = f"p50 {busy50:.1f} ms, p95 {busy95:.1f} ms"
    print(
        f"next pair during an export\t{where}\t{figure}\t{busy95 / idle95:.2f} x\t"
        f"idle: p50 {idle50:.1f} ms, p95 {idle95:.1f} ms"
    )


def asked(server: Server, keys: list[str], *, while_at: subprocess.Popen[bytes] | None = None) -> list[float]:
    """Milliseconds that each request for a next pair took, by the server's own clock."""
    server.times()
    load = crowd(server.port, keys, seconds=SECONDS, pause=1.0, apart=True)
    if load.refused:
        raise SystemExit(f"the server refused: {load.refused[:3]}")
    if while_at is not None and while_at.poll() is not None:
        raise SystemExit("the exports ended before the raters did")
    return server.times()["/api/v1/scoring/leases/"]


def exports() -> None:
    """One export after the other, as a worker would do it, until this process is stopped."""
    os.nice(GIVES_WAY)
    while True:
        with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
            _export(Path(folder, "s"))


def _export(out_dir: Path) -> tuple[Dataset, Sealed]:
    return export_campaign(
        campaign=Campaign.objects.get(),
        recipe=TABLES,
        out_dir=out_dir,
        created_on=BEGAN.date(),
        progress=lambda done, total, words: None,
    )


def export() -> None:
    """Tables and cards of the one campaign there is."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    before = _peak_mb()
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder:
        started, cpu = time.perf_counter(), time.process_time()
        dataset, sealed = _export(Path(folder, "s"))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    facts = dataset.facts
    if facts.ratings != A_PAIR * facts.n_pairs:
        raise SystemExit(f"{facts.ratings} ratings of {facts.n_pairs} pairs")
    where = f"{facts.n_pairs:,} pairs, {facts.ratings:,} ratings, {connection.vendor}"
    figure = f"{seconds:.1f} s, {cpu:.1f} s of the core; peak {_peak_mb():.0f} MB ({before:.0f} before)"
    print(f"snapshot, tables and cards\t{where}\t{figure}\t\t{sealed.n_bytes / 1e6:.0f} MB on disk")


def _peak_mb() -> float:
    """Of this process alone: `getrusage` counts what the process that started it had, too."""
    with open("/proc/self/status") as file:
        peak = next(line for line in file if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 1024


if __name__ == "__main__":
    {"tables": tables, "beside": beside, "export": export, "exports": exports}[sys.argv[1]](*map(int, sys.argv[2:]))
