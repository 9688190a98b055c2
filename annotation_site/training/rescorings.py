"""The work of a rescoring: draw unrated pairs, let a model version score them, ask people about the least certain."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.selectors import clips_for_pairs, paintings_for_pairs
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.scoring.models import Campaign, Pair
from annotation_site.scoring.services import pairs_ask_for
from annotation_site.training.following import follow
from annotation_site.training.models import Rescoring
from annotation_site.training.services import rescoring_folder
from annotation_site.training.versions import checkpoint_folder
from model import acquisition
from mpd_builder.mel import MEL_SHAPE
from mpd_builder.pairing import random_pairs

PAINTING_SHAPE = (256, 256, 3)
BINS = 20


@dataclass(frozen=True, slots=True)
class Candidates:
    """Unrated pairs as rows of the corpus lists: pair i is `paintings[painting_rows[i]]` with `clips[clip_rows[i]]`."""

    paintings: Sequence[Painting]
    clips: Sequence[Clip]
    painting_rows: Sequence[int]
    clip_rows: Sequence[int]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the model said of each candidate: score and standard deviation, both (N,)."""

    score_N: np.ndarray[Any, np.dtype[np.float64]]
    sd_N: np.ndarray[Any, np.dtype[np.float64]]


def pool(*, campaign: Campaign, size: int, seed: int) -> Candidates:
    """`size` random pairs that nobody has begun to rate: the campaign's own open ones first, then new combinations."""
    paintings = list(paintings_for_pairs().filter(is_synthetic=campaign.is_synthetic).order_by("key"))
    clips = list(clips_for_pairs().filter(track__is_synthetic=campaign.is_synthetic).order_by("key"))
    rows_p = {painting.pk: row for row, painting in enumerate(paintings)}
    rows_c = {clip.pk: row for row, clip in enumerate(clips)}
    begun, waiting = set(), []
    columns = ("painting", "clip", "rating_count", "closed_at")
    for painting, clip, count, closed_at in Pair.objects.filter(campaign=campaign).values_list(*columns):
        if clip not in rows_c or painting not in rows_p:
            continue
        rows = (rows_p[painting], rows_c[clip])
        if count or closed_at is not None:
            begun.add(rows)
        else:
            waiting.append(rows)
    chosen = sorted(waiting)[:size]
    known = begun | set(waiting)
    room = min(size - len(chosen), len(paintings) * len(clips) - len(known))
    if room > 0:
        chosen += _fresh(paintings, clips, known, count=room, seed=seed)
    return Candidates(paintings, clips, [row for row, _ in chosen], [row for _, row in chosen])


def _fresh(
    paintings: Sequence[Painting], clips: Sequence[Clip], known: set[tuple[int, int]], *, count: int, seed: int
) -> list[tuple[int, int]]:
    row_of_painting = {painting.key: row for row, painting in enumerate(paintings)}
    row_of_clip = {clip.key: row for row, clip in enumerate(clips)}
    taken = {(paintings[p].key, clips[c].key) for p, c in known}
    drawn = random_pairs(list(row_of_painting), list(row_of_clip), count=count, seed=seed, exclude=taken)
    return [(row_of_painting[pair.painting_id], row_of_clip[pair.clip_id]) for pair in drawn]


def write_inputs(candidates: Candidates, *, folder: Path, report: Reporter) -> None:
    """The model's inputs: `paintings.u8.npy`, `mels.f16.npy` (rows as in the corpus lists) and `pairs.csv`."""
    folder.mkdir(parents=True, exist_ok=True)
    _stack(folder / "paintings.u8.npy", [item.model_input for item in candidates.paintings], PAINTING_SHAPE, np.uint8)
    report(words="Gathering the clips")
    _stack(folder / "mels.f16.npy", [clip.mel for clip in candidates.clips], MEL_SHAPE, np.float16)
    with (folder / "pairs.csv").open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["painting_row", "clip_row", "painting", "clip"])
        for p, c in zip(candidates.painting_rows, candidates.clip_rows, strict=True):
            rows.writerow([p, c, candidates.paintings[p].key, candidates.clips[c].key])


def _stack(path: Path, files: Sequence[FieldFile], shape: tuple[int, ...], kind: type) -> None:
    stacked = np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(len(files), *shape))
    for row, stored in enumerate(files):
        with stored.open("rb") as file:
            stacked[row] = np.load(file, allow_pickle=False)
    stacked.flush()


