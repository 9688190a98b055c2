"""The ten test pairs of a run: the same for all runs, honest about what is shown, none for a model without MAN."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from PIL import Image

from model import examples, scoring
from model.judge import build
from tests.model.factories import micro_config, planted_dataset

CPU = torch.device("cpu")


def test_ten_held_out_pairs_are_drawn_with_their_scores(tmp_path: Path) -> None:
    dataset, config = planted_dataset(pairs=400), micro_config()
    dataset = replace(dataset, items=pd.DataFrame({"painting": dataset.pairs.painting, "clip": dataset.pairs.clip}))
    torch.manual_seed(0)
    module, media = build(config).eval(), dataset.media(config, CPU)
    assert examples.write(config, module, dataset, media, out_dir=tmp_path) == 10
    found = json.loads((tmp_path / "examples.json").read_text())
    rows = [dataset.pairs.pair_ids.index(pair["pair_id"]) for pair in found["pairs"]]
    assert rows == examples.drawn(dataset) == examples.drawn(replace(dataset, digest="e" * 64))
    assert dataset.protocols[dataset.regime][rows].all()
    pairs = dataset.pairs.take(torch.tensor(rows).numpy())
    expected = scoring.score_pairs(module, media, pairs.painting, pairs.clip, batch=64).score
    assert [pair["predicted"] for pair in found["pairs"]] == pytest.approx(list(expected), abs=1e-5)
    assert [pair["score"] for pair in found["pairs"]] == pytest.approx(list(pairs.score))
    first = found["pairs"][0]
    assert (first["painting"], first["clip"]) == (str(pairs.painting[0]), str(pairs.clip[0]))
    assert found["layers_drawn"] == [1, 2]
    for pair in found["pairs"]:
        with Image.open(tmp_path / pair["picture"]) as picture:
            assert list(picture.size) == found["size"]
            assert picture.size[0] == 3 * examples.SIDE + 2 * 8  # the painting and both layers
        assert len(pair["intensity"]) == config.painting.depth


def test_a_model_without_man_has_no_maps(tmp_path: Path) -> None:
    dataset, config = planted_dataset(), micro_config(fusion={"kind": "concat"})
    module = build(config).eval()
    assert examples.write(config, module, dataset, dataset.media(config, CPU), out_dir=tmp_path) == 0
    assert not list(tmp_path.iterdir())
