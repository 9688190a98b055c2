"""The rows of the paper's Tables 2 and 3 on one snapshot: trained by one loop, measured on the same pairs.

Shapes: S seeds, N pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from model import checkpoints, evaluation, metrics, recipes, runs
from model.config import Config
from model.data import Dataset
from model.metrics import Floats
from model.scoring import score_pairs

TABLES: Mapping[str, tuple[str, ...]] = {
    "table2": recipes.TABLE_2,
    "table3": recipes.TABLE_3,
    "all": tuple(dict.fromkeys((*recipes.TABLE_2, *recipes.TABLE_3))),
}
REFERENCE = "paper"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is compared: recipes (in a size, with settings replaced) and the seeds that each is trained with."""

    recipes: tuple[str, ...]
    size: str
    seeds: tuple[int, ...]
    overrides: Mapping[str, Any]

    def config(self, recipe: str) -> Config:
        """The config of a row. Raises ConfigError in words."""
        return recipes.at_size(recipes.get(recipe), self.size).with_overrides(self.overrides)


def compare(
    plan: Plan,
    dataset: Dataset,
    *,
    out_dir: Path,
    device: torch.device,
    code_version: str,
    wall_clock: Callable[[], float],
    clock: Callable[[], float],
    should_stop: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Train every row with every seed into a folder of its own below `out_dir`, and set them beside each other.

    What is done already is not done again; what was stopped goes on. Each figure is the mean over the seeds, with a
    bootstrap over pairs; `seed_sd` is its standard deviation over the seeds. Raises what `runs.run` raises.
    """
    rows, predictions = {}, {}
    report: dict[str, Any] = {}
    for recipe in plan.recipes:
        reports = []
        for seed in plan.seeds:
            identity = checkpoints.Identity(dataset.digest, seed, code_version)
            folder = out_dir / recipe / f"seed-{seed}"
            config = plan.config(recipe)
            report = _finished(config, identity, folder) or runs.run(
                config,
                dataset,
                out_dir=folder,
                identity=identity,
                device=device,
                wall_clock=wall_clock,
                clock=clock,
                resume=True,
                should_stop=should_stop,
            )
            reports.append(report)
            found = report["protocols"][dataset.regime.value]["srcc"]["value"]
            say(
                f"{config.recipe}, seed {seed}: {report['training_seconds']:g} s, "
                f"SRCC on {dataset.regime} {_figure(found)}"
            )
        predictions[recipe] = np.stack(
            [_scores(out_dir / recipe / f"seed-{seed}", dataset, device) for seed in plan.seeds]
        )
        rows[recipe] = _row(reports, predictions[recipe], dataset, plan.config(recipe))
    for recipe, row in rows.items():
        if REFERENCE in rows and recipe != REFERENCE:
            row["srcc_gain"] = _gains(predictions[recipe], predictions[REFERENCE], dataset, plan.config(recipe))
    return {
        "snapshot_digest": dataset.digest,
        "size": plan.size,
        "seeds": list(plan.seeds),
        "overrides": dict(plan.overrides),
        "code_version": code_version,
        "device": str(device),
        "training_pairs": int(np.count_nonzero(dataset.train)),
        "trained_under": dataset.regime.value,
        "regimes": evaluation.regime_rows(dataset),
        "reference": REFERENCE,
        "rows": rows,
        "trivial": report["trivial"],
        "noise_ceiling": report["noise_ceiling"],
    }


def markdown(found: Mapping[str, Any]) -> str:
    """One table for each regime: models, then rows that know nothing of pixels or sound, then the raters' noise."""
    parts = [
        f"Size `{found['size']}`, seeds {_listed(found['seeds'])}, {found['training_pairs']} training pairs under "
        f"{found['trained_under']}, snapshot `{found['snapshot_digest'][:12]}`. "
        "In brackets: 95 % of the bootstrap over pairs."
    ]
    for name, regime in found["regimes"].items():
        if "refused" not in regime:
            parts.append(f"### {name}\n\n{_table(found, name)}")
    return "\n\n".join(parts)


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds))


