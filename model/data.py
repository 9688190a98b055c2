"""What a sealed snapshot means to the model: index tables over two arrays, and who may learn from what.

Shapes: P paintings, C clips, F mel bands, T mel frames, H W pixels, B pairs, V distinct clips of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from model import regimes
from model.config import Config
from model.regimes import Seen
from mpd_builder.sides import Regime, Split
from mpd_builder.snapshot import Snapshot, read

Ints = NDArray[np.int64]


class DataError(ValueError):
    """A snapshot (or folder of arrays) that cannot be learned from or scored; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Scored pairs as columns: rows into the arrays, and the human score."""

    pair_ids: tuple[str, ...]
    painting: Ints
    clip: Ints
    score: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pair_ids)

    def take(self, rows: Ints | NDArray[np.bool_]) -> Pairs:
        index = np.arange(len(self))[rows]
        return Pairs(
            tuple(self.pair_ids[row] for row in index), self.painting[index], self.clip[index], self.score[index]
        )


@dataclass(frozen=True, slots=True)
class Preferences:
    """Decided 2AFC tasks as rows into `Dataset.pairs`: the pair that won, the pair that lost."""

    direction: tuple[str, ...]
    preferred: Ints
    other: Ints

    def __len__(self) -> int:
        return len(self.direction)

    def take(self, rows: NDArray[np.bool_]) -> Preferences:
        index = np.flatnonzero(rows)
        return Preferences(tuple(self.direction[row] for row in index), self.preferred[index], self.other[index])


class Media:
    """The two arrays of a snapshot: in the device's memory on a GPU, memory-mapped on the CPU.

    With `pool` above 1 paintings are averaged over pool x pool pixels once, here, and not again at every step.
    """

    def __init__(
        self,
        paintings_PHW3: NDArray[np.uint8],
        mels_CFT: NDArray[np.float16],
        device: torch.device,
        *,
        pool: int = 1,
    ) -> None:
        self.device = device
        self._arrays = (_averaged(paintings_PHW3, pool) if pool > 1 else paintings_PHW3, mels_CFT)
        self._resident: tuple[Tensor, Tensor] | None = None
        if device.type == "cuda":
            self._resident = (torch.tensor(self._arrays[0], device=device), torch.tensor(mels_CFT, device=device))

    @property
    def shape(self) -> tuple[int, int]:
        """How many paintings and clips there are."""
        return len(self._arrays[0]), len(self._arrays[1])

    @property
    def mel_shape(self) -> tuple[int, int]:
        """Bands and frames of a mel."""
        _, bands, frames = self._arrays[1].shape
        return bands, frames

    def paintings(self, rows: Ints) -> Tensor:
        """uint8 (B, 3, H, W), or float32 in [0, 1] where they are averaged."""
        return self._rows(0, rows).permute(0, 3, 1, 2)

    def mels(self, rows: Ints) -> Tensor:
        """float32 (V, 1, F, T), log10 of power."""
        return self._rows(1, rows).float().unsqueeze(1)

    def _rows(self, which: int, rows: Ints) -> Tensor:
        if self._resident is not None:
            return self._resident[which].index_select(0, torch.as_tensor(rows, device=self.device))
        return torch.from_numpy(np.ascontiguousarray(self._arrays[which][rows]))


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a snapshot means to the model. `train`, `validation`: masks over `pairs`; so are the protocols'.

    regime: what training leaves untouched, the snapshot's own. protocols: by regime, the held-out pairs on which a
    model trained here can be measured; left_out: how many more there were by their sides that the model knows.
    items: what each pair is made of, one row a pair: painting, clip, track, painting_work, track_work, style, genre.
    band: scores in [low, high] are ambiguous.
    """

    digest: str
    path: Path
    pairs: Pairs
    preferences: Preferences
    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    protocols: dict[Regime, NDArray[np.bool_]]
    ratings: pd.DataFrame
    trim: int
    paintings_u8: NDArray[np.uint8]
    mels_f16: NDArray[np.float16]
    regime: Regime = Regime.UNSEEN_BOTH
    left_out: dict[Regime, int] = field(default_factory=dict)
    items: pd.DataFrame = field(default_factory=pd.DataFrame)
    band: tuple[float, float] = (0.4, 0.6)

    def media(self, config: Config, device: torch.device) -> Media:
        return Media(self.paintings_u8, self.mels_f16, device, pool=config.painting.pool)

    def preferences_within(self, mask: NDArray[np.bool_]) -> Preferences:
        """Preferences whose two pairs both lie in `mask`."""
        return self.preferences.take(mask[self.preferences.preferred] & mask[self.preferences.other])

    @property
    def seen(self) -> Seen:
        """What a model trained here has seen."""
        return Seen.of(self.regime, self.items[self.train])


