"""Writes about proposals: ask for one, edit it, approve it once, or discard it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from random import Random

from django.db import transaction
from django.db.models import F, Max, QuerySet

from annotation_site.accounts.models import User
from annotation_site.corpus.models import Clip, Painting
from annotation_site.jobs.models import JobState
from annotation_site.jobs.services import JobLost, job_enqueue
from annotation_site.leases.answers import batches
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.models import (
    BY_HAND,
    CONTROL,
    Method,
    Proposal,
    ProposedPair,
    Rescoring,
    Route,
)
from annotation_site.rescoring.services import WAITING, rescoring_folder
from annotation_site.scoring.models import Pair
from annotation_site.scoring.services import pairs_ask_for
from annotation_site.training.models import ModelVersion
from model.acquisition import DEFAULT_METHOD

MOST_PROPOSED = 5_000
MOST_CANDIDATES = 1_000_000
MEMBERS = range(2, 6)
_ROWS = 500  # rows a statement, well below what SQLite takes as parameters

Standing = Proposal.Standing


def proposal_folder(proposal: Proposal) -> Path:
    return rescoring_folder(proposal.rescoring) / proposal.folder


@transaction.atomic
def proposal_start(
    *,
    rescoring: Rescoring,
    now: datetime,
    method: str = DEFAULT_METHOD,
    count: int = 40,
    control_share: float = 0.2,
    per_painting: int | None = None,
    per_clip: int | None = None,
    sure_sd: float | None = None,
    n_candidates: int = 100_000,
    members: Collection[ModelVersion] = (),
    seed: int = 0,
    user: User | None = None,
) -> Proposal:
    """Queue the choosing of a batch from a rescoring's scores. Raises `RescoringError` in words for what cannot be.

    `members`: the model versions of an ensemble, which the rescoring's own always belongs to: two to five with it.
    """
    _check(
        rescoring, Method(method), count=count, control_share=control_share, n_candidates=n_candidates, members=members
    )
    proposal = Proposal.objects.create(
        rescoring=rescoring,
        method=method,
        count=count,
        control_share=control_share,
        per_painting=per_painting,
        per_clip=per_clip,
        sure_sd=sure_sd,
        n_candidates=n_candidates,
        seed=seed,
        words=WAITING,
        created_by=user,
        created_at=now,
    )
    proposal.folder = f"proposal-{proposal.pk:06d}"
    proposal.save(update_fields=["folder"])
    if method == Method.ENSEMBLE:
        proposal.members.set(members)
    job_enqueue(job=proposal, now=now)
    return proposal


def _check(
    rescoring: Rescoring,
    method: Method,
    *,
    count: int,
    control_share: float,
    n_candidates: int,
    members: Collection[ModelVersion],
) -> None:
    if not rescoring.summary:
        raise RescoringError(f"{rescoring} has no scores yet: wait until it is done.")
    if not 0 < count <= MOST_PROPOSED:
        raise RescoringError(f"A batch has from 1 to {MOST_PROPOSED:,} pairs.")
    if not 0 <= control_share <= 1:
        raise RescoringError("The control share is a number from 0 to 1.")
    if not count <= n_candidates <= MOST_CANDIDATES:
        raise RescoringError(
            f"A batch is chosen from at least as many pairs as it has, and from {MOST_CANDIDATES:,} at most."
        )
    if method == Method.ENSEMBLE and len({*members, rescoring.version}) not in MEMBERS:
        raise RescoringError("An ensemble has from two to five model versions, the rescoring's own among them.")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A chosen pair as the work found it, in the order of asking."""

    painting: str
    clip: str
    score: float
    sd: float | None
    reason: str
    route: str


@transaction.atomic
def proposal_fill(*, proposal: Proposal, suggestions: Sequence[Suggestion], facts: dict[str, object]) -> None:
    """Keep what was chosen, in place of what an earlier try kept. Raises `JobLost` where another worker has the job."""
    held = Proposal.objects.filter(pk=proposal.pk, state=JobState.RUNNING, worker=proposal.worker)
    if not held.update(facts=facts):
        raise JobLost(f"Proposal {proposal.pk} is no longer held by {proposal.worker}")
    proposal.pairs.all().delete()
    paintings = _by_key(Painting, {one.painting for one in suggestions})
    clips = _by_key(Clip, {one.clip for one in suggestions})
    ProposedPair.objects.bulk_create(
        [
            ProposedPair(
                proposal=proposal,
                rank=rank,
                painting_id=paintings[one.painting],
                clip_id=clips[one.clip],
                score=one.score,
                sd=one.sd,
                reason=one.reason,
                # Of the control arm every pair is asked, or it would not be a random sample any more.
                route=Route.RATINGS if one.reason == CONTROL else one.route,
            )
            for rank, one in enumerate(suggestions)
        ],
        batch_size=_ROWS,
    )


