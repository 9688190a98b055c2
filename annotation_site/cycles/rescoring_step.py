"""All that the loop knows of rescorings and the batches proposed from them: to change when that room does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from annotation_site.accounts.models import User
from annotation_site.cycles.plan import Plan
from annotation_site.rescoring.models import Proposal, Rescoring
from annotation_site.rescoring.proposals import proposal_start
from annotation_site.rescoring.selectors import totals_of
from annotation_site.rescoring.services import rescoring_start
from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion


def rescoring_begin(
    *, version: ModelVersion, campaign: Campaign, plan: Plan, user: User | None, now: datetime
) -> Rescoring:
    """Queue the scoring of a pool by a version. It proposes nothing by itself: the next step does."""
    return rescoring_start(
        version=version,
        campaign=campaign,
        pool=plan.pool,
        pool_size=plan.pool_size,
        ask_for=0,
        seed=plan.seed,
        device=plan.device,
        user=user,
        now=now,
    )


def proposal_begin(*, rescoring: Rescoring, plan: Plan, user: User | None, now: datetime) -> Proposal:
    """Queue the choosing of a batch. Nobody is asked before an admin has approved it."""
    return proposal_start(
        rescoring=rescoring,
        method=plan.method,
        count=plan.ask_for,
        control_share=plan.control_share,
        seed=plan.seed,
        user=user,
        now=now,
    )


def scored_figures(rescoring: Rescoring) -> dict[str, Any]:
    """How many pairs were scored, and which share of them (in percent) lies in the ambiguous band."""
    return {name: rescoring.summary.get(name) for name in ("scored", "ambiguous_percent")}


def proposal_figures(proposal: Proposal, *, now: datetime) -> dict[str, Any]:
    """How many pairs are proposed, to be asked or left, and how many of those to be asked by chance."""
    totals = totals_of(proposal, now=now)
    return {"proposed": proposal.pairs.count(), "to_ask": totals.asked, "control": totals.control}


def proposal_words(proposal: Proposal) -> str:
    """Where a batch stands now: it waits for an admin, or one has settled it."""
    if proposal.standing == Proposal.Standing.DRAFT:
        return "Waits for an admin's approval."
    by = f" by {proposal.settled_by}" if proposal.settled_by else ""
    asked = f": {proposal.n_asked:,} pairs asked" if proposal.standing == Proposal.Standing.APPROVED else ""
    return f"{proposal.get_standing_display()}{by}{asked}."