def load(path: Path, *, seen: Seen | None = None) -> Dataset:
    """Read, verify and index a snapshot. Raises DataError in words; the reader's own errors pass through."""
    return from_snapshot(read(path), seen=seen)


def from_snapshot(snapshot: Snapshot, *, seen: Seen | None = None) -> Dataset:
    """Index an opened snapshot: rows instead of ids, masks instead of split names.

    `seen` measures a model that was trained on another snapshot: the masks are those of its regime, without what it has
    seen. Otherwise the training pairs are those that the snapshot itself calls so.
    """
    arrays = snapshot.arrays()
    frame = snapshot.pairs.reset_index(drop=True)
    pairs = Pairs(
        pair_ids=tuple(frame["pair_id"].astype(str)),
        painting=_rows_of(frame["painting_id"], snapshot.paintings, "painting_id"),
        clip=_rows_of(frame["clip_id"], snapshot.clips, "clip_id"),
        score=frame["score"].to_numpy(dtype=np.float64, copy=True),
    )
    regime = seen.regime if seen else snapshot.recipe.split
    sides = regimes.side_under(regime, frame) if seen else frame["split"].to_numpy(dtype=object)
    train = sides == Split.TRAIN.value
    if not train.any():
        raise DataError(
            f"the snapshot has no training pairs under {regime} ({len(frame)} scored pairs in all): "
            "score more pairs first"
        )
    items = _items(snapshot, pairs, frame)
    known = seen or Seen.of(regime, items[train])
    by_side = regimes.held_out(regime, frame)
    leaks = {measured: mask & regimes.leaking(known, measured, items) for measured, mask in by_side.items()}
    return Dataset(
        digest=snapshot.digest,
        path=Path(snapshot.path),
        pairs=pairs,
        preferences=_preferences(snapshot.preferences, pairs),
        train=train,
        validation=regimes.validation(regime, frame),
        protocols={measured: mask & ~leaks[measured] for measured, mask in by_side.items()},
        ratings=snapshot.ratings,
        trim=snapshot.recipe.trimmed,
        paintings_u8=arrays.paintings_u8,
        mels_f16=arrays.mels_f16,
        regime=regime,
        left_out={measured: int(mask.sum()) for measured, mask in leaks.items()},
        items=items,
        band=snapshot.recipe.band,
    )


def _items(snapshot: Snapshot, pairs: Pairs, frame: pd.DataFrame) -> pd.DataFrame:
    """What each pair is made of; the rows of both tables are those of the arrays."""
    paintings = snapshot.paintings.set_index("row").loc[pairs.painting]
    clips = snapshot.clips.set_index("row").loc[pairs.clip]
    return pd.DataFrame(
        {
            "painting": frame["painting_id"].astype(str),
            "clip": frame["clip_id"].astype(str),
            "track": frame["track_id"].astype(str),
            "painting_work": paintings["work"].astype(str).to_numpy(),
            "track_work": clips["work"].astype(str).to_numpy(),
            "style": paintings["style"].fillna("").astype(str).to_numpy(),
            "genre": clips["genre"].fillna("").astype(str).to_numpy(),
        }
    )


def _averaged(paintings_PHW3: NDArray[np.uint8], pool: int) -> NDArray[np.float32]:
    P, H, W, _ = paintings_PHW3.shape
    averaged = np.empty((P, H // pool, W // pool, 3), dtype=np.float32)
    for row, picture in enumerate(paintings_PHW3):
        blocks = picture.reshape(H // pool, pool, W // pool, pool, 3)
        averaged[row] = blocks.mean(axis=(1, 3), dtype=np.float32) / 255
    return averaged


def _rows_of(ids: Sequence[str] | pd.Series[str], items: pd.DataFrame, column: str) -> Ints:
    row = dict(zip(items[column], items["row"], strict=True))
    missing = [item for item in ids if item not in row]
    if missing:
        raise DataError(
            f"{len(missing)} pairs name a {column} that the snapshot does not have, for example {missing[0]}"
        )
    return np.array([row[item] for item in ids], dtype=np.int64)


def _preferences(frame: pd.DataFrame, pairs: Pairs) -> Preferences:
    row = {pair: index for index, pair in enumerate(pairs.pair_ids)}
    decided = frame[frame["winner"].isin(["a", "b"]) & frame["pair_a"].isin(row) & frame["pair_b"].isin(row)]
    first = np.array([row[pair] for pair in decided["pair_a"]], dtype=np.int64)
    second = np.array([row[pair] for pair in decided["pair_b"]], dtype=np.int64)
    a_won = (decided["winner"] == "a").to_numpy(dtype=bool)
    return Preferences(
        direction=tuple(decided["direction"].astype(str)),
        preferred=np.where(a_won, first, second),
        other=np.where(a_won, second, first),
    )