def _by_key(model: type[Painting] | type[Clip], keys: Collection[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    wanted = sorted(keys)
    for start in range(0, len(wanted), _ROWS):
        found |= dict(model._default_manager.filter(key__in=wanted[start : start + _ROWS]).values_list("key", "pk"))
    return found


# --- Editing a draft ---------------------------------------------------------------------------------------------
def _draft(proposal_id: int) -> Proposal:
    """The proposal, locked, if it can still be changed. Raises `RescoringError`."""
    proposal = Proposal.objects.select_for_update(no_key=True).get(pk=proposal_id)
    if proposal.standing != Standing.DRAFT:
        raise RescoringError(f"{proposal} is {proposal.get_standing_display().lower()}: it cannot be changed any more.")
    return proposal


@transaction.atomic
def pairs_drop(*, proposal: Proposal, pair_ids: Collection[int], is_dropped: bool = True) -> int:
    """Take proposed pairs out of the batch, or bring them back; returns how many changed."""
    locked = _draft(proposal.pk)
    return locked.pairs.filter(pk__in=pair_ids).exclude(is_dropped=is_dropped).update(is_dropped=is_dropped)


@transaction.atomic
def pair_add(*, proposal: Proposal, painting: Painting, clip: Clip, score: float, sd: float | None) -> ProposedPair:
    """Add a scored pair by hand, for five ratings; one that was left or dropped comes back so."""
    locked = _draft(proposal.pk)
    found = locked.pairs.filter(painting=painting, clip=clip).first()
    if found is not None:
        found.is_dropped = False
        if found.route == Route.LEAVE:
            found.route, found.reason = Route.RATINGS, BY_HAND
        found.save(update_fields=["is_dropped", "route", "reason"])
        return found
    rank = (locked.pairs.aggregate(last=Max("rank"))["last"] or 0) + 1
    return ProposedPair.objects.create(
        proposal=locked,
        rank=rank,
        painting=painting,
        clip=clip,
        score=score,
        sd=sd,
        reason=BY_HAND,
        route=Route.RATINGS,
    )


# --- Settling it -------------------------------------------------------------------------------------------------
@transaction.atomic
def proposal_approve(*, proposal: Proposal, user: User | None, now: datetime) -> int:
    """Put the batch before all other pairs of the campaign; returns how many pairs are asked for.

    Once: whoever approves again, or at the same time, gets the same number and changes nothing. Both routes lead to
    ratings (decision 0023); what is left or dropped is not asked. Raises `RescoringError`.
    """
    locked = Proposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
    if locked.standing == Standing.APPROVED:
        return locked.n_asked
    if locked.standing == Standing.DISCARDED or locked.state != JobState.DONE:
        raise RescoringError(f"{locked} is discarded or not ready: there is nothing to approve.")
    campaign = locked.rescoring.campaign
    if not campaign.is_open:
        raise RescoringError(f"{campaign} is closed: nobody would score these pairs.")
    chosen = list(asked_of(locked).select_related("painting", "clip"))
    if not chosen:
        raise RescoringError("Every pair of this batch is dropped or left: there is nothing to ask.")
    items = [(one.painting, one.clip, _origin(one.reason)) for one in chosen]
    Random(locked.pk).shuffle(items)  # noqa: S311 - no secret: rows are not to lie in the order of the model's doubt
    asked = pairs_ask_for(campaign=campaign, items=items, now=now)
    _link(chosen, campaign_id=campaign.pk)
    Proposal.objects.filter(pk=locked.pk).update(
        standing=Standing.APPROVED, settled_by=user, settled_at=now, n_asked=asked
    )
    Rescoring.objects.filter(pk=locked.rescoring_id).update(n_asked=F("n_asked") + asked)
    return asked


def asked_of(proposal: Proposal) -> QuerySet[ProposedPair]:
    """The pairs that approving asks for."""
    return proposal.pairs.filter(is_dropped=False).exclude(route=Route.LEAVE).order_by("rank")


def _origin(reason: str) -> str:
    return Pair.Origin.CONTROL if reason == CONTROL else Pair.Origin.MODEL


def _link(chosen: Sequence[ProposedPair], *, campaign_id: int) -> None:
    """Note which pair of the campaign each became; one that people had begun to rate meanwhile stays without."""
    wanted = {(one.painting_id, one.clip_id): one for one in chosen}
    paintings = sorted({painting for painting, _ in wanted})
    for batch in batches(paintings):
        pairs = Pair.objects.filter(campaign=campaign_id, painting__in=batch, rating_count=0, closed_at=None)
        for pair in pairs.exclude(origin=Pair.Origin.RANDOM):
            if one := wanted.get((pair.painting_id, pair.clip_id)):
                one.pair = pair
    ProposedPair.objects.bulk_update([one for one in chosen if one.pair_id], ["pair"], batch_size=_ROWS)


@transaction.atomic
def proposal_discard(*, proposal: Proposal, user: User | None, now: datetime) -> None:
    """Put the batch aside for good; discarded twice is discarded. Raises `RescoringError` for an approved one."""
    locked = Proposal.objects.select_for_update(no_key=True).get(pk=proposal.pk)
    if locked.standing == Standing.APPROVED:
        raise RescoringError(f"{locked} is approved: its pairs are asked for already.")
    Proposal.objects.filter(pk=locked.pk, standing=Standing.DRAFT).update(
        standing=Standing.DISCARDED, settled_by=user, settled_at=now
    )
