"""The work of a rescoring: gather the inputs and cut the pool, score a shard, join what the shards scored.

Only `python -m model` processes score; what happens here takes no torch.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from annotation_site.corpus.models import Painting
from annotation_site.jobs.models import JobState
from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.jobs.services import JobCancelled, JobLost
from annotation_site.rescoring.checkpoints import model_folder
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.inputs import Items, inputs_ensure, items_read, items_write
from annotation_site.rescoring.models import Pool, Rescoring, RescoringShard, Stage
from annotation_site.rescoring.pools import Candidates, clips_of, paintings_of, random_pool, style_pool
from annotation_site.rescoring.proposals import proposal_start
from annotation_site.rescoring.results import (
    MATRIX_FOLDER,
    PAIRS_NAME,
    SCORES_NAME,
    TABLE_NAME,
    Scored,
    joined,
    matrix_open,
    pairs_write,
    scores_read,
    shard_folder,
    table_read,
    table_write,
)
from annotation_site.rescoring.services import rescoring_count, rescoring_folder, rescoring_hand_over
from annotation_site.rescoring.sharding import MatrixShards, matrix_shards, pair_shards
from annotation_site.rescoring.summaries import matrix_summary, pairs_summary
from annotation_site.training.following import follow
from model.events import EVENTS_NAME

NOTHING = "There is no unrated pair left: bring in more paintings or music first."
COUNT_EVERY_S = 1.0


def rescore(rescoring: Rescoring, report: Reporter) -> None:
    """What a worker that has claimed the rescoring's own row does: join what is scored, or begin."""
    if rescoring.stage == Stage.JOINING:
        join(rescoring, report)
    else:
        gather(rescoring, report)


# --- Before the shards -------------------------------------------------------------------------------------------
def gather(rescoring: Rescoring, report: Reporter) -> None:
    """Draw the pool, gather its media, write the shards' lists and hand over to them."""
    folder = rescoring_folder(rescoring)
    shutil.rmtree(folder, ignore_errors=True)  # of a worker that died here: its rows may be of another pool
    report(words="Drawing the pool")
    if rescoring.pool == Pool.MATRIX:
        items = Items(*(list(rows.values_list("key", flat=True)) for rows in _items_of(rescoring)))
        if not items.paintings or not items.clips:
            raise JobFailed(NOTHING)
        sizes = matrix_shards(len(items.paintings), len(items.clips)).cells
    else:
        candidates = _pool(rescoring)
        items = Items([item.key for item in candidates.paintings], [clip.key for clip in candidates.clips])
        parts = pair_shards(len(candidates))
        for index, part in enumerate(parts):
            path = shard_folder(folder, index) / PAIRS_NAME
            pairs_write(path, candidates.painting_N[part], candidates.clip_N[part], items)
        sizes = [part.stop - part.start for part in parts]
    items_write(items, folder=folder)
    inputs_ensure(folder, say=report)
    rescoring_hand_over(rescoring=rescoring, sizes=sizes, now=timezone.now())


def _items_of(rescoring: Rescoring) -> tuple[Any, Any]:
    return paintings_of(rescoring.campaign), clips_of(rescoring.campaign)


def _pool(rescoring: Rescoring) -> Candidates:
    campaign = rescoring.campaign
    try:
        if rescoring.pool == Pool.STYLES:
            found = style_pool(campaign=campaign, styles=rescoring.styles)
        else:
            found = random_pool(campaign=campaign, size=rescoring.pool_size, seed=rescoring.seed)
    except RescoringError as error:
        raise JobFailed(str(error)) from None
    if not len(found):
        raise JobFailed(NOTHING)
    return found


