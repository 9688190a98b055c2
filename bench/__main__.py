"""Every row, one after the other, each in a process and a state folder of its own."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from bench.surroundings import DATABASES, measure, scratch
from bench.table import Row, machine, table
from mpd_builder.synthetic import make_corpus

PAIRS = (1_000, 10_000, 50_000)
RATERS = (1, 8, 35, 100)


def rows() -> list[Row]:
    found: list[str] = []
    with scratch("sqlite") as env:
        found += measure("bench.seeding", env=env)
    with tempfile.TemporaryDirectory() as folder, scratch("sqlite") as env:
        corpus = Path(folder, "corpus")
        make_corpus(out_dir=corpus, paintings=48, tracks=16, seed=2, processes=2)
        found += measure("bench.importing", str(corpus), env=env)
    for database in DATABASES:
        for pairs in PAIRS:
            with scratch(database) as env:
                found += measure("bench.rating", str(pairs), *map(str, RATERS), env=env)
    return [Row(*line.split("\t")) for line in found]


if __name__ == "__main__":
    print(f"{date.today().isoformat()}, {machine()}\n")
    print(table(rows()))
