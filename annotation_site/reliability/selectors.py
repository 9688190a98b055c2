"""Which campaign is meant, where none is named."""

from __future__ import annotations

from annotation_site.scoring.models import Campaign, Rating


def campaign_choose(*, slug: str | None) -> Campaign | None:
    """The campaign named by `slug`; without one, where the newest rating went, else the newest campaign.

    Raises `Campaign.DoesNotExist` for a slug that is not there.
    """
    if slug:
        return Campaign.objects.get(slug=slug)
    newest = Rating.objects.order_by("-pk").values_list("pair__campaign", flat=True).first()
    return (newest and Campaign.objects.get(pk=newest)) or Campaign.objects.order_by("-created_at", "-pk").first()
