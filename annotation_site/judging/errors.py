"""What the judge page and its endpoint refuse, in a person's words, each with a code for programs."""

from __future__ import annotations

from typing import ClassVar


class JudgingRefused(Exception):
    """What was asked for cannot be judged; the text says why and what to do."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400


class NoVersion(JudgingRefused):
    code = "no_active_version"
    status = 409


class TooLarge(JudgingRefused):
    code = "too_large"
    status = 413


class NotYours(JudgingRefused):
    code = "corpus_not_yours"
    status = 403


class StillAtWork(JudgingRefused):
    code = "still_at_work"
    status = 409
