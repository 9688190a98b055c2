"""Writing a snapshot: the same dataset and recipe give the same bytes, and a folder that is there is whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from mpd_builder.snapshot import leakage, manifest, papers
from mpd_builder.snapshot.dataset import Dataset
from mpd_builder.snapshot.draft import Draft, draft
from mpd_builder.snapshot.items import Kind, clip_kind, painting_kind, write_items
from mpd_builder.snapshot.manifest import ArrayFact, TableFact
from mpd_builder.snapshot.media import Media
from mpd_builder.snapshot.recipe import MediaChoice, Recipe, RecipeError
from mpd_builder.snapshot.tables import SCHEMAS, Rows, table_path, write_table

Progress = Callable[[int, int, str], None]


class NothingToWrite(ValueError):
    """The judgments hold no pair with enough ratings."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A snapshot that was written: its digest names it; `n_files` and `n_bytes` count every file."""

    path: Path
    digest: str
    n_files: int
    n_bytes: int


def no_progress(done: int, total: int, words: str) -> None:
    """Tell nobody."""


def write(
    dataset: Dataset,
    *,
    media: Media | None,
    recipe: Recipe,
    out_dir: Path,
    created_on: date | None,
    code_version: str,
    progress: Progress = no_progress,
    resume: bool = False,
) -> Sealed:
    """Write a sealed snapshot to `out_dir`, which must not exist.

    media: may be None when the recipe asks for neither media nor arrays.
    created_on: stated in the card and the manifest; None leaves the date out.
    progress: called with steps done, steps in all and words. What it raises cancels the export: nothing stays behind.
    resume: take over the media that a cancelled or killed export to this place left, and leave one's own likewise.
    Raises SnapshotExists, NothingToWrite, leakage.SplitsLeak, MediaError (names the item), RecipeError, OSError.
    """
    if dataset.facts.n_pairs == 0:
        raise NothingToWrite(
            f"No pair has {recipe.min_ratings} ratings yet, so there is nothing to put into a snapshot. "
            "Let raters complete some pairs, or use a recipe with a smaller min_ratings."
        )
    kinds = _kinds(media, recipe)
    steps = _Steps(_count_steps(dataset, kinds), progress)
    with draft(out_dir, resume=resume) as folder:
        tables, arrays = _write_items(folder, dataset, kinds=kinds, steps=steps)
        for name, table in tables.items():
            write_table(table, folder.path(table_path(name)))
            folder.add_written(table_path(name))
            steps.did(f"Writing the table {name}")
        folder.add_bytes(leakage.NAME, leakage.proof_of(folder.folder, split=recipe.split).to_bytes())
        about = papers.About(
            recipe=recipe,
            facts=dataset.facts,
            created_on=created_on,
            code_version=code_version,
            tables={name: TableFact(table.num_rows, tuple(table.schema.names)) for name, table in tables.items()},
            arrays=arrays,
            files=dict(folder.files),
            protocols=frozenset(dataset.protocols),
        )
        for name, content in papers.papers(about, texts=dataset.protocols).items():
            folder.add_bytes(name, content)
        contents = manifest.compose(
            recipe=recipe,
            facts=dataset.facts,
            code_version=code_version,
            created_on=created_on,
            tables=tables,
            arrays=arrays,
            files=folder.files,
        )
        folder.add_bytes(manifest.MANIFEST_NAME, manifest.to_bytes(contents))
        steps.did("Sealing")
        digest = folder.seal(out_dir)
    n_bytes = sum(fact.n_bytes for fact in folder.files.values()) + (out_dir / manifest.SUMS_NAME).stat().st_size
    return Sealed(path=out_dir, digest=digest, n_files=len(folder.files) + 1, n_bytes=n_bytes)


class _Steps:
    """Counts steps towards a known total: one an item, one a table, one for sealing."""

    def __init__(self, total: int, progress: Progress) -> None:
        self._total = total
        self._done = 0
        self._progress = progress
        progress(0, total, "Starting")

    def did(self, words: str) -> None:
        self._done += 1
        self._progress(self._done, self._total, words)


def _count_steps(dataset: Dataset, kinds: tuple[Kind, ...]) -> int:
    items = dataset.paintings.num_rows + dataset.clips.num_rows if kinds else 0
    return items + len(SCHEMAS) + 1


def _kinds(media: Media | None, recipe: Recipe) -> tuple[Kind, ...]:
    if recipe.media is MediaChoice.NONE and not recipe.arrays:
        return ()
    if media is None:
        raise RecipeError(f"The recipe {recipe.name} asks for media or arrays, but no media are at hand.")
    return painting_kind(media, recipe), clip_kind(media, recipe)


def _write_items(
    folder: Draft, dataset: Dataset, *, kinds: tuple[Kind, ...], steps: _Steps
) -> tuple[dict[str, Rows], dict[str, ArrayFact]]:
    """Write media and arrays; all tables in their final form, by name, and the arrays' facts."""
    items = {"painting_id": dataset.paintings, "clip_id": dataset.clips}
    paths: dict[str, list[str | None]] = {column: [None] * table.num_rows for column, table in items.items()}
    arrays: dict[str, ArrayFact] = {}
    for kind in kinds:
        paths[kind.id_column], facts = write_items(folder, items[kind.id_column], kind=kind, did=steps.did)
        arrays |= facts
    tables = {f"pairs-{split}": table for split, table in dataset.pairs.items()}
    tables |= {"preferences": dataset.preferences, "raters": dataset.raters}
    tables["paintings"] = _with_media(items["painting_id"], paths["painting_id"])
    tables["clips"] = _with_media(items["clip_id"], paths["clip_id"])
    fitted: dict[str, Rows] = {name: table.cast(SCHEMAS[name]) for name, table in tables.items()}
    fitted["ratings"] = dataset.ratings
    return {name: fitted[name] for name in SCHEMAS}, arrays


def _with_media(table: pa.Table, paths: list[str | None]) -> pa.Table:
    return table.append_column(pa.field("media", pa.string()), pa.array(paths, pa.string()))
