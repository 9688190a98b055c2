"""Taking raters' judgments out: what it would change, in words, and doing it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.selectors import retirement_preview
from annotation_site.scoring.services import raters_withdraw


class Kind(StrEnum):
    """Why they go: a lab decides to exclude, a person asks to withdraw."""

    EXCLUDE = "exclude"
    WITHDRAW = "withdraw"


END_STATE = {Kind.EXCLUDE: RaterState.EXCLUDED, Kind.WITHDRAW: RaterState.WITHDRAWN}


def _codes(raters: QuerySet[Rater], *, most: int = 8) -> str:
    codes = list(raters.values_list("code", flat=True))
    more = len(codes) - most
    return ", ".join(codes[:most]) + (f" and {more} more" if more > 0 else "")


def confirmation(*, kind: Kind, raters: QuerySet[Rater]) -> dict[str, Any]:
    """The words of the page that asks before it is done."""
    seen = retirement_preview(raters=raters)
    return {
        "title": f"{kind.capitalize()} raters",
        "question": f"{kind.capitalize()} {_codes(raters)}?",
        "facts": [
            f"{seen.n_ratings:,} ratings on {seen.n_pairs:,} pairs no longer count; they are kept, as withdrawn.",
            f"{seen.n_pairs_reopened:,} complete pairs open again: no score until someone else fills the place.",
            f"{seen.n_votes:,} votes on {seen.n_tasks:,} preference tasks no longer count either.",
            "Reliability and later snapshots follow. Sealed snapshots stay as they are.",
            "They are offered no more work. This cannot be undone here.",
        ],
        "yes": "Exclude them" if kind == Kind.EXCLUDE else "Withdraw them",
        "danger": True,
    }


@transaction.atomic
def retire(*, kind: Kind, raters: QuerySet[Rater], now: datetime) -> str:
    """Withdraw each rater's judgments and close their door. Returns what was done, in words."""
    codes = _codes(raters)
    raters_withdraw(raters=list(raters), now=now, state=END_STATE[kind])
    return f"{codes}: judgments taken out, places open again."
