"""What a rescoring's page shows: its shards while they are at work, then what the scores say."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from annotation_site.jobs.models import JobState
from annotation_site.rescoring.forms import NO_STYLE
from annotation_site.rescoring.models import Pool, Rescoring, Stage
from annotation_site.rescoring.selectors import histogram_bins, paid_of, proposals_of, shards_of
from annotation_site.rescoring.shown import ends_shown

POOL_WORDS = {
    Pool.RANDOM: "unrated pairs, drawn at random",
    Pool.STYLES: "all unrated pairs of chosen styles",
    Pool.MATRIX: "every painting with every clip",
}


def summary_context(job: Rescoring, *, now: datetime) -> dict[str, Any]:
    campaign = job.campaign
    context: dict[str, Any] = {
        "shards": shards_of(job) if job.stage == Stage.SCORING and not job.is_over else None,
        "pool_words": POOL_WORDS[Pool(job.pool)],
    }
    if job.state != JobState.DONE:
        return context
    found = job.summary
    return context | {
        "bins": histogram_bins(found.get("histogram", {})),
        "band": (campaign.band_low, campaign.band_high),
        "dots": [tuple(dot) for dot in found.get("dots", ())],
        "style_rows": [(style or NO_STYLE, count, mean) for style, count, mean in found.get("styles", ())],
        "clip_bins": histogram_bins(found.get("clip_means", {})),
        "ends": ends_shown(job),
        "proposals": proposals_of(job),
        "paid": paid_of(job),
        "tasks_url": reverse("admin:scoring_campaign_make_tasks", args=[campaign.pk]),
    }
