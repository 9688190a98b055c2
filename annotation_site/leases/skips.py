"""Why a rater skips: the one list that pages, programs and the admin panel share."""

from __future__ import annotations

from typing import Final

from django.db import models


class SkipReason(models.TextChoices):
    CANNOT_PLAY = "cannot_play", "The music does not play as it should"
    CANNOT_SEE = "cannot_see", "The painting does not show as it should"
    NOT_SUITABLE = "not_suitable", "It is not suitable, or distresses me"
    FAMILIAR = "familiar", "I know this too well"
    OTHER = "other", "Another reason"


FORMER: Final = {"media": "It does not play or show as it should", "distress": "It distresses me"}
"""Reasons that could be given once. They are not offered any more; what was stored stays readable."""


def reason_words(stored: str) -> str:
    """A stored reason as the rater saw it."""
    return SkipReason(stored).label if stored in SkipReason else FORMER.get(stored, stored)
