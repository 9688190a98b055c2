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

from annotation_site.jobs.running import JobFailed, Reporter
from annotation_site.rescoring.candidates import candidates_of, labelled_of
from annotation_site.rescoring.checkpoints import model_folder
from annotation_site.rescoring.inputs import Items, inputs_ensure, items_read
from annotation_site.rescoring.models import Method, Proposal
from annotation_site.rescoring.proposals import Suggestion, proposal_fill, proposal_folder
from annotation_site.rescoring.results import PAIRS_NAME, SCORES_NAME, Scored, pairs_write
from annotation_site.rescoring.services import rescoring_folder
from annotation_site.training.following import follow
from annotation_site.training.models import ModelVersion
from model.events import EVENTS_NAME

WITH_FEATURES = (Method.VARIANCE, Method.CORESET, Method.LCMD)
"""What these methods choose by is the model's last layer, which no stored score tells."""

BY_DISTANCE = (Method.CORESET, Method.LCMD)
"""These also want to know what has been rated: it is what a pair should be unlike."""

FEATURES_NAME, CHOSEN_NAME = "features.npy", "chosen.csv"
LABELLED_NAME = "labelled.npy"
NOTHING = "Every scored pair has been rated, closed or asked for meanwhile: start a new rescoring."


def propose(proposal: Proposal, report: Reporter) -> None:
    """Fill a proposal. Doing it again gives the same batch as long as nobody has rated any of the candidates."""
    folder, own = rescoring_folder(proposal.rescoring), proposal_folder(proposal)
    own.mkdir(parents=True, exist_ok=True)
    report(words="Drawing the candidates")
    items = items_read(folder)
    candidates, n_open = candidates_of(proposal, folder, items)
    if not len(candidates):
        raise JobFailed(NOTHING)
    _write(own, candidates, items)
    arguments = _known(proposal, candidates, items, report)
    report(words="Choosing")
    follow([*arguments, *_settings(proposal, candidates, own)], folder=own, on_event=_nothing, beat=report)
    campaign = proposal.rescoring.campaign
    facts = {"candidates": len(candidates), "unrated": n_open, "band": [campaign.band_low, campaign.band_high]}
    proposal_fill(proposal=proposal, suggestions=suggestions_read(own / CHOSEN_NAME), facts=facts)
    for name in (FEATURES_NAME, LABELLED_NAME):
        (own / name).unlink(missing_ok=True)


def _known(proposal: Proposal, candidates: Scored, items: Items, report: Reporter) -> list[str]:
    """What the chooser is to know of the candidates, as arguments; what is not known yet is scored now."""
    own, version = proposal_folder(proposal), proposal.rescoring.version
    scores, features = own / SCORES_NAME, own / FEATURES_NAME
    arguments = ["choose", "--checkpoint", str(model_folder(version)), "--scores", str(scores)]
    if proposal.method in WITH_FEATURES:
        _score(proposal, version, scores, pairs=own / PAIRS_NAME, features=features, report=report)
        arguments += ["--features", str(features)]
    elif np.isnan(candidates.sd_N).any():
        _score(proposal, version, scores, pairs=own / PAIRS_NAME, report=report)
    if proposal.method in BY_DISTANCE:
        arguments += _score_labelled(proposal, items, report)
    if proposal.method == Method.ENSEMBLE:
        arguments += ["--members", *_score_members(proposal, own, report)]
    return arguments


def _nothing(event: Mapping[str, Any]) -> None:
    """Choosing takes seconds and says nothing on its way."""


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
    """The features of pairs that people have scored, as an argument; none where there are no such pairs."""
    own = proposal_folder(proposal)
    painting_L, clip_L = labelled_of(proposal, items)
    if not len(painting_L):
        return []
    pairs, labelled = own / "labelled-pairs.csv", own / LABELLED_NAME
    pairs_write(pairs, painting_L, clip_L, items)
    out = own / "labelled-scores.csv"
    _score(proposal, proposal.rescoring.version, out, pairs=pairs, features=labelled, report=report)
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
