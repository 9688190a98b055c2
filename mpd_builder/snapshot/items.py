"""Writing what belongs to one painting or one clip: its media file, and its row of the model-ready array."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from mpd_builder.mel import MEL_SHAPE
from mpd_builder.snapshot.draft import Draft
from mpd_builder.snapshot.licences import may_pass_on
from mpd_builder.snapshot.manifest import ArrayFact
from mpd_builder.snapshot.media import (
    PAINTING_SHAPE,
    Media,
    checked_input,
    checked_mel,
    picture_name,
    sound_name,
)
from mpd_builder.snapshot.recipe import MediaChoice, Recipe
from mpd_builder.snapshot.tables import MELS_ARRAY_PATH, PAINTINGS_ARRAY_PATH

Row = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of item is written: `file` gives a name in the snapshot and the bytes, `row` the array's row."""

    noun: str
    id_column: str
    array_name: str
    array_path: str
    row_shape: tuple[int, ...]
    dtype: npt.DTypeLike
    with_files: bool
    with_array: bool
    file: Callable[[str], tuple[str, bytes]]
    row: Callable[[str], Row]


def painting_kind(media: Media, recipe: Recipe) -> Kind:
    """Paintings: their picture unless the recipe leaves media out, and (256, 256, 3) uint8."""

    def picture(painting_id: str) -> tuple[str, bytes]:
        content = media.painting_display(painting_id)
        return picture_name(painting_id, content), content

    return Kind(
        noun="painting",
        id_column="painting_id",
        array_name="paintings",
        array_path=PAINTINGS_ARRAY_PATH,
        row_shape=PAINTING_SHAPE,
        dtype=np.uint8,
        with_files=recipe.media is not MediaChoice.NONE,
        with_array=recipe.arrays,
        file=picture,
        row=lambda painting_id: checked_input(painting_id, media.painting_input(painting_id)),
    )


def clip_kind(media: Media, recipe: Recipe) -> Kind:
    """Clips: their sound where the recipe asks for full media, and (128, 469) float16."""

    def sound(clip_id: str) -> tuple[str, bytes]:
        content, extension = media.clip_audio(clip_id)
        return sound_name(clip_id, content, extension), content

    return Kind(
        noun="clip",
        id_column="clip_id",
        array_name="mels",
        array_path=MELS_ARRAY_PATH,
        row_shape=MEL_SHAPE,
        dtype=np.float16,
        with_files=recipe.media is MediaChoice.FULL,
        with_array=recipe.arrays,
        file=sound,
        row=lambda clip_id: checked_mel(clip_id, media.clip_mel(clip_id)),
    )


def write_items(
    folder: Draft, table: pa.Table, *, kind: Kind, did: Callable[[str], None]
) -> tuple[list[str | None], dict[str, ArrayFact]]:
    """Write every item of `table` in its order; each item's media path, and the array's fact by name.

    A restricted item, without a licence or a right to publish it, gets no media file: its path is None. The array holds
    its row all the same, and the array's fact counts such rows.
    """
    ids: list[str] = table[kind.id_column].to_pylist()
    rights = zip(table["licence"].to_pylist(), table["may_publish"].to_pylist(), strict=True)
    open_ids = {
        item_id
        for item_id, (licence, may_publish) in zip(ids, rights, strict=True)
        if may_pass_on(licence=licence, may_publish=may_publish)
    }
    paths: list[str | None] = []
    with contextlib.ExitStack() as stack:
        stream = None
        if kind.with_array:
            array = folder.array(kind.array_path, rows=len(ids), row_shape=kind.row_shape, dtype=kind.dtype)
            stream = stack.enter_context(array)
        for number, item_id in enumerate(ids, start=1):
            if stream is not None:
                stream.append(kind.row(item_id))
            path = None
            if kind.with_files and item_id in open_ids:
                path, content = kind.file(item_id)
                folder.add_bytes(path, content)
            paths.append(path)
            did(f"Writing {kind.noun} {number} of {len(ids)}")
    if stream is None:
        return paths, {}
    restricted = len(ids) - len(open_ids)
    return paths, {kind.array_name: ArrayFact(kind.array_path, str(np.dtype(kind.dtype)), stream.shape, restricted)}
