"""All that the loop knows of rescorings and what they propose: the one place to change when that room does."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from annotation_site.accounts.models import User
from annotation_site.cycles.plan import Plan
from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion, Rescoring
from annotation_site.training.services import rescoring_start


def rescoring_begin(
    *, version: ModelVersion, campaign: Campaign, plan: Plan, user: User | None, now: datetime
) -> Rescoring:
    """Queue the scoring of unrated pairs by a version. Raises `TrainingError` in words."""
    return rescoring_start(
        version=version,
        campaign=campaign,
        pool_size=plan.pool_size,
        ask_for=plan.ask_for,
        control_share=plan.control_share,
        seed=plan.seed,
        user=user,
        now=now,
    )


def scored_figures(rescoring: Rescoring) -> dict[str, Any]:
    """How many pairs were scored, and which share of them (in percent) lies in the ambiguous band."""
    return {
        "scored": rescoring.summary.get("scored"),
        "ambiguous_percent": rescoring.summary.get("ambiguous_percent"),
    }


def proposal_figures(rescoring: Rescoring) -> dict[str, Any]:
    """How many pairs are asked for, and how many of them by chance."""
    return {"asked": rescoring.n_asked, "control": rescoring.summary.get("control")}


def proposal_words(rescoring: Rescoring) -> str:
    return f"{rescoring.n_asked:,} pairs come up next for the raters."
