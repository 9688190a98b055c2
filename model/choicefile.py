"""Choosing from file to file: a CSV of scored pairs in, one row a pair to ask about out. Loads no torch.

Shapes: N candidates, L labelled pairs, K features, E members of an ensemble.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from model.acquisition import CONTROL, Choice, Known, Method, Route, choose, route

Floats = NDArray[np.float64]
WEIGHTS_NAME = "checkpoint.safetensors"
ITEMS = (("painting_row", "clip_row"), ("painting_id", "clip_id"))
ADDED = ("row", "reason", "route")


class ChoiceError(ValueError):
    """Files that cannot be chosen from, or settings that cannot be; the message says which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pairs are asked for, at most how many of one painting and of one clip, and the share drawn by lot."""

    count: int
    per_painting: int | None = None
    per_clip: int | None = None
    control_share: float = 0.2


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV of N scored pairs. `columns` and `lines` as they stand; score (N,), deviation (N,), paintings and clips."""

    columns: list[str]
    lines: list[dict[str, str]]
    score_N: Floats
    sd_N: Floats
    paintings: list[str]
    clips: list[str]


def choose_file(
    method: Method,
    checkpoint: Path,
    *,
    scores_path: Path,
    out_path: Path,
    limits: Limits,
    band: tuple[float, float],
    sure_sd: float,
    seed: int,
    features_path: Path | None = None,
    labelled_path: Path | None = None,
    members_paths: Sequence[Path] = (),
) -> dict[str, Any]:
    """Choose from the scored pairs of `scores_path` and write a CSV in the order to ask: their columns and `ADDED`.

    `row` is the pair's place in the scored CSV, from 0; `reason` the method, or `control`; `route` where it would go
    (`acquisition.route`): the control arm always to ratings, which are what choosing is measured by. `checkpoint` is
    the folder of the model that scored, for its posterior. The file appears whole or not at all. Returns `method`,
    `candidates`, `chosen`, `control` and, by route, how many go there. Raises ChoiceError.
    """
    table = read_table(scores_path)
    known = _known(table, checkpoint, features_path, labelled_path, members_paths)
    try:
        chosen = choose(
            method,
            known,
            table.paintings,
            table.clips,
            count=limits.count,
            per_painting=limits.per_painting,
            per_clip=limits.per_clip,
            control_share=limits.control_share,
            seed=seed,
            band=band,
        )
    except ValueError as error:
        raise ChoiceError(str(error)) from error
    routes = [_route_of(choice, table, band, sure_sd) for choice in chosen]
    _write(out_path, table, chosen, routes)
    return {
        "method": method.value,
        "candidates": len(table.lines),
        "chosen": len(chosen),
        "control": sum(choice.reason is CONTROL for choice in chosen),
        "routes": {where.value: routes.count(where) for where in Route},
    }


def read_table(path: Path) -> Table:
    """The CSV that `python -m model score` wrote. Raises ChoiceError naming the line at fault."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lines, columns = list(reader), list(reader.fieldnames or [])
    missing = {"score", "sd"} - set(columns)
    if missing:
        raise ChoiceError(f"{path} has no column {' nor '.join(sorted(missing))}: score its pairs first")
    clash = set(ADDED) & set(columns)
    if clash:
        raise ChoiceError(f"{path} already has a column {min(clash)}: rename it, choosing adds one of that name")
    items = next((names for names in ITEMS if set(names) <= set(columns)), None)
    if items is None:
        raise ChoiceError(f"{path} does not say what its pairs are made of: {' or '.join(map(' and '.join, ITEMS))}")
    score_N, sd_N = (
        np.array([_number(path, lines, row, name) for row in range(len(lines))]) for name in ("score", "sd")
    )
    return Table(columns, lines, score_N, sd_N, *([line[name] for line in lines] for name in items))


def posterior(checkpoint: Path) -> tuple[Floats, float]:
    """Covariance of the head's weights (K, K) and noise of a human score, of the model in a folder."""
    path = checkpoint / WEIGHTS_NAME
    try:
        with safe_open(path, framework="numpy") as file:
            covariance: Floats = file.get_tensor("posterior.covariance").astype(np.float64)
            return covariance, float(file.get_tensor("posterior.noise"))
    except FileNotFoundError as error:
        raise ChoiceError(f"{checkpoint} holds no trained model: there is no {WEIGHTS_NAME} in it") from error
    except SafetensorError as error:
        raise ChoiceError(f"{path} is damaged, or its model has no posterior: {error}") from error


def _known(
    table: Table, checkpoint: Path, features: Path | None, labelled: Path | None, members: Sequence[Path]
) -> Known:
    covariance_KK, noise = posterior(checkpoint)
    return Known(
        score_N=table.score_N,
        variance_N=np.square(table.sd_N),
        features_NK=None if features is None else _array(features, len(table.lines)),
        covariance_KK=None if features is None else covariance_KK,
        noise=None if features is None else noise,
        members_EN=np.stack([table.score_N, *(_member(path, table) for path in members)]) if members else None,
        labelled_LK=None if labelled is None else _array(labelled, None),
    )


def _member(path: Path, table: Table) -> Floats:
    """The scores of another model, of the same pairs in the same order."""
    other = read_table(path)
    if (other.paintings, other.clips) != (table.paintings, table.clips):
        raise ChoiceError(f"{path} does not hold the same pairs in the same order as the scores")
    return other.score_N


def _array(path: Path, rows: int | None) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ChoiceError(f"{path} cannot be read as an array: {error}") from error
    if array.ndim != 2 or not np.issubdtype(array.dtype, np.floating):
        raise ChoiceError(f"{path} must be a table of features, not {array.dtype} {array.shape}")
    if rows is not None and len(array) != rows:
        raise ChoiceError(f"{path} has features of {len(array)} pairs, and there are {rows}: score them together")
    return array


def _number(path: Path, lines: Sequence[Mapping[str, str]], row: int, column: str) -> float:
    try:
        value = float(lines[row][column])
    except (TypeError, ValueError):
        value = float("nan")
    if not np.isfinite(value):
        raise ChoiceError(f"{path}, line {row + 2}: {column} {lines[row][column]!r} is not a number")
    return value


def _route_of(choice: Choice, table: Table, band: tuple[float, float], sure_sd: float) -> Route:
    if choice.reason is CONTROL:
        return Route.RATINGS
    return route(float(table.score_N[choice.row]), float(table.sd_N[choice.row]), band=band, sure_sd=sure_sd)


def _write(path: Path, table: Table, chosen: Sequence[Choice], routes: Sequence[Route]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [*table.columns, *ADDED], lineterminator="\n")
    writer.writeheader()
    for choice, where in zip(chosen, routes, strict=True):
        writer.writerow(
            {**table.lines[choice.row], "row": choice.row, "reason": choice.reason.value, "route": where.value}
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(text.getvalue(), encoding="utf-8", newline="")
    os.replace(partial, path)
