"""Every painting with every clip, from file to file: a float16 matrix that a stopped command takes up again.

Clips are scored in shards, all paintings with some clips at a time. A shard is a file of its own, written whole or not
at all; once all are there they become the matrix. So shards can be shared by any number of processes and machines.
Shapes: P paintings, M clips.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from model import checkpoints
from model.batches import chunks
from model.checkpoints import Checkpoint
from model.data import Media
from model.events import EventWriter
from model.pairfile import Source
from model.scoring import encode_clips, joined_scores
from model.stepping import uses_bfloat16

MATRIX_NAME, SEAL_NAME, JOB_NAME, SHARDS_NAME = "scores.f16.npy", "scores.json", "job.json", "shards"
FORMAT = 1
ROWS_AT_A_TIME = 256


class MatrixError(ValueError):
    """A matrix that cannot be made here; the message says what is in the way."""


@dataclass(frozen=True, slots=True)
class Job:
    """What decides every byte of a matrix: the model (by its seal), the media, and how they are taken."""

    checkpoint_sha256: str
    media: str
    paintings: int
    clips: int
    batch: int
    clips_a_shard: int
    device: str
    format: int = FORMAT

    @property
    def shards(self) -> list[slice]:
        """The clips of each shard."""
        return list(chunks(self.clips, self.clips_a_shard))


def write(
    checkpoint: Checkpoint,
    *,
    folder: Path,
    source: Source,
    out_dir: Path,
    batch: int,
    clips_a_shard: int = 64,
    share: tuple[int, int] = (0, 1),
    events: EventWriter,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Score what is not there yet of every n-th shard from the i-th on, (i, n) being `share`.

    Leaves `scores.f16.npy`, (M, P): one row a clip, in the order of the source's arrays, with `scores.json` (the job,
    the ids and the matrix's SHA-256) once all shards are there. `folder` is the checkpoint's. Returns `pairs` (scored
    now), `seconds`, `pairs_per_s`, `is_complete`. Raises MatrixError if `out_dir` holds another matrix.
    """
    device = checkpoint.module.head.weight.device
    media = Media(source.paintings_u8, source.mels_f16, device, pool=checkpoint.config.painting.pool)
    job = Job(_sha256(folder / checkpoints.SEAL_NAME), _digest(source), *media.shape, batch, clips_a_shard, device.type)
    _claim(out_dir, job)
    if (out_dir / SEAL_NAME).exists():
        _clear(out_dir)
        return _found(0, 0.0, is_complete=True)
    mine = [clips for number, clips in enumerate(job.shards) if number % share[1] == share[0]]
    left = [clips for clips in mine if not _shard(out_dir, clips).exists()]
    total, done, began = job.paintings * sum(clips.stop - clips.start for clips in left), 0, clock()
    events.write("start", total=total, device=str(device), shards=len(left), shards_there=len(mine) - len(left))
    for clips in left:
        scores_MP = _scores(checkpoint, media, np.arange(clips.start, clips.stop), batch)
        _replace(_shard(out_dir, clips), partial(np.save, arr=scores_MP))
        done += scores_MP.size
        events.write("progress", done=done, total=total)
    is_complete = all(_shard(out_dir, clips).exists() for clips in job.shards) or (out_dir / SEAL_NAME).exists()
    if is_complete and not (out_dir / SEAL_NAME).exists():
        _seal(out_dir, job, source)
    found = _found(done, clock() - began, is_complete=is_complete)
    events.write("end", **found)
    return found


@torch.inference_mode()
def _scores(checkpoint: Checkpoint, media: Media, clips: NDArray[np.int64], batch: int) -> NDArray[np.float16]:
    """scores_MP of all paintings with some clips; on a GPU in bfloat16 where the model was trained so."""
    module, device = checkpoint.module, media.device
    paintings = np.arange(media.shape[0])
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=uses_bfloat16(checkpoint.config, device)):
        music_M = encode_clips(module, media, clips, batch=batch)
        heard = [module.hear(music_M[row : row + 1]) for row in range(len(clips))]
        columns = [
            joined_scores(module, module.look(media.paintings(paintings[part])), heard).T.to(torch.float16).cpu()
            for part in chunks(len(paintings), batch)
        ]
    scores_MP: NDArray[np.float16] = torch.cat(columns, dim=1).numpy()
    return scores_MP


def _claim(out_dir: Path, job: Job) -> None:
    """Note what is made here; refuse a folder in which something else is."""
    path, wanted = out_dir / JOB_NAME, asdict(job)
    if not path.exists():
        _replace_json(path, wanted)
    found = json.loads(path.read_text(encoding="utf-8"))
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if differing:
        raise MatrixError(
            f"{out_dir} holds another matrix (its {' and '.join(differing)} differ): choose another folder"
        )


def _seal(out_dir: Path, job: Job, source: Source) -> None:
    """Join the shards into the matrix and say what it is; only then are they removed."""
    try:
        shards = [np.load(_shard(out_dir, clips)) for clips in job.shards]
    except FileNotFoundError:
        if (out_dir / SEAL_NAME).exists():  # another process was quicker
            return
        raise
    _replace(out_dir / MATRIX_NAME, lambda file: np.save(file, np.concatenate(shards)))
    ids = dict(zip(("paintings", "clips"), (_ordered(rows) for rows in source.rows), strict=True))
    _replace_json(out_dir / SEAL_NAME, {"sha256": _sha256(out_dir / MATRIX_NAME), "job": asdict(job), **ids})
    _clear(out_dir)


def _clear(out_dir: Path) -> None:
    """Remove what a sealed matrix does not need any more, also what killed processes left."""
    shutil.rmtree(out_dir / SHARDS_NAME, ignore_errors=True)
    for left in out_dir.glob(".*.partial"):
        left.unlink(missing_ok=True)


def _digest(source: Source) -> str:
    """SHA-256 of the media and their ids."""
    digest = hashlib.sha256(json.dumps([_ordered(rows) for rows in source.rows]).encode())
    for array in (source.paintings_u8, source.mels_f16):
        for part in chunks(len(array), ROWS_AT_A_TIME):
            digest.update(np.ascontiguousarray(array[part]).data)
    return digest.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ordered(rows: Any) -> list[str]:
    return sorted(rows, key=lambda name: int(rows[name]))


def _shard(out_dir: Path, clips: slice) -> Path:
    return out_dir / SHARDS_NAME / f"{clips.start:08d}-{clips.stop:08d}.f16.npy"


def _replace(path: Path, fill: Callable[[BinaryIO], object]) -> None:
    """Write a file so that a reader sees all of it or nothing, whoever else writes the same at the same time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.partial")
    with unfinished.open("wb") as file:
        fill(file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def _replace_json(path: Path, value: Any) -> None:
    _replace(path, lambda file: file.write(json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"))


def _found(pairs: int, seconds: float, *, is_complete: bool) -> dict[str, Any]:
    pace = round(pairs / max(seconds, 1e-9), 1)
    return {"pairs": pairs, "seconds": round(seconds, 3), "pairs_per_s": pace, "is_complete": is_complete}
