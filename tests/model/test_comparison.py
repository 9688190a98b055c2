"""Tables 2 and 3 side by side, on planted data."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch

from model import comparison, runs
from model.comparison import Plan
from model.data import Dataset
from tests.model.factories import SIZE, planted_dataset

SETTINGS = {
    "music.widths": [8, 16], "music.band_pool": 1, "music.frame_pool": 1, "music.resize": SIZE,
    "painting.size": SIZE, "painting.pool": 1, "painting.patch": 8, "painting.width": 16, "painting.depth": 1,
    "baseline.side": SIZE, "baseline.shrink": 16, "optim.regression_steps": 2, "optim.preference_steps": 1,
    "optim.batch": 16, "optim.preference_batch": 4, "run.bootstrap": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return planted_dataset()


def compared(plan: Plan, dataset: Dataset, out_dir: Path, said: list[str] | None = None) -> dict[str, Any]:
    ticks = itertools.count()
    return comparison.compare(
        plan,
        dataset,
        out_dir=out_dir,
        device=torch.device("cpu"),
        code_version="test",
        wall_clock=lambda: 0.0,
        clock=lambda: float(next(ticks)),
        say=lambda words: None if said is None else said.append(words),
    )


@pytest.fixture(scope="module")
def found(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    out_dir = tmp_path_factory.mktemp("compared")
    return compared(Plan(comparison.TABLES["all"], "tiny", (0, 1), SETTINGS), dataset, out_dir), out_dir


def test_every_row_of_both_tables_is_there(found: tuple[dict[str, Any], Path]) -> None:
    rows = found[0]["rows"]
    assert list(rows) == [
        "l3net", "acpnet", "cdcml-like", "paper", "best", "painting-only", "concat", "cross-attention", "without-dpo",
    ]  # fmt: skip
    for name, row in rows.items():
        srcc = row["protocols"]["unseen-both"]["srcc"]
        assert srcc["low"] <= srcc["value"] <= srcc["high"], name
        assert srcc["seed_sd"] is not None
        assert row["recipe"] == f"{name}@tiny"
        assert 0 <= row["preferences"]["value"] <= 1
        assert ("srcc_gain" in row) == (name != "paper")


def test_a_row_is_the_mean_over_its_seeds(found: tuple[dict[str, Any], Path]) -> None:
    report, out_dir = found
    single = [runs.finished_report(out_dir / "concat" / f"seed-{seed}") for seed in (0, 1)]
    values = [one["protocols"]["unseen-both"]["mae"]["value"] for one in single if one is not None]
    row = report["rows"]["concat"]["protocols"]["unseen-both"]["mae"]
    assert row["value"] == pytest.approx(sum(values) / 2)
    assert row["seed_sd"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)


def test_the_table_has_models_trivial_rows_and_the_ceiling(found: tuple[dict[str, Any], Path]) -> None:
    lines = comparison.markdown(found[0]).splitlines()
    table = lines[lines.index("### unseen-both") + 2 :]
    names = [line.split("|")[1].strip() for line in table[2:16]]
    assert names == [
        *found[0]["rows"], "*constant*", "*painting mean*", "*clip mean*", "*additive*", "*noise ceiling*",
    ]  # fmt: skip
    assert {line.count("|") for line in table[:16]} == {11}


def test_what_is_done_is_not_done_again(
    found: tuple[dict[str, Any], Path], dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "run", lambda *args, **kwargs: pytest.fail("trained again"))
    said: list[str] = []
    plan = Plan(("concat", "paper"), "tiny", (0, 1), SETTINGS)
    again = compared(plan, dataset, found[1], said)
    assert again["rows"]["concat"] == found[0]["rows"]["concat"]
    assert [words.split(":")[0] for words in said[:2]] == ["concat@tiny, seed 0", "concat@tiny, seed 1"]


def test_a_folder_of_other_settings_is_refused(found: tuple[dict[str, Any], Path], dataset: Dataset) -> None:
    plan = Plan(("concat",), "tiny", (0,), {**SETTINGS, "optim.lr": 0.5})
    with pytest.raises(runs.RunExists, match="other settings"):
        compared(plan, dataset, found[1])
