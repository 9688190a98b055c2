"""Published data sets of images and music: their files read, their figures, and what their own splits give away.

Nothing is trained on them: a model learns from snapshots only. They are what a trained model can be compared on.
"""

from __future__ import annotations

from model.adaptors.media import score
from model.adaptors.records import AdaptorError, Matches
from model.adaptors.report import DATASETS, report, words

__all__ = ["DATASETS", "AdaptorError", "Matches", "report", "score", "words"]
