"""What the desks of both rooms are told: when music counts as heard, when a break is due, why one may skip."""

from __future__ import annotations

from typing import Any

from annotation_site.leases.skips import SkipReason
from annotation_site.scoring.models import Campaign


def desk_context(*, campaign: Campaign) -> dict[str, Any]:
    return {
        "campaign": campaign,
        "heard_share": campaign.heard_share,
        "break_minutes": campaign.break_minutes,
        "skip_reasons": SkipReason.choices,
    }
