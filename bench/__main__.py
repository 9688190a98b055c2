"""Every row, one after the other, each in a process and a state folder of its own."""

from __future__ import annotations

from datetime import date

from bench.surroundings import DATABASES, measure, scratch
from bench.table import Row, machine, table

IMPORTS = [
    ("bench.importing", "pictures", "200"),
    ("bench.importing", "tracks", "32"),
    ("bench.memory", "100"),
    ("bench.memory", "10000"),
    ("bench.encoding",),
    ("bench.judging", "vit"),
    ("bench.judging", "parts", "paper", "64"),
    ("bench.judging", "matrix", "paper@small", "64"),
    ("bench.warm", "paper"),
    ("bench.pairing",),
    ("bench.choosing", "100000", "500"),
    ("bench.preferences",),
    ("bench.reliability", "alpha"),
    ("bench.reliability", "report", "50000"),
    ("bench.reliability", "report", "1000000"),
    ("bench.sealing",),
    ("bench.snapshots", "tables", "50000"),
    ("bench.snapshots", "tables", "200000"),
]
PAIRS = (1_000, 10_000, 50_000)
RATERS = (1, 8, 35, 100)


def rows() -> list[Row]:
    found: list[str] = []
    with scratch("sqlite") as env:
        found += measure("bench.seeding", env=env)
    for module, *arguments in IMPORTS:
        with scratch("sqlite") as env:
            found += measure(module, *arguments, env=env)
    for database in DATABASES:
        for pairs in PAIRS:
            with scratch(database) as env:
                found += measure("bench.rating", str(pairs), *map(str, RATERS), env=env)
    for database in DATABASES:
        with scratch(database) as env:
            found += measure("bench.snapshots", "beside", "20000", env=env)
    return [Row(*line.split("\t")) for line in found]


if __name__ == "__main__":
    print(f"{date.today().isoformat()}, {machine()}\n")
    print(table(rows()))
