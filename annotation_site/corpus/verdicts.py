"""What a person says of two items that look or sound alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from annotation_site.accounts.models import User
from annotation_site.corpus.models import Likeness, PaintingLikeness, TrackLikeness


@transaction.atomic
def likeness_decide(
    *, likeness: PaintingLikeness | TrackLikeness, verdict: str, user: User, now: datetime
) -> PaintingLikeness | TrackLikeness:
    """Write down what a person says of two items that are alike; the verdict `open` takes an earlier one back.

    Raises ValueError for what is no verdict.
    """
    verdict = Likeness.Verdict(verdict)
    rows: Any = type(likeness)._default_manager
    row: PaintingLikeness | TrackLikeness = rows.select_for_update(of=("self",)).get(pk=likeness.pk)
    row.verdict = verdict
    row.decided_by, row.decided_at = (None, None) if verdict == Likeness.Verdict.OPEN else (user, now)
    row.save(update_fields=["verdict", "decided_by", "decided_at"])
    return row