def _finished(config: Config, identity: checkpoints.Identity, folder: Path) -> dict[str, Any] | None:
    """The report of a run that is done; raises RunExists where it was another run's."""
    report = runs.finished_report(folder)
    if report is None:
        return None
    if report["snapshot_digest"] != identity.snapshot_digest or report["config"] != config.to_dict():
        raise runs.RunExists(f"{folder} holds a run on another snapshot or with other settings: choose another --out")
    return report


def _scores(folder: Path, dataset: Dataset, device: torch.device) -> Floats:
    """Scores of all pairs of the dataset (N,) by the model in a folder."""
    checkpoint = checkpoints.load(folder, device=device)
    pairs, media = dataset.pairs, dataset.media(checkpoint.config, device)
    batch = checkpoint.config.run.evaluation_batch
    return score_pairs(checkpoint.module, media, pairs.painting, pairs.clip, batch=batch).score


def _row(
    reports: Sequence[Mapping[str, Any]], predicted_SN: Floats, dataset: Dataset, config: Config
) -> dict[str, Any]:
    protocols = {}
    for protocol, mask in dataset.protocols.items():
        row: dict[str, Any] = {"n": int(mask.sum())}
        for name, metric in metrics.METRICS.items():
            figure = metrics.estimate_mean(
                name, predicted_SN[:, mask], dataset.pairs.score[mask], resamples=config.run.bootstrap, seed=0
            )
            single = [metric(predicted[mask], dataset.pairs.score[mask]) for predicted in predicted_SN]
            row[name] = {**figure.to_dict(), "seed_sd": _deviation(single)}
        protocols[protocol.value] = row
    tasks = [report["preferences"]["all"] for report in reports]
    share = None if any(task["value"] is None for task in tasks) else float(np.mean([task["value"] for task in tasks]))
    return {
        "recipe": config.recipe,
        "protocols": protocols,
        "preferences": {"n": tasks[0]["n"], **metrics.wilson(share, tasks[0]["n"]).to_dict()},
        "costs": reports[0]["costs"],
        "training_seconds": float(np.mean([report["training_seconds"] for report in reports])),
    }


def _gains(first_SN: Floats, second_SN: Floats, dataset: Dataset, config: Config) -> dict[str, Any]:
    """How much higher a row's SRCC is than the reference row's, by protocol."""
    return {
        protocol.value: metrics.difference(
            "srcc", first_SN[:, mask], second_SN[:, mask], dataset.pairs.score[mask],
            resamples=config.run.bootstrap, seed=0,
        ).to_dict()
        for protocol, mask in dataset.protocols.items()
    }  # fmt: skip


def _deviation(values: Sequence[float | None]) -> float | None:
    defined = [value for value in values if value is not None]
    return float(np.std(defined, ddof=1)) if len(defined) == len(values) > 1 else None


def _table(found: Mapping[str, Any], protocol: str) -> str:
    lines = [
        "| row | SRCC | PLCC | MAE | RMSE | ACC | preferences | parameters | 2 x MAC | training |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for recipe, row in found["rows"].items():
        figures = row["protocols"][protocol]
        costs = row["costs"]["total"]
        cells = [_spanned(figures[name]) for name in _COLUMNS]
        cells += [_spanned(row["preferences"]), f"{costs['parameters'] / 1e6:.2f} M", f"{costs['flops'] / 1e9:.3f} G"]
        cells.append(f"{row['training_seconds']:.0f} s")
        lines.append(f"| {' | '.join([recipe, *cells])} |")
    for name, by_protocol in found["trivial"].items():
        cells = [_spanned(by_protocol[protocol][metric]) for metric in _COLUMNS]
        lines.append(f"| {' | '.join([f'*{name}*', *cells, '', '', '', ''])} |")
    ceiling = found["noise_ceiling"][protocol]
    cells = [_figure(ceiling.get(name)) for name in _COLUMNS]
    lines.append(f"| {' | '.join(['*noise ceiling*', *cells, '', '', '', ''])} |")
    return "\n".join(lines)


_COLUMNS = ("srcc", "plcc", "mae", "rmse", "accuracy")


def _spanned(estimate: Mapping[str, float | None]) -> str:
    if estimate["low"] is None:
        return _figure(estimate["value"])
    return f"{_figure(estimate['value'])} [{_figure(estimate['low'])}, {_figure(estimate['high'])}]"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
