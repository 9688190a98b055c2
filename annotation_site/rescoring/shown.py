"""Pairs as the room's pages show them: picture, sound, prediction, and why in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString

from annotation_site.corpus.models import Clip, Painting
from annotation_site.corpus.playing import clip_player
from annotation_site.rescoring.models import BY_HAND, CONTROL, Method, ProposedPair, Rescoring, Route
from annotation_site.scoring.models import Campaign

WHY = {
    Method.RANDOM.value: "Drawn at random.",
    Method.VARIANCE.value: "The model is least sure of it, given those before it.",
    Method.ENSEMBLE.value: "The model versions disagree about it.",
    Method.CORESET.value: "It is least like anything that was rated or chosen before it.",
    Method.LCMD.value: "It stands for a large group of pairs that nothing chosen before it is like.",
    Method.BAND.value: "Its predicted score lies in the ambiguous band.",
    CONTROL: "Control arm: drawn at random, to measure the gain.",
    BY_HAND: "Added by hand.",
}
REASONS = {**{method.value: method.label for method in Method}, CONTROL: "Control arm", BY_HAND: "By hand"}


@dataclass(frozen=True, slots=True)
class Bar:
    """A prediction on a line from 0 to 100: the score, two deviations either side of it, and the ambiguous band."""

    at: float
    low: float
    width: float
    band_at: float
    band_width: float


def bar_of(score: float, sd: float | None, *, band: tuple[float, float]) -> Bar:
    spread = 2 * sd if sd is not None else 0.0
    low, high = max(0.0, score - spread), min(1.0, score + spread)
    return Bar(*(round(100 * value, 2) for value in (score, low, high - low, band[0], band[1] - band[0])))


@dataclass(frozen=True, slots=True)
class Shown:
    """A pair with its picture and sound; empty where its files were deleted."""

    painting: str
    painting_url: str
    clip: str
    clip_url: str
    thumbnail: str
    player: SafeString | str
    score: float
    sd: float | None
    bar: Bar


def pair_shown(painting: Painting, clip: Clip, score: float, sd: float | None, *, campaign: Campaign) -> Shown:
    is_gone, is_silent = bool(painting.media_removed_at), bool(clip.track.media_removed_at)
    return Shown(
        painting=str(painting),
        painting_url=reverse("admin:corpus_painting_change", args=[painting.pk]),
        clip=str(clip),
        clip_url=reverse("admin:corpus_track_change", args=[clip.track_id]),
        thumbnail="" if is_gone else painting.thumbnail.url,
        player="" if is_silent else clip_player(clip, label=str(clip)),
        score=score,
        sd=sd,
        bar=bar_of(score, sd, band=(campaign.band_low, campaign.band_high)),
    )


@dataclass(frozen=True, slots=True)
class Card:
    """A proposed pair. `others`: (action, of what, how many) that are dropped, or brought back, together with it."""

    row: ProposedPair
    shown: Shown
    reason: str
    why: str
    others: Sequence[tuple[str, str, int]]

    @property
    def route(self) -> str:
        return str(Route(self.row.route).label)


SHOWN_WITH = ("painting", "clip__track")
"""What `cards_of` wants to be read along with the rows."""


def cards_of(rows: Sequence[ProposedPair], *, campaign: Campaign) -> list[Card]:
    """Proposed pairs of one batch as cards."""
    if not rows:
        return []
    batch = ProposedPair.objects.filter(proposal=rows[0].proposal_id)
    items = list(batch.values_list("is_dropped", "painting_id", "clip_id"))
    of_painting = Counter((is_dropped, painting) for is_dropped, painting, _ in items)
    of_clip = Counter((is_dropped, clip) for is_dropped, _, clip in items)
    return [
        Card(
            row=row,
            shown=pair_shown(row.painting, row.clip, row.score, row.sd, campaign=campaign),
            reason=REASONS.get(row.reason, row.reason),
            why=WHY.get(row.reason, ""),
            others=_others(row, of_painting, of_clip),
        )
        for row in rows
    ]


def _others(
    row: ProposedPair, of_painting: Mapping[Any, int], of_clip: Mapping[Any, int]
) -> list[tuple[str, str, int]]:
    verb = "back" if row.is_dropped else "drop"
    return [
        (f"{verb}-painting", "this painting", of_painting[row.is_dropped, row.painting_id]),
        (f"{verb}-clip", "this clip", of_clip[row.is_dropped, row.clip_id]),
    ]


def ends_shown(rescoring: Rescoring) -> list[tuple[str, list[Shown]]]:
    """The best and the worst pairs of a rescoring."""
    ends: dict[str, list[dict[str, Any]]] = rescoring.summary.get("ends", {})
    keys = [(row["painting"], row["clip"]) for rows in ends.values() for row in rows]
    paintings = {item.key: item for item in Painting.objects.filter(key__in=[painting for painting, _ in keys])}
    clips = {clip.key: clip for clip in Clip.objects.select_related("track").filter(key__in=[clip for _, clip in keys])}
    return [
        (
            title,
            [
                pair_shown(
                    paintings[row["painting"]], clips[row["clip"]], row["score"], row["sd"], campaign=rescoring.campaign
                )
                for row in ends.get(name, ())
                if row["painting"] in paintings and row["clip"] in clips
            ],
        )
        for name, title in (("top", "Highest predictions"), ("bottom", "Lowest predictions"))
    ]
