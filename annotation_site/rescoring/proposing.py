"""The work of a proposal: draw candidates from the scores, have them scored again where the method needs more than
that, let `python -m model choose` choose, and keep what it chose.

Shapes: N candidates, P paintings, M clips.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.rescoring.checkpoints import model_folder
from annotation_site.rescoring.inputs import Items, inputs_ensure, items_read
from annotation_site.rescoring.models import Method, Pool, Proposal
from annotation_site.rescoring.pools import Rows, unrated_cells
from annotation_site.rescoring.proposals import Suggestion, proposal_fill, proposal_folder
from annotation_site.rescoring.results import PAIRS_NAME, SCORES_NAME, Scored, pairs_write, table_read
from annotation_site.rescoring.services import rescoring_folder
from annotation_site.scoring.models import Pair
from annotation_site.training.following import follow
from annotation_site.training.models import ModelVersion
from model.events import EVENTS_NAME

WITH_FEATURES = (Method.VARIANCE, Method.CORESET, Method.LCMD)
"""What these methods choose by is the model's last layer, which no stored score tells."""

BY_DISTANCE = (Method.CORESET, Method.LCMD)
"""These also want to know what has been rated: it is what a pair should be unlike."""

FEATURES_NAME, CHOSEN_NAME = "features.npy", "chosen.csv"
LABELLED_NAME = "labelled.npy"
MOST_LABELLED = 5_000
NOTHING = "Every scored pair has been rated, closed or asked for meanwhile: start a new rescoring."


def propose(proposal: Proposal, report: Reporter) -> None:
    """Fill a proposal. Doing it again gives the same batch as long as nobody has rated any of the candidates."""
    rescoring = proposal.rescoring
    folder, own = rescoring_folder(rescoring), proposal_folder(proposal)
    own.mkdir(parents=True, exist_ok=True)
    report(words="Drawing the candidates")
    items = items_read(folder)
    candidates, of = _candidates(proposal, folder, items)
    if not len(candidates):
        raise JobFailed(NOTHING)
    _write(own, candidates, items)
    arguments = [
        "choose",
        "--checkpoint",
        str(model_folder(rescoring.version)),
        "--scores",
        str(own / SCORES_NAME),
    ]
    if np.isnan(candidates.sd_N).any() or proposal.method in WITH_FEATURES:
        features = own / FEATURES_NAME if proposal.method in WITH_FEATURES else None
        pairs = own / PAIRS_NAME
        _score(proposal, rescoring.version, own / SCORES_NAME, pairs=pairs, features=features, report=report)
        arguments += ["--features", str(features)] if features else []
    if proposal.method in BY_DISTANCE:
        arguments += _score_labelled(proposal, items, report)
    if proposal.method == Method.ENSEMBLE:
        arguments += ["--members", *_score_members(proposal, own, report)]
    report(words="Choosing")
    follow([*arguments, *_settings(proposal, candidates, own)], folder=own, on_event=_nothing, beat=report)
    facts = {
        "candidates": len(candidates),
        "unrated": of,
        "band": [rescoring.campaign.band_low, rescoring.campaign.band_high],
    }
    proposal_fill(proposal=proposal, suggestions=suggestions_read(own / CHOSEN_NAME), facts=facts)
    for name in (FEATURES_NAME, LABELLED_NAME):
        (own / name).unlink(missing_ok=True)


def _nothing(event: Mapping[str, Any]) -> None:
    """Choosing takes seconds and says nothing on its way."""


def _candidates(proposal: Proposal, folder: Path, items: Items) -> tuple[Scored, int]:
    """Pairs that may still be asked for, at most so many drawn at random, and of how many. Scores of a matrix: NaN."""
    is_open_PM = unrated_cells(campaign=proposal.rescoring.campaign, paintings=items.paintings, clips=items.clips)
    random = np.random.default_rng(proposal.seed)
    if proposal.rescoring.pool == Pool.MATRIX:
        painting_N, clip_N = np.divmod(draw(is_open_PM.ravel(), proposal.n_candidates, random), len(items.clips))
        unknown_N = np.full(len(painting_N), np.nan)
        return Scored(painting_N, clip_N, unknown_N, unknown_N), int(is_open_PM.sum())
    scored = table_read(folder, items)
    is_open_N = is_open_PM[scored.painting_N, scored.clip_N]
    return _taken(scored, draw(is_open_N, proposal.n_candidates, random)), int(is_open_N.sum())


def draw(is_open_N: NDArray[np.bool_], count: int, random: np.random.Generator) -> Rows:
    """The places of `count` open ones drawn at random, in their order; all where there are no more.

    Of a large matrix with few to draw no list of its cells is made.
    """
    n_open = int(is_open_N.sum())
    if n_open <= count:
        return np.flatnonzero(is_open_N)
    if n_open <= 4 * count:
        return np.sort(random.choice(np.flatnonzero(is_open_N), count, replace=False))
    found = np.empty(0, dtype=np.int64)
    while len(found) < count:
        more = random.integers(0, len(is_open_N), 2 * count)
        found = np.unique(np.concatenate([found, more[is_open_N[more]]]))
    return np.sort(random.choice(found, count, replace=False))


