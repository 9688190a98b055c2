from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from model import checkpoints
from model.checkpoints import CheckpointError, Identity
from model.judge import MPJudge, build
from tests.model.factories import BANDS, FRAMES, SIZE, micro_config

IDENTITY = Identity("a" * 64, seed=3, code_version="0.1.0")


@pytest.fixture
def module() -> MPJudge:
    torch.manual_seed(0)
    return build(micro_config(music={"norm": "batch"})).eval()


@pytest.fixture
def folder(tmp_path: Path, module: MPJudge) -> Path:
    checkpoints.save(tmp_path, module, identity=IDENTITY, step=12, posterior={"noise": torch.tensor(0.5)})
    return tmp_path


def test_a_loaded_model_scores_as_the_saved_one(folder: Path, module: MPJudge) -> None:
    loaded = checkpoints.load(folder)
    painting, mel = torch.rand(2, 3, SIZE, SIZE), torch.randn(2, 1, BANDS, FRAMES)
    assert torch.equal(loaded.module(painting, mel), module(painting, mel))
    assert (loaded.config, loaded.identity, loaded.step) == (module.config, IDENTITY, 12)
    assert loaded.posterior["noise"].item() == 0.5
    assert not loaded.module.training


def test_no_other_file_is_left_behind(folder: Path) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [checkpoints.SEAL_NAME, checkpoints.WEIGHTS_NAME]


def test_a_folder_without_a_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no trained model"):
        checkpoints.load(tmp_path)


def test_changed_weights_are_refused(folder: Path) -> None:
    path = folder / checkpoints.WEIGHTS_NAME
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="changed or half copied"):
        checkpoints.load(folder)


def test_cut_off_weights_are_refused(folder: Path) -> None:
    path = folder / checkpoints.WEIGHTS_NAME
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoints.load(folder)


def test_missing_weights_are_named(folder: Path) -> None:
    (folder / checkpoints.WEIGHTS_NAME).unlink()
    with pytest.raises(CheckpointError, match=r"there is no .*checkpoint\.safetensors"):
        checkpoints.load(folder)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}'])
def test_a_seal_that_is_not_ours_is_refused(folder: Path, text: str) -> None:
    (folder / checkpoints.SEAL_NAME).write_text(text)
    with pytest.raises(CheckpointError, match=r"checkpoint\.json"):
        checkpoints.load(folder)


def test_a_config_of_another_model_is_refused(folder: Path) -> None:
    path = folder / checkpoints.SEAL_NAME
    seal = json.loads(path.read_text())
    seal["config"]["painting"]["depth"] = 3
    path.write_text(json.dumps(seal))
    with pytest.raises(CheckpointError, match="holds another model than its config describes"):
        checkpoints.load(folder)
    seal["config"]["painting"]["depth"] = -3
    path.write_text(json.dumps(seal))
    with pytest.raises(CheckpointError, match=r"painting\.depth must be above 0"):
        checkpoints.load(folder)


def test_a_pickle_is_not_opened(folder: Path) -> None:
    """Weights of the kind that runs code on loading are just damaged safetensors to us."""
    torch.save({"x": 1}, folder / checkpoints.WEIGHTS_NAME)
    with pytest.raises(CheckpointError, match="is damaged"):
        checkpoints.load(folder)


def test_a_state_is_replaced_whole(tmp_path: Path) -> None:
    assert checkpoints.load_state(tmp_path) is None
    for step in (1, 2):
        checkpoints.save_state(tmp_path, {"x": torch.full((3,), float(step))}, {"step": step})
    saved = checkpoints.load_state(tmp_path)
    assert saved is not None
    assert saved[0]["x"].tolist() == [2.0, 2.0, 2.0]
    assert saved[1] == {"step": 2}
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.STATE_NAME]
