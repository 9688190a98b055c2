"""The loop: it learns, it stops, it goes on bit for bit, it says when it cannot."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from model import checkpoints, recipes, runs
from model.config import Config
from model.data import Dataset
from model.events import EVENTS_NAME, EventWriter, read_events
from model.judge import build
from model.losses import regression_loss
from model.state import State
from model.training import Interrupted, TrainingFailed, plan, train
from tests.model.factories import micro, micro_config, planted_dataset

CPU = torch.device("cpu")
LEARNED = 2e-3
IDENTITY = checkpoints.Identity("d" * 64, seed=7, code_version="test")


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return planted_dataset()


def stop_after(steps: int) -> Callable[[], bool]:
    count = itertools.count(1)
    return lambda: next(count) >= steps


def learn(
    config: Config,
    dataset: Dataset,
    out_dir: Path,
    *,
    resume: bool = False,
    should_stop: Callable[[], bool] = lambda: False,
    identity: checkpoints.Identity = IDENTITY,
) -> State:
    ticks = itertools.count()
    with EventWriter(out_dir / EVENTS_NAME, clock=lambda: 0.0) as events:
        return train(
            config,
            dataset,
            identity=identity,
            out_dir=out_dir,
            device=CPU,
            events=events,
            clock=lambda: float(next(ticks)),
            resume=resume,
            should_stop=should_stop,
        )


def weights(state: State) -> dict[str, torch.Tensor]:
    assert state.average is not None
    both = {f"now {name}": value for name, value in state.module.state_dict().items()}
    return both | {f"mean {name}": value for name, value in state.average.state_dict().items()}


@pytest.mark.parametrize("stop", [3, 8, 10])
@pytest.mark.parametrize("norm", ["group", "batch"])
def test_a_stop_and_a_resume_give_the_same_bits(dataset: Dataset, tmp_path: Path, stop: int, norm: str) -> None:
    """Within the first stage, at its end, and within the second."""
    config = micro_config(music={"norm": norm})
    whole = learn(config, dataset, tmp_path / "whole")
    with pytest.raises(Interrupted, match=f"after step {stop} of 12"):
        learn(config, dataset, tmp_path / "parts", should_stop=stop_after(stop))
    resumed = learn(config, dataset, tmp_path / "parts", resume=True)
    assert resumed.step == whole.step == 12
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name


@pytest.mark.parametrize("recipe", ["paper", "cross-attention", "l3net"])
def test_every_kind_of_model_resumes_to_the_same_bits(dataset: Dataset, tmp_path: Path, recipe: str) -> None:
    config = micro(recipe)
    whole = learn(config, dataset, tmp_path / "whole")
    with pytest.raises(Interrupted):
        learn(config, dataset, tmp_path / "parts", should_stop=stop_after(5))
    resumed = learn(config, dataset, tmp_path / "parts", resume=True)
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[name]), name


def test_a_state_of_before_a_setting_was_known_can_be_resumed(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        learn(micro_config(), dataset, tmp_path, should_stop=stop_after(2))
    saved = checkpoints.load_state(tmp_path)
    assert saved is not None
    tensors, facts = saved
    del facts["config"]["loss"]["smoothing"], facts["config"]["architecture"]
    checkpoints.save_state(tmp_path, tensors, facts)
    assert learn(micro_config(), dataset, tmp_path, resume=True).step == 12


def test_another_seed_gives_another_model(dataset: Dataset, tmp_path: Path) -> None:
    other = checkpoints.Identity(IDENTITY.snapshot_digest, seed=8, code_version="test")
    first = learn(micro_config(), dataset, tmp_path / "a").module.head.weight
    second = learn(micro_config(), dataset, tmp_path / "b", identity=other).module.head.weight
    assert not torch.equal(first, second)


def test_the_events_tell_the_whole_story(dataset: Dataset, tmp_path: Path) -> None:
    learn(micro_config(), dataset, tmp_path)
    events = read_events(tmp_path / EVENTS_NAME)
    steps = [event for event in events if event["event"] == "step"]
    assert [event["step"] for event in steps] == [2, 4, 6, 8, 10, 12]
    assert [event["stage"] for event in steps] == ["regression"] * 4 + ["preference"] * 2
    assert all(event["loss_dpo"] is None for event in steps[:4])
    assert all(event["loss_dpo"] > 0 and event["pairs_per_s"] > 0 for event in steps[4:])
    assert [event["step"] for event in events if event["event"] == "validation"] == [4, 8, 12]
    assert {"mae", "srcc", "plcc", "n"} < set(next(event for event in events if event["event"] == "validation"))
    assert [event["stage"] for event in events if event["event"] == "stage"] == ["regression", "preference"]


def test_the_second_stage_starts_at_log_2(dataset: Dataset, tmp_path: Path) -> None:
    """At its first step model and frozen reference agree (group norm: no batch statistics between them)."""
    off = {"flip": 0.0, "shift": 0, "roll": False, "band_mask": 0, "frame_mask": 0}
    config = micro_config(augment=off, run={"log_every": 1}, loss={"beta": 5.0, "normalise": False})
    learn(config, dataset, tmp_path)
    steps = [event for event in read_events(tmp_path / EVENTS_NAME) if event["event"] == "step"]
    assert steps[8]["loss_dpo"] == pytest.approx(math.log(2), abs=1e-6)
    assert steps[9]["loss_dpo"] != pytest.approx(math.log(2), abs=1e-9)
    assert steps[8]["loss"] == pytest.approx(steps[8]["loss_reg"] + 0.5 * steps[8]["loss_dpo"])


def test_without_training_preferences_there_is_one_stage() -> None:
    assert [stage.name for stage in plan(micro_config(), n_preferences=0)] == ["regression"]
    assert [stage.name for stage in plan(micro_config(), n_preferences=1)] == ["regression", "preference"]


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    stage = plan(micro_config(optim={"regression_steps": 100, "lr": 1.0}), n_preferences=0)[0]
    rates = [stage.lr_at(step, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[9] == rates[10] == 1.0
    assert all(later < earlier for earlier, later in itertools.pairwise(rates[10:]))
    assert rates[-1] < 0.001


def test_a_loss_that_is_no_number_stops_with_the_step_and_the_state_before(dataset: Dataset, tmp_path: Path) -> None:
    scores = dataset.pairs.score.copy()
    scores[np.flatnonzero(dataset.train)] = np.nan
    broken = Dataset(**{name: getattr(dataset, name) for name in dataset.__dataclass_fields__})
    object.__setattr__(
        broken, "pairs", type(dataset.pairs)(dataset.pairs.pair_ids, dataset.pairs.painting, dataset.pairs.clip, scores)
    )
    with pytest.raises(TrainingFailed, match=r"at step 1; .* lower optim\.lr"):
        learn(micro_config(), broken, tmp_path)
    saved = checkpoints.load_state(tmp_path)
    assert saved is not None
    tensors, facts = saved
    assert facts["step"] == 0
    assert all(tensor.isfinite().all() for tensor in tensors.values())


def test_the_state_of_another_run_is_not_resumed(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(Interrupted):
        learn(micro_config(), dataset, tmp_path, should_stop=stop_after(2))
    with pytest.raises(checkpoints.CheckpointError, match="its config differ"):
        learn(micro_config(optim={"lr": 5e-4}), dataset, tmp_path, resume=True)


@pytest.mark.parametrize("recipe", recipes.NAMES)
def test_one_batch_can_be_learned_by_heart(dataset: Dataset, recipe: str) -> None:
    """Twelve pairs of twelve paintings: the painting alone tells them apart, so every recipe can."""
    config = micro(recipe)
    torch.manual_seed(0)
    module = build(config)
    media = dataset.media(config, CPU)
    train = np.flatnonzero(dataset.train)
    rows = train[np.unique(dataset.pairs.painting[train], return_index=True)[1]][:12]
    paintings, mels = media.paintings(dataset.pairs.painting[rows]), media.mels(dataset.pairs.clip[rows])
    score_B = torch.as_tensor(dataset.pairs.score[rows], dtype=torch.float32)
    optimizer = torch.optim.AdamW(module.parameters(), lr=3e-3)
    first = None
    for _ in range(400):
        predicted_B = module(paintings, mels)
        loss = regression_loss(predicted_B, score_B, config.loss)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        error = float((predicted_B.detach() - score_B).square().mean())
        first = error if first is None else first
        if error < LEARNED:
            break
    assert first is not None
    assert error < LEARNED < first


@pytest.mark.parametrize("recipe", ["best", "paper", "cross-attention", "cdcml-like"])
def test_the_same_seed_gives_the_same_loss_curve(dataset: Dataset, tmp_path: Path, recipe: str) -> None:
    def curve(name: str, seed: int) -> list[float]:
        identity = checkpoints.Identity(IDENTITY.snapshot_digest, seed=seed, code_version="test")
        learn(micro(recipe), dataset, tmp_path / name, identity=identity)
        return [event["loss"] for event in read_events(tmp_path / name / EVENTS_NAME) if event["event"] == "step"]

    first = curve("first", 7)
    assert first == curve("again", 7)
    assert first != curve("other", 8)


def run(config: Config, dataset: Dataset, out_dir: Path, *, resume: bool = False) -> dict[str, object]:
    ticks = itertools.count()
    return runs.run(
        config,
        dataset,
        out_dir=out_dir,
        identity=IDENTITY,
        device=CPU,
        wall_clock=lambda: 0.0,
        clock=lambda: float(next(ticks)),
        resume=resume,
    )


def test_a_run_leaves_a_report_and_a_checkpoint_that_name_what_it_was(dataset: Dataset, tmp_path: Path) -> None:
    config = micro_config()
    report = run(config, dataset, tmp_path)
    assert json.loads((tmp_path / "report.json").read_text()) == report
    assert runs.finished_report(tmp_path) == report
    assert (report["snapshot_digest"], report["seed"], report["code_version"]) == ("d" * 64, 7, "test")
    assert Config.from_dict(report["config"]) == config  # type: ignore[arg-type]
    loaded = checkpoints.load(tmp_path)
    assert (loaded.config, loaded.identity, loaded.step) == (config, IDENTITY, 12)
    assert not (tmp_path / checkpoints.STATE_NAME).exists()
    assert (tmp_path / "example-00.png").exists()
    assert read_events(tmp_path / EVENTS_NAME)[-1]["event"] == "end"


def test_a_folder_with_a_run_is_not_overwritten(dataset: Dataset, tmp_path: Path) -> None:
    run(micro_config(), dataset, tmp_path)
    with pytest.raises(runs.RunExists, match="--resume"):
        run(micro_config(), dataset, tmp_path)
