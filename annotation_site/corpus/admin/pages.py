"""The page of one painting or track: what it is, where it came from, what it is paired with, what it is like."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin

from annotation_site.corpus.item_selectors import lookalikes_of, origin_facts, origins_of, pairs_page
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.corpus.playing import clip_player
from annotation_site.corpus.templatetags.corpus import minutes

PAIRS = "pairs"
"""The parameter that says which page of an item's pairs is shown."""


class ItemPageMixin(ModelAdmin):
    """What stands above and below the form that mends an item's catalogue."""

    change_form_outer_before_template = "admin/corpus/item_top.html"
    change_form_outer_after_template = "admin/corpus/item_facts.html"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        item = self.get_object(request, object_id) if object_id.isdecimal() else None
        shown = item_context(item, pairs=request.GET.get(PAIRS)) if item is not None else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})


def item_context(item: Painting | Track, *, pairs: str | None) -> dict[str, Any]:
    is_painting = isinstance(item, Painting)
    page = pairs_page(item, pairs)
    return {
        "item": item,
        "is_painting": is_painting,
        "clips": [] if is_painting else clip_lines(item),  # type: ignore[arg-type]
        "technical": technical_facts(item),
        "origins": [(origin, origin_facts(origin)) for origin in origins_of(item)],
        "extras": [(name.replace("_", " "), value) for name, value in item.extras.items()],
        "lookalikes": lookalikes_of(item),
        "pairs": page,
        "pair_lines": [_pair_line(pair, is_painting=is_painting) for pair in page],
        "pair_pages": page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1),
        "pairs_name": PAIRS,
        "list_url": reverse(f"admin:corpus_{'painting' if is_painting else 'track'}_changelist"),
    }


def clip_lines(track: Track) -> list[dict[str, Any]]:
    """The clips of a track with their players; none play once its files are deleted."""
    plays = track.media_removed_at is None
    return [
        {
            "clip": clip,
            "start": minutes(clip.start_frame / track.sample_rate),
            "player": clip_player(clip, label=f"{track}, part {clip.index + 1}") if plays else "",
        }
        for clip in track.clips.order_by("index")
    ]


def technical_facts(item: Painting | Track) -> list[tuple[str, str | SafeString]]:
    kept: str | SafeString = format_html(
        '<a href="{}" download="{}">{}</a>', item.original.url, item.file_name, item.file_name
    )
    if item.media_removed_at is not None:
        kept = f"{item.file_name}, deleted on {item.media_removed_at:%d %B %Y}"
    own: list[tuple[str, str | SafeString]]
    if isinstance(item, Painting):
        own = [("Size", f"{item.width:,} × {item.height:,} pixels"), ("Perceptual hash", item.dhash or "none")]
    else:
        channels = f"{item.channels} channel{'' if item.channels == 1 else 's'}"
        own = [("Length", minutes(item.duration_s)), ("Sound", f"{item.sample_rate:,} Hz, {channels}")]
    return [
        ("Original", kept),
        *own,
        ("Key", item.key),
        ("SHA-256 of the original", item.sha256),
        ("Came in", f"{item.created_at:%d %B %Y, %H:%M} UTC"),
        ("Kind", "Synthetic" if item.is_synthetic else "Real"),
    ]


def _pair_line(pair: Any, *, is_painting: bool) -> dict[str, Any]:
    clip: Clip = pair.clip
    shows = (clip.track if is_painting else pair.painting).media_removed_at is None
    label = f"{clip.track}, part {clip.index + 1}"
    other = ("track", clip.track_id) if is_painting else ("painting", pair.painting_id)
    return {
        "pair": pair,
        "label": label if is_painting else str(pair.painting),
        "player": clip_player(clip, label=label) if is_painting and shows else "",
        "thumb": pair.painting.thumbnail.url if not is_painting and shows else "",
        "part": clip.index + 1,
        "other_url": reverse(f"admin:corpus_{other[0]}_change", args=[other[1]]),
        "pair_url": reverse("admin:scoring_pair_change", args=[pair.pk]),
    }
