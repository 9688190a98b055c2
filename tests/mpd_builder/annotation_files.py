"""The real annotation sets that may lie beside a checkout, read as ratings in long form."""

from __future__ import annotations

import csv
from pathlib import Path


def read_long(path: Path) -> tuple[list[str], list[str], list[float]]:
    """Items, raters and scores of a rating file of either form, empty cells left out."""
    items, raters, scores = [], [], []
    with path.open() as file:
        for row in csv.DictReader(file):
            item = row.pop("item")
            answers = {row["rater"]: row["score"]} if "score" in row else row
            for rater, score in answers.items():
                if score:
                    items.append(item)
                    raters.append(rater)
                    scores.append(float(score))
    return items, raters, scores