def _taken(scored: Scored, rows: Rows) -> Scored:
    return Scored(scored.painting_N[rows], scored.clip_N[rows], scored.score_N[rows], scored.sd_N[rows])


def _write(own: Path, candidates: Scored, items: Items) -> None:
    """The candidates for the scorer, and where their scores are known for the chooser as well."""
    pairs_write(own / PAIRS_NAME, candidates.painting_N, candidates.clip_N, items)
    if np.isnan(candidates.sd_N).any():
        return
    with (own / SCORES_NAME).open("w", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["painting_row", "clip_row", "painting", "clip", "score", "sd"])
        columns = (candidates.painting_N, candidates.clip_N, candidates.score_N, candidates.sd_N)
        for p, c, score, sd in zip(*(column.tolist() for column in columns), strict=True):
            rows.writerow([p, c, items.paintings[p], items.clips[c], f"{score:.6f}", f"{sd:.6f}"])


def _score(
    proposal: Proposal,
    version: ModelVersion,
    out: Path,
    *,
    pairs: Path,
    features: Path | None = None,
    report: Reporter,
) -> None:
    """Let a model version score a list of pairs."""
    folder, own = rescoring_folder(proposal.rescoring), out.parent
    inputs_ensure(folder, say=report)

    def on_event(event: Mapping[str, Any]) -> None:
        if "done" in event and "total" in event:
            done, total = int(event["done"]), int(event["total"])
            report(done, total, f"{version} scores {done:,} of {total:,} pairs")

    arguments = ["score", "--checkpoint", str(model_folder(version)), "--arrays", str(folder)]
    arguments += ["--device", proposal.rescoring.device, "--pairs", str(pairs), "--out", str(out)]
    arguments += ["--features", str(features)] if features else []
    follow([*arguments, "--events", str(own / EVENTS_NAME)], folder=own, on_event=on_event, beat=report)


def _score_labelled(proposal: Proposal, items: Items, report: Reporter) -> list[str]:
    """The features of pairs that people have scored, at most so many drawn at random; no argument where there are none.

    Of a list of pairs only those count whose painting and clip are in it: nothing else has been gathered.
    """
    own, rescoring = proposal_folder(proposal), proposal.rescoring
    row_p = {key: row for row, key in enumerate(items.paintings)}
    row_c = {key: row for row, key in enumerate(items.clips)}
    rated = Pair.objects.filter(campaign=rescoring.campaign, score__isnull=False).order_by("pk")
    keys = rated.values_list("painting__key", "clip__key")
    rows_L2 = np.array([(row_p[p], row_c[c]) for p, c in keys if p in row_p and c in row_c], np.int64).reshape(-1, 2)
    if not len(rows_L2):
        return []
    rows_L2 = np.random.default_rng(proposal.seed).permutation(rows_L2)[:MOST_LABELLED]
    pairs, labelled = own / "labelled-pairs.csv", own / LABELLED_NAME
    pairs_write(pairs, rows_L2[:, 0], rows_L2[:, 1], items)
    out = own / "labelled-scores.csv"
    _score(proposal, rescoring.version, out, pairs=pairs, features=labelled, report=report)
    return ["--labelled", str(labelled)]


def _score_members(proposal: Proposal, own: Path, report: Reporter) -> list[str]:
    """The files of the ensemble's scores, each of a model version. The rescoring's own has scored already."""
    paths = []
    for version in proposal.members.exclude(pk=proposal.rescoring.version_id).order_by("number"):
        path = own / f"member-{version.number}.csv"
        _score(proposal, version, path, pairs=own / PAIRS_NAME, report=report)
        paths.append(str(path))
    return paths


def _settings(proposal: Proposal, candidates: Scored, own: Path) -> list[str]:
    campaign = proposal.rescoring.campaign
    count = min(proposal.count, len(candidates))
    per_painting = proposal.per_painting or cap(count, len(np.unique(candidates.painting_N)))
    per_clip = proposal.per_clip or cap(count, len(np.unique(candidates.clip_N)))
    settings = {
        "--method": proposal.method,
        "--count": count,
        "--per-painting": per_painting,
        "--per-clip": per_clip,
        "--control": proposal.control_share,
        "--seed": proposal.seed,
        "--out": own / CHOSEN_NAME,
    }
    arguments = [str(word) for pair in settings.items() for word in pair]
    arguments += ["--band", str(campaign.band_low), str(campaign.band_high)]
    return arguments if proposal.sure_sd is None else [*arguments, "--sure", str(proposal.sure_sd)]


def cap(count: int, items: int) -> int:
    """At most three times the even share, so that no single item fills the batch."""
    return max(1, -(-3 * count // max(1, items)))


def suggestions_read(path: Path) -> list[Suggestion]:
    """What `python -m model choose` wrote, in the order of asking."""
    with path.open(newline="") as file:
        return [
            Suggestion(
                painting=row["painting"],
                clip=row["clip"],
                score=float(row["score"]),
                sd=float(row["sd"]),
                reason=row["reason"],
                route=row["route"],
            )
            for row in csv.DictReader(file)
        ]
