"""How the corpus pages say and show what templates cannot: lengths, and the player of a track's beginning."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from annotation_site.corpus.playing import clip_player

register = template.Library()


@register.filter
def minutes(seconds: float) -> str:
    """Seconds as 3:07."""
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


@register.filter
def beginning(track: Any) -> SafeString | str:
    """The player of a track's first clip, which the list has fetched; nothing once its files are deleted."""
    if not track.first_clips or track.media_removed_at is not None:
        return ""
    return clip_player(track.first_clips[0], label=f"{track}, its beginning")