# --- A shard -----------------------------------------------------------------------------------------------------
def shard_score(shard: RescoringShard, report: Reporter) -> None:
    """Score one shard, and tell the rescoring's row how far all of them are."""
    rescoring = shard.rescoring
    if rescoring.state != JobState.RUNNING or rescoring.is_paused:
        raise JobCancelled  # it was stopped while this shard's message was under way
    folder = rescoring_folder(rescoring)
    own = shard_folder(folder, shard.index)
    items = items_read(folder)
    inputs_ensure(folder, say=lambda done, total, words: report(words=words))
    counted_at = 0.0

    def on_event(event: Mapping[str, Any]) -> None:
        nonlocal counted_at
        if "done" not in event or "total" not in event:
            return
        done = shard.total - (int(event["total"]) - int(event["done"]))  # a matrix shard counts only what was left
        report(done, shard.total, "Scoring")
        if time.monotonic() - counted_at > COUNT_EVERY_S:
            counted_at = time.monotonic()
            rescoring_count(rescoring_id=rescoring.pk)

    follow(_arguments(shard, folder, own, items), folder=own, on_event=on_event, beat=report)
    report(shard.total, shard.total, "Scored")


def _arguments(shard: RescoringShard, folder: Path, own: Path, items: Items) -> list[str]:
    rescoring = shard.rescoring
    arguments = ["score", "--checkpoint", str(model_folder(rescoring.version)), "--arrays", str(folder)]
    arguments += ["--device", rescoring.device, "--events", str(own / EVENTS_NAME)]
    if rescoring.pool != Pool.MATRIX:
        return [*arguments, "--pairs", str(own / PAIRS_NAME), "--out", str(own / SCORES_NAME)]
    shards: MatrixShards = matrix_shards(len(items.paintings), len(items.clips))
    share = f"{shard.index}/{shards.count}"
    out = folder / MATRIX_FOLDER
    return [*arguments, "--matrix", "--share", share, "--clips", str(shards.clips_saved), "--out", str(out)]


# --- After the shards --------------------------------------------------------------------------------------------
def join(rescoring: Rescoring, report: Reporter) -> None:
    """Make one result of the shards', sum it up, and let a batch be proposed if that was asked for."""
    folder = rescoring_folder(rescoring)
    items = items_read(folder)
    report(words="Joining the shards")
    campaign = rescoring.campaign
    band = (campaign.band_low, campaign.band_high)
    if rescoring.pool == Pool.MATRIX:
        facts = matrix_summary(matrix_open(folder).score_MP, styles=_styles(items), band=band)
    else:
        scored = _joined(rescoring, folder, items)
        facts = pairs_summary(scored, styles=_styles(items), band=band)
    facts["ends"] = {name: _named(facts.pop(name), items) for name in ("top", "bottom")}
    _keep(rescoring, facts)
    shutil.rmtree(folder / "shards", ignore_errors=True)


def _joined(rescoring: Rescoring, folder: Path, items: Items) -> Scored:
    """The shards' scores as one table, in the pool's order; the table itself where an earlier try has made it."""
    if not (folder / TABLE_NAME).exists():
        paths = [shard_folder(folder, index) / SCORES_NAME for index in range(rescoring.shards.count())]
        table_write(folder, joined([scores_read(path) for path in paths]), items)
    return table_read(folder, items)


def _styles(items: Items) -> list[str]:
    known = dict(Painting.objects.values_list("key", "style"))
    return [known.get(key, "") for key in items.paintings]


def _named(ends: list[list[Any]], items: Items) -> list[dict[str, Any]]:
    return [
        {"painting": items.paintings[painting], "clip": items.clips[clip], "score": score, "sd": sd}
        for painting, clip, score, sd in ends
    ]


@transaction.atomic
def _keep(rescoring: Rescoring, facts: dict[str, Any]) -> None:
    """Write what was found, and queue the proposal once, however often the joining is done again."""
    held = Rescoring.objects.filter(pk=rescoring.pk, state=JobState.RUNNING, worker=rescoring.worker)
    if not held.update(summary=facts):
        raise JobLost(f"Rescoring {rescoring.pk} is no longer held by {rescoring.worker}")
    rescoring.summary = facts
    if rescoring.ask_for and not rescoring.proposals.exists():
        proposal_start(
            rescoring=rescoring,
            count=rescoring.ask_for,
            control_share=rescoring.control_share,
            seed=rescoring.seed,
            user=rescoring.created_by,
            now=timezone.now(),
        )
