"""A ready snapshot of the synthetic corpus: paint, compose, ingest, pair, rate, vote, build. No site needed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mpd_builder.aggregation import aggregate
from mpd_builder.build import build_snapshot
from mpd_builder.ingest import (
    Candidate,
    CheckedPainting,
    CheckedTrack,
    FolderSource,
    Limits,
    Rejected,
    process,
    process_many,
)
from mpd_builder.pairing import random_pairs
from mpd_builder.preferences import make_tasks
from mpd_builder.records import Clip, Judgments, Painting, PreferenceTask, Track, Vote
from mpd_builder.snapshot import MediaFile, Recipe, Sealed, SnapshotExists
from mpd_builder.synthetic import Truth, make_corpus, raters

Words = Callable[[str], None]

TASKS_PER_PAIR = 0.1
"""Preference tasks in each direction per pair: about the paper's 10,428 tasks in two directions to 50,000 pairs."""


class SynthesisError(ValueError):
    """What was asked for cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """How much to make. `tracks` are 45 s long, three clips each."""

    paintings: int
    tracks: int
    pairs: int
    raters: int = 12
    preset: str = "paper"


@dataclass
class Spool:
    """An ingested corpus on disk, as the writer asks for it: one item at a time, so that memory stays flat."""

    folder: Path
    paintings: list[Painting] = field(default_factory=list)
    tracks: list[Track] = field(default_factory=list)
    clips: list[Clip] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)

    def add(self, checked: CheckedPainting | CheckedTrack) -> None:
        if isinstance(checked, CheckedPainting):
            self.paintings.append(checked.painting)
            (self.folder / f"{checked.painting.id}.jpg").write_bytes(checked.display)
            np.save(self.folder / f"{checked.painting.id}.npy", checked.model_input)
            return
        self.tracks.append(checked.track)
        for cut in checked.clips:
            self.clips.append(cut.clip)
            (self.folder / f"{cut.clip.id}.flac").write_bytes(cut.audio)
            np.save(self.folder / f"{cut.clip.id}.npy", cut.mel)
            if cut.is_silent:
                self.silent.add(cut.clip.id)

    def painting_display(self, painting_id: str) -> MediaFile:
        return MediaFile(self.folder / f"{painting_id}.jpg")

    def painting_input(self, painting_id: str) -> npt.NDArray[np.uint8]:
        return self._array(painting_id)

    def clip_audio(self, clip_id: str) -> tuple[MediaFile, str]:
        return MediaFile(self.folder / f"{clip_id}.flac"), "flac"

    def clip_mel(self, clip_id: str) -> npt.NDArray[np.float16]:
        return self._array(clip_id)

    def _array(self, item_id: str) -> npt.NDArray[Any]:
        array: npt.NDArray[Any] = np.load(self.folder / f"{item_id}.npy", allow_pickle=False)
        return array


def synthesize(
    amounts: Amounts,
    *,
    seed: int,
    recipe: Recipe,
    out_dir: Path,
    created_on: date | None,
    code_version: str,
    workers: int = 1,
    tell: Words = lambda words: None,
) -> Sealed:
    """Make a corpus, have simulated raters score and vote on it, and seal it as a snapshot at `out_dir`.

    The same arguments give the same bytes, whatever the number of worker processes. Raises SynthesisError and
    SnapshotExists.
    """
    _check(amounts, recipe)
    if out_dir.exists():
        raise SnapshotExists(f"There is something at {out_dir} already. Choose another place.")
    with tempfile.TemporaryDirectory(prefix="mpd-synthesize-") as scratch:
        corpus, spool = Path(scratch, "corpus"), Spool(Path(scratch, "spool"))
        spool.folder.mkdir()
        tell(f"Painting {amounts.paintings} pictures and composing {amounts.tracks} pieces")
        truth = make_corpus(
            out_dir=corpus, paintings=amounts.paintings, tracks=amounts.tracks, seed=seed, processes=workers
        )
        tell("Checking them as an import would")
        for checked in _ingest(corpus, workers):
            spool.add(checked)
        tell("Asking the simulated raters")
        judgments = _judge(spool, truth, amounts, seed=seed, recipe=recipe)
        tell("Writing the snapshot")
        return build_snapshot(
            judgments, recipe, media=spool, out_dir=out_dir, created_on=created_on, code_version=code_version
        )


def _check(amounts: Amounts, recipe: Recipe) -> None:
    if min(amounts.paintings, amounts.tracks, amounts.pairs) < 1:
        raise SynthesisError("At least one painting, one track and one pair are needed.")
    if amounts.raters < max(recipe.raters_per_pair, recipe.votes_needed):
        raise SynthesisError(
            f"{amounts.raters} raters are too few: a pair needs {recipe.raters_per_pair} different ones, a preference "
            f"{recipe.votes_needed}."
        )
    if amounts.preset not in raters.PRESETS:
        raise SynthesisError(f"No preset is called {amounts.preset!r}. There are: {', '.join(raters.PRESETS)}.")


def _ingest(folder: Path, workers: int) -> Iterator[CheckedPainting | CheckedTrack]:
    for candidate, outcome in _outcomes(FolderSource(folder).candidates(), workers):
        if isinstance(outcome, Rejected):
            raise SynthesisError(f"A file that we made ourselves was refused, {candidate.name}: {outcome}")
        yield outcome


def _outcomes(
    candidates: Iterator[Candidate], workers: int
) -> Iterator[tuple[Candidate, CheckedPainting | CheckedTrack | Rejected]]:
    if workers > 1:
        yield from process_many(candidates, limits=Limits(), workers=workers)
        return
    for candidate in candidates:
        yield candidate, process(candidate, limits=Limits())


def _judge(spool: Spool, truth: Truth, amounts: Amounts, *, seed: int, recipe: Recipe) -> Judgments:
    """Pairs, ratings, tasks and votes, each from the seed alone."""
    clips = [clip.id for clip in spool.clips if clip.id not in spool.silent]
    try:
        pairs = random_pairs([each.id for each in spool.paintings], clips, count=amounts.pairs, seed=seed)
    except ValueError as error:
        raise SynthesisError(str(error)) from error
    true_of = truth.by_pair(pairs)
    panel = raters.panel(amounts.preset, amounts.raters, seed)
    ratings = panel.score_pairs(true_of, raters_per_pair=recipe.raters_per_pair, seed=seed)
    consensus = aggregate(ratings, raters_per_pair=recipe.min_ratings, trim=recipe.trim, band=recipe.band)
    tasks = make_tasks(consensus, pairs, count=round(amounts.pairs * TASKS_PER_PAIR), seed=seed)
    return Judgments(
        paintings=tuple(spool.paintings),
        tracks=tuple(spool.tracks),
        clips=tuple(spool.clips),
        pairs=tuple(pairs),
        ratings=tuple(ratings),
        tasks=tuple(tasks),
        votes=tuple(_votes(tasks, panel, true_of, votes_needed=recipe.votes_needed, seed=seed)),
        simulated_raters=frozenset(rater.id for rater in panel.raters),
    )


def _votes(
    tasks: Sequence[PreferenceTask], panel: raters.Panel, truth: dict[str, float], *, votes_needed: int, seed: int
) -> Iterator[Vote]:
    """Exactly `votes_needed` votes a task; the raters take turns."""
    panel_size = len(panel.raters)
    for number, task in enumerate(tasks):
        for turn in range(votes_needed):
            yield panel.vote(
                task_id=task.id,
                truth_a=truth[task.pair_a],
                truth_b=truth[task.pair_b],
                rater_id=panel.raters[(number * votes_needed + turn) % panel_size].id,
                seed=seed,
            )