def read_scores(path: Path) -> Scores:
    with path.open(newline="") as file:
        rows = [(float(row["score"]), float(row["sd"])) for row in csv.DictReader(file)]
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return Scores(table[:, 0], table[:, 1])


def choose(candidates: Candidates, scores: Scores, rescoring: Rescoring) -> list[acquisition.Choice]:
    """The least certain pairs, no painting or clip more than a few times, with the control arm among them."""
    ask = min(rescoring.ask_for, len(scores.sd_N))
    return acquisition.choose(
        acquisition.Method.VARIANCE,
        acquisition.Known(scores.score_N, np.square(scores.sd_N)),
        candidates.painting_rows,
        candidates.clip_rows,
        count=ask,
        per_painting=_cap(ask, len(candidates.paintings)),
        per_clip=_cap(ask, len(candidates.clips)),
        control_share=rescoring.control_share,
        seed=rescoring.seed,
    )


def _cap(ask: int, items: int) -> int:
    """At most three times the even share of the list, so that no single item fills it."""
    return max(1, -(-3 * ask // max(1, items)))


def summary(scores: Scores, chosen: Sequence[acquisition.Choice], *, band: tuple[float, float]) -> dict[str, Any]:
    """What the rescoring's page shows; `band` is the campaign's ambiguous band, inclusive."""
    low, high = band
    rows = [choice.row for choice in chosen if choice.reason != acquisition.CONTROL]
    counts, edges = np.histogram(scores.score_N, bins=BINS, range=(0.0, 1.0))
    return {
        "scored": len(scores.score_N),
        "mean_score": float(scores.score_N.mean()),
        "mean_sd": float(scores.sd_N.mean()),
        "mean_sd_asked": float(scores.sd_N[rows].mean()) if rows else None,
        "control": len(chosen) - len(rows),
        "ambiguous_percent": 100 * float(((scores.score_N >= low) & (scores.score_N <= high)).mean()),
        "histogram": {"edges": edges.tolist(), "counts": counts.tolist()},
    }


def rescore(rescoring: Rescoring, report: Reporter) -> None:
    """Score the pool with the model version and move what it is least sure of to the front of the raters' queue."""
    folder = rescoring_folder(rescoring)
    report(words="Drawing unrated pairs")
    candidates = pool(campaign=rescoring.campaign, size=rescoring.pool_size, seed=rescoring.seed)
    if not candidates.painting_rows:
        raise JobFailed("There is no unrated pair left: bring in more paintings or music first.")
    write_inputs(candidates, folder=folder, report=report)
    score(rescoring, folder=folder, report=report)
    scores = read_scores(folder / "scores.csv")
    chosen = choose(candidates, scores, rescoring)
    origins = {acquisition.Reason.VARIANCE: Pair.Origin.MODEL, acquisition.CONTROL: Pair.Origin.CONTROL}
    asked = pairs_ask_for(
        campaign=rescoring.campaign,
        items=[
            (
                candidates.paintings[candidates.painting_rows[choice.row]],
                candidates.clips[candidates.clip_rows[choice.row]],
                origins[choice.reason],
            )
            for choice in chosen
        ],
        now=timezone.now(),
    )
    campaign = rescoring.campaign
    facts = summary(scores, chosen, band=(campaign.band_low, campaign.band_high))
    (folder / "summary.json").write_text(json.dumps(facts, sort_keys=True))
    Rescoring.objects.filter(pk=rescoring.pk).update(summary=facts, n_asked=asked)


def score(rescoring: Rescoring, *, folder: Path, report: Reporter) -> None:
    """`python -m model score` over the pool, into `scores.csv`."""

    def on_event(event: Mapping[str, Any]) -> None:
        if "done" in event and "total" in event:
            report(int(event["done"]), int(event["total"]), f"Scoring: {event['done']} of {event['total']} pairs")

    arguments = ["score", "--checkpoint", str(checkpoint_folder(rescoring.version)), "--arrays", str(folder)]
    arguments += ["--pairs", str(folder / "pairs.csv"), "--out", str(folder / "scores.csv")]
    follow(arguments, folder=folder, on_event=on_event, beat=report)
