"""The page on which a rescoring is started: its form, and beside it how many pairs it would score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from annotation_site.rescoring.forms import RescoringForm
from annotation_site.rescoring.models import Pool
from annotation_site.rescoring.pools import MOST_PAIRS, clips_of, paintings_of, style_pool_size, too_many
from annotation_site.rescoring.selectors import versions
from annotation_site.rescoring.sharding import matrix_shards, pair_shards
from annotation_site.scoring.models import Campaign

POOLS = {
    Pool.RANDOM: "A sample of what nobody has rated yet. Quick, and enough to choose a batch from.",
    Pool.STYLES: f"Every unrated pair of the paintings of the styles that you choose, {MOST_PAIRS:,} at most.",
    Pool.MATRIX: "All of the corpus, rated pairs too, as one matrix without deviations: a few hours for a large one.",
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """What the form would score. `n_bytes`: of the result; `wrong`: why it cannot be, in words."""

    pairs: int
    shards: int
    paintings: int
    clips: int
    n_bytes: int
    wrong: str = ""


def start_context(form: RescoringForm) -> dict[str, Any]:
    """What the page shows beside the fields; also of a form that is not filled in yet."""
    chosen = str(form["pool"].value() or Pool.RANDOM)
    return {
        "form": form,
        "pools": [
            {"value": pool.value, "title": pool.label, "words": words, "is_chosen": pool == chosen}
            for pool, words in POOLS.items()
        ],
        "pool": chosen,
        "estimate": _estimate(form, chosen),
        "estimate_url": reverse("admin:rescoring_rescoring_estimate"),
        "has_versions": versions().exists(),
    }


def _estimate(form: RescoringForm, pool: str) -> Estimate | None:
    """None while nothing can be counted: no campaign, or a number that is none."""
    campaign = _campaign(form)
    if campaign is None:
        return None
    paintings, clips = paintings_of(campaign).count(), clips_of(campaign).count()
    if pool == Pool.MATRIX:
        shards = matrix_shards(paintings, clips).count if paintings and clips else 0
        return Estimate(paintings * clips, shards, paintings, clips, 2 * paintings * clips)
    if pool == Pool.STYLES:
        styles = form["styles"].value() or []
        count = style_pool_size(campaign=campaign, styles=styles)
        wrong = too_many(count) if count > MOST_PAIRS else ""
        return Estimate(count, _shards(count), paintings_of(campaign).filter(style__in=styles).count(), clips, 0, wrong)
    size = str(form["pool_size"].value() or "")
    if not size.isdecimal():
        return None
    count = min(int(size), paintings * clips)
    return Estimate(count, _shards(count), paintings, clips, 0)


def _shards(count: int) -> int:
    return len(pair_shards(count)) if count else 0


def _campaign(form: RescoringForm) -> Campaign | None:
    chosen = str(form["campaign"].value() or "")
    campaigns = form.fields["campaign"].queryset  # type: ignore[attr-defined]
    found: Campaign | None = campaigns.filter(pk=int(chosen)).first() if chosen.isdecimal() else campaigns.first()
    return found
