"""Decoding what was sent: in a child with limits, as an import does, and never in the warm process."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from annotation_site.jobs.running import JobFailed
from annotation_site.judging.limits import DECODING_SECONDS, judging_limits
from mpd_builder.ingest import Candidate, CheckedPainting, CheckedTrack, Checker, Rejected, Stretch, process

CHECKER = Checker()
"""This worker's child: it stays between judgings, because to start one takes most of a second."""


def painting_checked(path: Path, *, name: str) -> CheckedPainting:
    """Decode a picture. Raises `JobFailed` in words that name it."""
    outcome = CHECKER.check(Candidate(path, name), limits=judging_limits(), seconds=DECODING_SECONDS)
    if isinstance(outcome, Rejected):
        raise JobFailed(f"{name}: {outcome}")
    if not isinstance(outcome, CheckedPainting):
        raise JobFailed(f"{name} is music. Where a painting is asked for, send a picture.")
    return outcome


def music_checked(path: Path, *, name: str, stretch: Stretch) -> CheckedTrack:
    """Decode a stretch of a piece of music and cut it into windows. Raises `JobFailed` in words that name it."""
    work = partial(process, stretch=stretch)
    outcome = CHECKER.check(Candidate(path, name), limits=judging_limits(), work=work, seconds=DECODING_SECONDS)
    if isinstance(outcome, Rejected):
        raise JobFailed(f"{name}: {outcome}")
    if not isinstance(outcome, CheckedTrack):
        raise JobFailed(f"{name} is a picture. Where music is asked for, send sound.")
    return outcome
