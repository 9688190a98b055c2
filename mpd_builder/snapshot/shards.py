"""WebDataset shards of a snapshot: tar files of samples, one a pair, for training that streams.

A sample is what the snapshot has of a pair: `KEY.jpg` and `KEY.flac` where the media are included and may be passed on,
and `KEY.json`. Same snapshot, same bytes: samples come in the order of a digest of their id, which mixes them well, and
entries have no time, owner or rights of their own.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mpd_builder.snapshot.draft import Draft, draft
from mpd_builder.snapshot.reader import Snapshot, read
from mpd_builder.snapshot.tables import SPLITS

INDEX_NAME = "index.json"
PER_SHARD = 1000
_COLUMNS = (
    *("pair_id", "painting_id", "clip_id", "track_id", "score", "dispersion", "n_ratings", "ambiguous"),
    *("split", "split_painting", "split_track"),
)

Progress = Callable[[int, int, str], None]


class NoMedia(ValueError):
    """The snapshot holds no pictures and no sound, so its shards would hold none; the text says what helps."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One tar file of a split; `sha256` is of the file."""

    name: str
    split: str
    n_samples: int
    n_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Shards:
    """A folder of shards, in the order of its index; `digest` is the SHA-256 of its SHA256SUMS."""

    path: Path
    digest: str
    shards: tuple[Shard, ...]

    @property
    def n_samples(self) -> int:
        return sum(shard.n_samples for shard in self.shards)


def write_shards(
    path: Path, *, out_dir: Path, per_shard: int = PER_SHARD, progress: Progress = lambda done, total, words: None
) -> Shards:
    """Write the shards of the snapshot at `path`, verified first, to `out_dir`, which must not exist.

    per_shard: samples a shard, at most. progress: as of `snapshot.write`; what it raises leaves nothing behind.
    Raises ValueError, NoMedia, SnapshotDamaged, SnapshotExists and OSError.
    """
    if per_shard < 1:
        raise ValueError("A shard holds at least one sample.")
    data = read(path)
    media_of = _media(data)
    total = len(data.pairs)
    with draft(out_dir) as folder:
        shards: list[Shard] = []
        done = 0
        for name, split, rows in _plan(data.pairs, per_shard):
            shards.append(_write_shard(folder, data.path, name, split, rows, media_of))
            done += len(rows)
            progress(done, total, f"Writing {name}")
        folder.add_bytes(INDEX_NAME, _index(data, per_shard, shards))
        folder.add_bytes("LICENSE.md", (data.path / "LICENSE.md").read_bytes())
        return Shards(path=out_dir, digest=folder.seal(out_dir), shards=tuple(shards))


def sample_key(pair_id: str) -> str:
    """A pair's key: its id with a dash for the dot, at which WebDataset would cut the name."""
    return pair_id.replace(".", "-")


def _media(data: Snapshot) -> dict[str, str]:
    """Each item's media file, by painting and clip id, of those that have one."""
    found = {
        item: media
        for frame, column in ((data.paintings, "painting_id"), (data.clips, "clip_id"))
        for item, media in zip(frame[column], frame["media"], strict=True)
        if isinstance(media, str)
    }
    if not found:
        raise NoMedia(
            f"{data.path} holds no pictures and no sound, so there is nothing to put into shards. Export it with a "
            "recipe that has media; items that may not be passed on never have any."
        )
    return found


def _plan(pairs: pd.DataFrame, per_shard: int) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Each shard's name, split and rows. Splits without a pair have none."""
    for split in SPLITS:
        rows = pairs.loc[pairs["split"] == split, list(_COLUMNS)].to_dict("records")
        rows.sort(key=lambda row: hashlib.sha256(str(row["pair_id"]).encode()).digest())
        for number, start in enumerate(range(0, len(rows), per_shard)):
            chosen = [{str(name): value for name, value in row.items()} for row in rows[start : start + per_shard]]
            yield f"{split}-{number:06d}.tar", split, chosen


def _write_shard(
    folder: Draft,
    root: Path,
    name: str,
    split: str,
    rows: Iterable[Mapping[str, Any]],
    media_of: Mapping[str, str],
) -> Shard:
    samples = 0
    with tarfile.open(folder.path(name), "w", format=tarfile.USTAR_FORMAT) as tar:
        for row in rows:
            for entry, content in _sample(root, row, media_of):
                header = tarfile.TarInfo(entry)  # mode 644, and nobody's, from 1970
                header.size = len(content)
                tar.addfile(header, io.BytesIO(content))
            samples += 1
    folder.add_written(name)
    fact = folder.files[name]
    return Shard(name=name, split=split, n_samples=samples, n_bytes=fact.n_bytes, sha256=fact.sha256)


def _sample(root: Path, row: Mapping[str, Any], media_of: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """The entries of one sample: picture and sound where they are, then what is known of the pair."""
    key = sample_key(row["pair_id"])
    for item in (row["painting_id"], row["clip_id"]):
        if item in media_of:
            yield f"{key}.{media_of[item].rsplit('.', 1)[-1]}", (root / media_of[item]).read_bytes()
    yield f"{key}.json", (json.dumps(row, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _index(data: Snapshot, per_shard: int, shards: Iterable[Shard]) -> bytes:
    values = {
        "format": "mpd-shards",
        "format_version": 1,
        "snapshot": data.digest,
        "content_digest": data.manifest["content_digest"],
        "per_shard": per_shard,
        "shards": [asdict(shard) for shard in shards],
    }
    return (json.dumps(values, sort_keys=True, indent=1) + "\n").encode()
