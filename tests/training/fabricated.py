"""Runs without a training: events, reports and maps as a run would have left them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PIL import Image

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import TrainingRun
from annotation_site.training.services import run_folder, run_start
from model import recipes
from tests.conftest import NOON

BEGAN = NOON.timestamp()
MEASURED = ("unseen-both", "unseen-painting", "unseen-track")
REFUSED = "training under unseen-both took every pair of known items"


def estimate(value: float | None, half: float = 0.1) -> dict[str, float | None]:
    if value is None:
        return {"value": None, "low": None, "high": None}
    return {"value": value, "low": value - half, "high": value + half}


def figures(srcc: float, *, half: float = 0.1, n: int = 80) -> dict[str, Any]:
    return {
        "n": n,
        "prior": 0.55,
        "srcc": estimate(srcc, half),
        "plcc": estimate(srcc, half),
        "mae": estimate(0.3 - srcc / 4, half / 5),
        "rmse": estimate(0.4 - srcc / 4, half / 5),
        "accuracy": estimate(0.5 + srcc / 3, half),
        "within_0.1": estimate(0.4, half),
    }


def calibration() -> dict[str, Any]:
    curve = [
        {"low": at, "high": at + 0.2, "n": 20, "predicted": at + 0.1, "score": at + 0.12, "standard_error": 0.03}
        for at in (0.0, 0.2, 0.4, 0.6, 0.8)
    ]
    return {
        "n": 100,
        "expected_error": estimate(0.05, 0.02),
        "slope": estimate(0.9),
        "intercept": estimate(0.04, 0.02),
        "curve": curve,
    }


def plots() -> dict[str, Any]:
    styles = [("Impressionism", 40), ("Cubism", 25), ("<b>Odd</b> style", 1)]
    residuals = [
        {
            "name": name,
            "n": n,
            "mean": 0.02 * place,
            "interval": [0.02 * place - 0.03, 0.02 * place + 0.03] if n > 1 else None,
            "quartiles": [-0.1, 0.0, 0.1],
        }
        for place, (name, n) in enumerate(styles)
    ]
    return {
        "points": [[0.01 * at, 0.009 * at + 0.05] for at in range(100)],
        "residuals": {"style": residuals, "genre": []},
    }


def make_report(*, srcc: float = 0.6, half: float = 0.1, recipe: str = "tiny", **fields: Any) -> dict[str, Any]:
    """A report as evaluation writes it: trained under unseen-both, three regimes measured, the fourth refused."""
    tasks = {"all": {"n": 30, **estimate(0.7)}, "music->painting": {"n": 30, **estimate(0.7)}}
    trivial = {"constant": figures(0.0, half=0.05), "additive": figures(0.2, half=0.05)}
    ceiling = {
        "n": 80,
        "standard_error": 0.05,
        "reliability": 0.9,
        "mae": 0.04,
        "rmse": 0.05,
        "plcc": 0.95,
        "srcc": 0.94,
    }
    return {
        "format": 1,
        "snapshot_digest": "d" * 64,
        "seed": 1,
        "code_version": "c0de00",
        "config": recipes.get(recipe).to_dict(),
        "device": "cpu",
        "processes": 1,
        "training_pairs": 900,
        "training_preferences": 40,
        "training_seconds": 12.3,
        "costs": {"total": {"parameters": 188_000}},
        "trained_under": "unseen-both",
        "regimes": {name: {"which": "pairs of new items", "n": 80, "left_out": 0} for name in MEASURED}
        | {"pair": {"refused": REFUSED}},
        "protocols": {name: figures(srcc, half=half) for name in MEASURED},
        "trivial": {name: dict.fromkeys(MEASURED, row) for name, row in trivial.items()},
        "noise_ceiling": dict.fromkeys(MEASURED, ceiling),
        "ambiguous": {"band": [0.4, 0.6], "protocols": {name: figures(0.2, n=20) for name in MEASURED}},
        "calibration": {name: calibration() for name in MEASURED},
        "plots": {name: plots() for name in MEASURED},
        "preferences": tasks,
        "preferences_by_regime": dict.fromkeys(MEASURED, tasks),
        **fields,
    }


def make_run(snapshot: Snapshot, **fields: Any) -> TrainingRun:
    """A queued run, or one in another state, as `fields` have it."""
    run = run_start(snapshot=snapshot, recipe=fields.pop("recipe", "tiny"), seed=fields.pop("seed", 1), now=NOON)
    TrainingRun.objects.filter(pk=run.pk).update(**fields)
    run.refresh_from_db()
    return run


def make_done_run(snapshot: Snapshot, *, report: Mapping[str, Any] | None = None, **fields: Any) -> TrainingRun:
    """A finished run with its report, its curves and the maps of two test pairs."""
    config = recipes.get("tiny").with_overrides(fields.get("overrides", {})).to_dict()
    found = dict(report if report is not None else make_report(config=config))
    made = {"state": JobState.DONE, "report": found, "code_version": "c0de00", "finished_at": NOON, "started_at": NOON}
    run = make_run(snapshot, **(made | fields))
    append_events(run, [*learning(60), {"event": "end", "time": BEGAN + 60}])
    write_maps(run)
    return run


def step(at: int, *, steps: int = 200, loss: float = 0.3, **fields: Any) -> dict[str, Any]:
    event = {
        "event": "step",
        "time": BEGAN + at,
        "step": at,
        "steps": steps,
        "stage": "regression",
        "loss": loss,
        "loss_reg": loss,
        "loss_dpo": None,
        "lr": 1e-3,
        "pairs_per_s": 400.0,
        "mfu": None,
        "peak_memory_mb": 512.0,
    }
    return event | fields


def start(at: int = 0, **fields: Any) -> dict[str, Any]:
    return {"event": "start", "time": BEGAN + at, "step": at, "steps": 200, "device": "cpu", "processes": 1} | fields


def learning(until: int, *, every: int = 2, height: float = 0.3) -> list[dict[str, Any]]:
    """A start, steps whose loss falls, a validation every twenty steps."""
    events: list[dict[str, Any]] = [start()]
    for at in range(every, until + 1, every):
        events.append(step(at, loss=height / (1 + at / 20)))
        if at % 20 == 0:
            srcc = 0.6 - 0.5 / (1 + at / 20)
            events.append(
                {
                    "event": "validation",
                    "time": BEGAN + at,
                    "step": at,
                    "n": 40,
                    "mae": 0.2,
                    "srcc": srcc,
                    "plcc": srcc,
                }
            )
    return events


def append_events(run: TrainingRun, events: Iterable[Mapping[str, Any]]) -> None:
    folder = run_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "events.jsonl").open("a") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def write_maps(run: TrainingRun, *, paintings: Sequence[str] = ("p_1", "p_2")) -> None:
    folder = run_folder(run)
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for place, painting in enumerate(paintings):
        Image.new("RGB", (536, 162), (90 + place * 40, 80, 120)).save(folder / f"example-{place:02d}.png")
        rows.append(
            {
                "picture": f"example-{place:02d}.png",
                "pair_id": f"pair {place}",
                "painting": painting,
                "clip": "t_1.0",
                "score": 0.6,
                "predicted": 0.55,
                "intensity": [1.0, 2.0, 3.0],
            }
        )
    (folder / "examples.json").write_text(
        json.dumps({"size": [536, 162], "regime": "unseen-both", "layers_drawn": [1, 2, 3], "pairs": rows})
    )
