"""How loud a rater hears a clip: the gain that a page is told, and the check that it was the one applied."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip
from annotation_site.leases.errors import GainNotTold, WrongGain
from annotation_site.scoring.models import Campaign
from mpd_builder.playback import gain_db

SAME_DB = 0.005
"""Gains come in steps of 0.01 dB: nearer than half a step is the same."""


def clip_gain(*, clip: Clip, campaign: Campaign) -> float:
    """The gain in dB at which a campaign plays a clip; 0 where it does not normalise, or the clip is not measured."""
    return gain_db(
        target_lufs=campaign.loudness_lufs, loudness_lufs=clip.loudness_lufs, true_peak_dbtp=clip.true_peak_dbtp
    )


def gains_check(*, rater: Rater, campaign: Campaign, clips: Mapping[str, Clip], evidence: Mapping[str, Any]) -> None:
    """Raise `WrongGain` unless the evidence tells the campaign's own gain of each clip, by its name on the page.

    In a campaign that normalises, saying nothing raises `GainNotTold`: whoever cannot apply gains (a page without
    scripts) would hear what no other rater hears. Simulated raters hear nothing.
    """
    if rater.is_simulated:
        return
    for name, clip in clips.items():
        told = _told(evidence, name)
        if told is None:
            if campaign.loudness_lufs is not None:
                raise GainNotTold
        elif not abs(told - clip_gain(clip=clip, campaign=campaign)) < SAME_DB:  # a NaN is no gain either
            raise WrongGain


def _told(evidence: Mapping[str, Any], name: str) -> float | None:
    """`evidence["clips"][name]["gain_db"]`, whatever a browser may have sent in place of it."""
    clips = evidence.get("clips")
    heard = clips.get(name) if isinstance(clips, dict) else None
    gain = heard.get("gain_db") if isinstance(heard, dict) else None
    return float(gain) if isinstance(gain, int | float) and not isinstance(gain, bool) else None
