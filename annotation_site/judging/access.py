"""Who may ask the model: admins always, raters and guests where the setting `JUDGE_FOR` says so."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from annotation_site.accounts.models import RaterState, User


class JudgeFor(StrEnum):
    ADMINS = "admins"
    RATERS = "raters"
    EVERYONE = "everyone"


def may_judge(user: User | AnonymousUser) -> bool:
    """Raters who are at work or paused count as raters; whoever else is not an admin is a guest, logged in or not."""
    setting = JudgeFor(settings.JUDGE_FOR)
    if setting is JudgeFor.EVERYONE or (user.is_authenticated and user.is_staff):
        return True
    rater = getattr(user, "rater", None) if user.is_authenticated else None
    is_rater = rater is not None and rater.state in (RaterState.ACTIVE, RaterState.PAUSED)
    return setting is JudgeFor.RATERS and is_rater


def person(user: User | AnonymousUser) -> User | None:
    """The user who asks; None for a guest who is not logged in."""
    return user if isinstance(user, User) else None
