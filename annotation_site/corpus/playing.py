"""A clip, or a whole track clip by clip, as something to press: its waveform, and a button that plays it in place."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from annotation_site.corpus.models import Clip
from annotation_site.corpus.waveforms import waveform
from mpd_builder.records import CLIP_SECONDS


def clip_player(clip: Clip, *, label: str) -> SafeString:
    """One clip. `label` says what would be heard."""
    return _player([clip.audio.url], peaks=clip.peaks, label=label)


def track_player(clips: Sequence[Clip], *, label: str, start_s: float = 0.0, group: str = "") -> SafeString:
    """Clips one after the other, from `start_s`. Players of one `group` change over at the same place of the music."""
    peaks = [peak for clip in clips for peak in clip.peaks]
    return _player([clip.audio.url for clip in clips], peaks=peaks, label=label, start_s=start_s, group=group)


def _player(urls: list[str], *, peaks: Sequence[int], label: str, start_s: float = 0.0, group: str = "") -> SafeString:
    length = CLIP_SECONDS * len(urls)
    context = {
        "sources": json.dumps(urls),
        "first": urls[0] if urls else "",
        "drawing": waveform(peaks),
        "label": label,
        "start_s": f"{min(max(start_s, 0.0), max(length - 1.0, 0.0)):.3f}",
        "length_s": f"{length:g}",
        "group": group,
    }
    return render_to_string("admin/corpus/player.html", context)
