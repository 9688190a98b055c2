"""The bench for GPUs, in miniature on a CPU: that its code runs and that its arithmetic is right, not how fast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from bench import gpu
from bench.table import Row
from model import recipes
from model.costs import describe

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return list(gpu.rows(gpu.MINIATURE, CPU))


def test_it_measures_training_beside_a_plain_loop_and_a_matrix(rows: list[Row]) -> None:
    assert [row.what for row in rows] == ["training", "training", "score matrix"]
    for row in rows:
        assert float(row.figure.split(" pairs/s")[0]) >= 0
        assert "batch 8 in parts of 4" in row.where
    assert rows[1].ratio.endswith(" x")
    assert "6 x 3" in rows[2].where


def test_shares_of_a_gpus_arithmetic_are_left_empty_on_a_cpu(rows: list[Row]) -> None:
    assert (rows[0].ratio, rows[2].ratio) == ("", "")


def test_a_matrix_of_one_pair_costs_no_more_than_its_forward() -> None:
    """The last linear map is taken of the mean over tokens, so a little less."""
    config = recipes.get("best@tiny")
    one, whole = gpu.matrix_flops(config, (1, 1)), describe(config)["total"]["flops"]
    assert 0.9 * whole < one < whole
    each = [gpu.matrix_flops(config, shape) for shape in ((1, 2), (2, 1), (2, 2))]
    assert one < min(each)
    assert max(each) == each[2] < 4 * one


def test_a_full_matrix_at_the_papers_size_costs_what_the_papers_arithmetic_says() -> None:
    """19.73 GFLOP a pair once everything that can be is computed once (11,085 paintings, 6,127 clips)."""
    shape = (11_085, 6_127)
    each = gpu.matrix_flops(recipes.get("best"), shape) / (shape[0] * shape[1])
    assert each == pytest.approx(19.732e9, rel=0.001)


def test_the_plain_loop_decodes_a_picture_for_every_sample() -> None:
    samples = gpu.Decoded(gpu.media(gpu.MINIATURE, np.random.default_rng(0)), side=300, count=5)
    painting, mel, score = samples[4]
    assert painting.shape == (3, 256, 256)
    assert 0 <= float(painting.min()) < float(painting.max()) <= 1
    assert mel.shape == (1, gpu.BANDS, gpu.FRAMES)
    assert 0 <= score <= 1
    assert len(samples) == 5


def test_without_a_gpu_it_says_so_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit, match=r"^no GPU can be used here: .*bench-gpu") as refusal:
        gpu.main()
    assert "\n" not in str(refusal.value)


def test_make_knows_the_target() -> None:
    makefile = Path(__file__).parents[2] / "Makefile"
    assert "bench-gpu: dev" in makefile.read_text(encoding="utf-8")
