"""Reads about people."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from annotation_site.accounts.models import Invitation, Rater
from annotation_site.accounts.services import InvitationNotUsable, token_hash
from annotation_site.preferences.models import Vote, VoteState
from annotation_site.scoring.models import Rating, RatingState


def invitation_open(*, token: str, now: datetime) -> Invitation:
    """The invitation that a link stands for. Raises `InvitationNotUsable` with the reason in words."""
    invitation = Invitation.objects.filter(token_hash=token_hash(token)).first()
    if invitation is None:
        raise InvitationNotUsable("There is no such invitation. Is the link complete? Copy it whole, without spaces.")
    if invitation.used_at is not None:
        raise InvitationNotUsable("This invitation has been used already. Log in with the account that it made.")
    if invitation.expires_at <= now:
        raise InvitationNotUsable("This invitation has run out. Ask whoever invited you for a new one.")
    return invitation


def raters_with_work() -> QuerySet[Rater]:
    """Raters with `n_ratings` and `n_votes` (counted ones) and `last_rating_at`, without a join that multiplies."""
    mine = Rating.objects.filter(rater=OuterRef("pk"), state=RatingState.COUNTED).order_by().values("rater")
    votes = Vote.objects.filter(rater=OuterRef("pk"), state=VoteState.COUNTED).order_by().values("rater")
    return Rater.objects.select_related("user").annotate(
        n_ratings=Coalesce(Subquery(mine.annotate(n=Count("pk")).values("n")), 0),
        n_votes=Coalesce(Subquery(votes.annotate(n=Count("pk")).values("n")), 0),
        last_rating_at=Subquery(mine.annotate(at=Max("created_at")).values("at")),
    )


@dataclass(frozen=True, slots=True)
class RetirementPreview:
    """What taking raters' judgments out would change."""

    n_ratings: int
    n_votes: int
    n_pairs: int
    n_pairs_reopened: int
    n_tasks: int


def retirement_preview(*, raters: QuerySet[Rater]) -> RetirementPreview:
    """Count what `rater_withdraw` of these raters would touch. Sealed snapshots stay as they are in any case."""
    ratings = Rating.objects.filter(rater__in=raters, state=RatingState.COUNTED)
    counts = ratings.aggregate(
        n=Count("pk"),
        pairs=Count("pair", distinct=True),
        complete=Count("pair", distinct=True, filter=Q(pair__completed_at__isnull=False)),
    )
    votes = Vote.objects.filter(rater__in=raters, state=VoteState.COUNTED)
    tasks = votes.aggregate(n=Count("pk"), tasks=Count("task", distinct=True))
    return RetirementPreview(
        n_ratings=counts["n"],
        n_votes=tasks["n"],
        n_pairs=counts["pairs"],
        n_pairs_reopened=counts["complete"],
        n_tasks=tasks["tasks"],
    )
