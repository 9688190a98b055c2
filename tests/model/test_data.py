"""What a snapshot means to the model: the hand-made one of the builder's tests, and planted data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from model import data
from model.batches import Batch, Shuffle, augment, draw, gather
from model.config import AugmentConfig
from model.data import DataError, Media
from model.judge import build
from mpd_builder import snapshot
from mpd_builder.sides import Regime
from tests.model.factories import micro_config, planted_dataset
from tests.mpd_builder import small_snapshot
from tests.mpd_builder.small_snapshot import write_small

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> snapshot.Snapshot:
    return snapshot.read(write_small(tmp_path_factory.mktemp("data") / "snapshot").path)


def named(dataset: data.Dataset, mask: np.ndarray) -> set[tuple[int, int]]:
    """The chosen pairs as (painting, clip) numbers of the hand-made snapshot."""
    return {(int(pair[2:18], 16), int(pair.split(".")[1][2:18], 16)) for pair in dataset.pairs.take(mask).pair_ids}


def test_pairs_are_sorted_by_what_training_may_see(opened: snapshot.Snapshot) -> None:
    """Paintings 0 and 1 are for training, 2 for validation, 3 for the test; clip 0 for training, 1 for the test."""
    dataset = data.from_snapshot(opened)
    assert dataset.digest == opened.digest
    assert named(dataset, dataset.train) == {(0, 0), (1, 0)}
    assert named(dataset, dataset.validation) == {(2, 0)}
    assert named(dataset, dataset.protocols[Regime.UNSEEN_BOTH]) == {(3, 1)}
    assert named(dataset, dataset.protocols[Regime.UNSEEN_PAINTING]) == {(3, 0)}
    assert named(dataset, dataset.protocols[Regime.UNSEEN_TRACK]) == {(0, 1), (1, 1)}


def test_training_follows_the_snapshots_own_regime(opened: snapshot.Snapshot) -> None:
    """Under unseen-painting the music of clip 1 may be learned from: only painting 3 is new."""
    recipe = {**opened.manifest["recipe"], "split": "unseen-painting"}
    pairs = opened.pairs.assign(split=opened.pairs["split_painting"])
    dataset = data.from_snapshot(replace(opened, pairs=pairs, manifest={**opened.manifest, "recipe": recipe}))
    assert dataset.regime is Regime.UNSEEN_PAINTING
    assert named(dataset, dataset.train) == {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert named(dataset, dataset.validation) == {(2, 0), (2, 1)}
    assert list(dataset.protocols) == [Regime.UNSEEN_PAINTING]
    assert named(dataset, dataset.protocols[Regime.UNSEEN_PAINTING]) == {(3, 0), (3, 1)}


def test_what_a_model_has_seen_elsewhere_is_left_out_and_counted(opened: snapshot.Snapshot) -> None:
    """Another snapshot had painting 3 in training; here it is of the test side."""
    seen = data.from_snapshot(opened).seen
    seen = replace(seen, paintings=seen.paintings | {small_snapshot.painting(3)})
    dataset = data.from_snapshot(opened, seen=seen)
    assert not dataset.protocols[Regime.UNSEEN_BOTH].any()
    assert not dataset.protocols[Regime.UNSEEN_PAINTING].any()
    assert dataset.left_out == {Regime.UNSEEN_BOTH: 1, Regime.UNSEEN_PAINTING: 1, Regime.UNSEEN_TRACK: 0}
    assert named(dataset, dataset.protocols[Regime.UNSEEN_TRACK]) == {(0, 1), (1, 1)}


def test_a_pair_knows_what_it_is_made_of(opened: snapshot.Snapshot) -> None:
    dataset = data.from_snapshot(opened)
    assert list(dataset.items["painting"]) == list(opened.pairs["painting_id"])
    assert list(dataset.items["track"]) == list(dataset.items["track_work"]) == list(opened.pairs["track_id"])
    assert dataset.band == (0.4, 0.6)


def test_a_pair_finds_its_own_painting_and_clip(opened: snapshot.Snapshot) -> None:
    """The hand-made media are flat: painting n is filled with n, clip n with -n."""
    dataset = data.from_snapshot(opened)
    media = dataset.media(micro_config(), CPU)
    batch = gather(media, dataset.pairs.painting, dataset.pairs.clip, dataset.pairs.score)
    for row, (painting, clip) in enumerate(
        zip(batch.paintings[:, 0, 0, 0], batch.mels[batch.clip][:, 0, 0, 0], strict=True)
    ):
        pair = dataset.pairs.pair_ids[row]
        assert (int(painting), -int(clip)) == (int(pair[2:18], 16), int(pair.split(".")[1][2:18], 16))
    assert batch.paintings.shape == (8, 3, 256, 256)
    assert batch.mels.shape == (2, 1, 128, 469)


def test_a_preference_knows_its_winner(opened: snapshot.Snapshot) -> None:
    dataset = data.from_snapshot(opened)
    row = opened.preferences.iloc[0]
    assert len(dataset.preferences) == 1
    assert dataset.pairs.pair_ids[dataset.preferences.preferred[0]] == row["pair_a"]
    assert dataset.pairs.pair_ids[dataset.preferences.other[0]] == row["pair_b"]
    assert len(dataset.preferences_within(dataset.train)) == 0


def test_an_undecided_preference_is_left_out(opened: snapshot.Snapshot) -> None:
    undecided = replace(opened, preferences=opened.preferences.assign(winner=None))
    assert len(data.from_snapshot(undecided).preferences) == 0


def test_a_snapshot_without_training_pairs_says_so(opened: snapshot.Snapshot) -> None:
    nothing = replace(opened, pairs=opened.pairs.assign(split="test"))
    with pytest.raises(DataError, match="no training pairs"):
        data.from_snapshot(nothing)


def test_a_damaged_snapshot_is_not_learned_from(tmp_path: Path) -> None:
    path = write_small(tmp_path / "snapshot").path
    with (path / "data" / "ratings.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(snapshot.SnapshotDamaged):
        data.load(path)


def test_held_out_pairs_share_nothing_with_training() -> None:
    dataset = planted_dataset()
    train = dataset.pairs.take(dataset.train)
    unseen = dataset.pairs.take(dataset.protocols[Regime.UNSEEN_BOTH])
    assert len(train)
    assert len(unseen)
    assert not set(train.painting) & set(unseen.painting)
    assert not set(train.clip // 2) & set(unseen.clip // 2)


def test_an_epoch_shows_every_row_once() -> None:
    shuffle = Shuffle(10, seed=3)
    rows = np.concatenate([shuffle.rows(step, 4) for step in range(5)])
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert rows[:10].tolist() != rows[10:].tolist()


def test_a_batch_depends_on_nothing_but_its_number() -> None:
    forwards = [Shuffle(7, seed=1).rows(step, 5).tolist() for step in range(4)]
    shuffle = Shuffle(7, seed=1)
    assert [shuffle.rows(step, 5).tolist() for step in reversed(range(4))] == forwards[::-1]
    assert Shuffle(7, seed=2).rows(0, 5).tolist() != forwards[0]


def test_a_batch_may_be_larger_than_an_epoch() -> None:
    rows = Shuffle(3, seed=0).rows(0, 6)
    assert sorted(rows[:3]) == sorted(rows[3:]) == [0, 1, 2]


def test_grouped_rows_stay_together() -> None:
    groups = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2])
    rows = Shuffle(9, seed=0, groups=groups).rows(0, 9)
    assert sorted(rows) == list(range(9))
    assert [len(set(groups[rows[start : start + 3]])) for start in (0, 3, 6)] == [1, 1, 1]


def augmented(batch: Batch, config: AugmentConfig, *, seed: int) -> Batch:
    V, _, F, T = batch.mels.shape
    generator = torch.Generator().manual_seed(seed)
    return augment(batch, draw(config, pairs=len(batch.paintings), mels=(V, F, T), generator=generator))


def test_augmentation_is_a_function_of_its_generator_and_keeps_values() -> None:
    dataset = planted_dataset()
    batch = gather(Media(dataset.paintings_u8, dataset.mels_f16, CPU), np.arange(6), np.arange(6), np.zeros(6))
    config = AugmentConfig(flip=0.5, shift=3, roll=True, band_mask=3, frame_mask=3)
    first = augmented(batch, config, seed=1)
    again = augmented(batch, config, seed=1)
    other = augmented(batch, config, seed=2)
    assert torch.equal(first.paintings, again.paintings)
    assert torch.equal(first.mels, again.mels)
    assert not torch.equal(first.paintings, other.paintings)
    assert not torch.equal(first.mels, other.mels)
    assert first.paintings.dtype == torch.uint8


def test_augmentation_that_is_off_changes_nothing() -> None:
    dataset = planted_dataset()
    batch = gather(Media(dataset.paintings_u8, dataset.mels_f16, CPU), np.arange(6), np.arange(6), np.zeros(6))
    same = augmented(batch, AugmentConfig(flip=0.0), seed=1)
    assert torch.equal(same.paintings, batch.paintings)
    assert torch.equal(same.mels, batch.mels)


def test_a_sure_flip_mirrors_and_a_roll_turns_the_clip() -> None:
    dataset = planted_dataset()
    batch = gather(Media(dataset.paintings_u8, dataset.mels_f16, CPU), np.arange(4), np.arange(4), np.zeros(4))
    turned = augmented(batch, AugmentConfig(flip=1.0, roll=True), seed=1)
    assert torch.equal(turned.paintings, batch.paintings.flip(3))
    assert torch.equal(turned.mels.sort(dim=3).values, batch.mels.sort(dim=3).values)


def test_averaging_in_advance_changes_no_score() -> None:
    config = micro_config(painting={"pool": 2, "patch": 2})
    dataset, module = planted_dataset(), build(config).eval()
    rows = np.arange(5)
    in_advance, at_once = dataset.media(config, CPU), Media(dataset.paintings_u8, dataset.mels_f16, CPU)
    assert in_advance.paintings(rows).shape == (5, 3, 8, 8)
    torch.testing.assert_close(
        module(in_advance.paintings(rows), in_advance.mels(rows)), module(at_once.paintings(rows), at_once.mels(rows))
    )
