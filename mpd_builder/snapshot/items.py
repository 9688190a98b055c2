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
from mpd_builder.snapshot.copying import in_threads
from mpd_builder.snapshot.draft import Draft, Staged
from mpd_builder.snapshot.licences import may_pass_on
from mpd_builder.snapshot.manifest import ArrayFact
from mpd_builder.snapshot.media import (
    PAINTING_SHAPE,
    Media,
    MediaError,
    MediaFile,
    check_picture,
    check_sound,
    checked_extension,
    checked_input,
    checked_mel,
    media_path,
)
from mpd_builder.snapshot.recipe import MediaChoice, Recipe
from mpd_builder.snapshot.tables import MELS_ARRAY_PATH, PAINTINGS_ARRAY_PATH

Row = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of item is written: `file` gives its media file and the extension, `row` the array's row.

    `check` gets an item's id and the first bytes of its media file.
    """

    noun: str
    id_column: str
    folder: str
    array_name: str
    array_path: str
    row_shape: tuple[int, ...]
    dtype: npt.DTypeLike
    with_files: bool
    with_array: bool
    file: Callable[[str], tuple[bytes | MediaFile, str]]
    check: Callable[[str, bytes], None]
    row: Callable[[str], Row]


@dataclass(frozen=True, slots=True)
class Done:
    """What there is of an item: its array row, its media file's path, and the file's copy unless it is here already."""

    row: Row | None = None
    path: str | None = None
    copy: Staged | None = None


def painting_kind(media: Media, recipe: Recipe) -> Kind:
    """Paintings: their picture unless the recipe leaves media out, and (256, 256, 3) uint8."""
    return Kind(
        noun="painting",
        id_column="painting_id",
        folder="paintings",
        array_name="paintings",
        array_path=PAINTINGS_ARRAY_PATH,
        row_shape=PAINTING_SHAPE,
        dtype=np.uint8,
        with_files=recipe.media is not MediaChoice.NONE,
        with_array=recipe.arrays,
        file=lambda painting_id: (media.painting_display(painting_id), "jpg"),
        check=check_picture,
        row=lambda painting_id: checked_input(painting_id, media.painting_input(painting_id)),
    )


def clip_kind(media: Media, recipe: Recipe) -> Kind:
    """Clips: their sound where the recipe asks for full media, and (128, 469) float16."""

    def sound(clip_id: str) -> tuple[bytes | MediaFile, str]:
        content, extension = media.clip_audio(clip_id)
        return content, checked_extension(clip_id, extension)

    return Kind(
        noun="clip",
        id_column="clip_id",
        folder="clips",
        array_name="mels",
        array_path=MELS_ARRAY_PATH,
        row_shape=MEL_SHAPE,
        dtype=np.float16,
        with_files=recipe.media is MediaChoice.FULL,
        with_array=recipe.arrays,
        file=sound,
        check=check_sound,
        row=lambda clip_id: checked_mel(clip_id, media.clip_mel(clip_id)),
    )


def write_items(
    folder: Draft, table: pa.Table, *, kind: Kind, did: Callable[[str], None]
) -> tuple[list[str | None], dict[str, ArrayFact]]:
    """Write every item of `table` in its order; each item's media path, and the array's fact by name.

    Items are fetched and copied on several threads; the result is the same for any number. A restricted item, without
    a licence or a right to publish it, gets no media file: its path is None. The array holds its row all the same, and
    the array's fact counts such rows.
    """
    ids: list[str] = table[kind.id_column].to_pylist()
    rights = zip(table["licence"].to_pylist(), table["may_publish"].to_pylist(), strict=True)
    open_ids = {
        item_id
        for item_id, (licence, may_publish) in zip(ids, rights, strict=True)
        if may_pass_on(licence=licence, may_publish=may_publish)
    }

    def work(item_id: str) -> Done:
        row = kind.row(item_id) if kind.with_array else None
        if not kind.with_files or item_id not in open_ids:
            return Done(row)
        return _with_file(folder, item_id, kind, row)

    paths: list[str | None] = []
    with contextlib.ExitStack() as stack:
        stream = None
        if kind.with_array:
            array = folder.array(kind.array_path, rows=len(ids), row_shape=kind.row_shape, dtype=kind.dtype)
            stream = stack.enter_context(array)
        everything = stack.enter_context(contextlib.closing(in_threads(work, ids)))
        for number, done in enumerate(everything, start=1):
            if stream is not None and done.row is not None:
                stream.append(done.row)
            if done.path is not None:
                folder.take(done.path, done.copy)
            paths.append(done.path)
            did(f"Writing {kind.noun} {number} of {len(ids)}")
    if stream is None:
        return paths, {}
    restricted = len(ids) - len(open_ids)
    return paths, {kind.array_name: ArrayFact(kind.array_path, str(np.dtype(kind.dtype)), stream.shape, restricted)}


def _with_file(folder: Draft, item_id: str, kind: Kind, row: Row | None) -> Done:
    """The item with its media file: one that is in the draft already, or a fresh copy."""
    given, extension = kind.file(item_id)
    file = MediaFile(lambda: given) if isinstance(given, bytes) else given
    if file.sha256 and folder.has(path := media_path(kind.folder, file.sha256, extension), file.sha256):
        return Done(row, path)
    copy = folder.stage(file.content())
    kind.check(item_id, copy.head)
    if file.sha256 not in ("", copy.fact.sha256):
        raise MediaError(
            f"The media file of {item_id} was changed or damaged in the store: its digest is not the one that it is "
            "named for. Import its original again."
        )
    return Done(row, media_path(kind.folder, copy.fact.sha256, extension), copy)
