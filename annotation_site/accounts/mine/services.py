"""What a rater decides about their own part: pause, go on, withdraw."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.services import rater_pause, rater_resume
from annotation_site.leases.errors import JudgingError, RaterNotActive
from annotation_site.scoring.services import rater_withdraw

MAY_LEAVE = (RaterState.ACTIVE, RaterState.PAUSED)
"""Who can still withdraw: whoever has not been taken out already, by themselves or by an admin."""


class PauseNotYours(JudgingError):
    code = "pause_not_yours"
    words = "An admin paused your work, so an admin ends the pause. Ask the person who invited you when you may go on."


class WrongCode(JudgingError):
    code = "wrong_code"
    words = "This is not your code, so nothing was changed. Type it as it stands on your page, with the R and the dash."


def own_pause(*, rater: Rater) -> None:
    """Offer me no work for now. Paused already: nothing happens. Raises `RaterNotActive` for who is out."""
    if not rater_pause(rater=rater, is_own=True):
        _paused_or_refuse(rater)


def own_resume(*, rater: Rater) -> None:
    """Let me go on. At work already: nothing happens. Raises `PauseNotYours`, or `RaterNotActive` for who is out."""
    if not rater_resume(rater=rater, is_own=True) and _paused_or_refuse(rater):
        raise PauseNotYours


@transaction.atomic
def own_withdraw(*, rater: Rater, code: str, now: datetime) -> bool:
    """Take me and all that I gave out, for good: places open again and scores follow, in this one step.

    `code` is the rater's own, typed as confirmation, in any case. False where they were out already: nothing happens.
    Raises `WrongCode`.
    """
    if code.strip().casefold() != rater.code.casefold():
        raise WrongCode
    fresh = Rater.objects.select_for_update(no_key=True).get(pk=rater.pk)
    if fresh.state not in MAY_LEAVE:
        return False
    rater_withdraw(rater=fresh, now=now)
    return True


def _paused_or_refuse(rater: Rater) -> bool:
    """Whether the rater is on a pause rather than at work. Raises `RaterNotActive` for who is out."""
    state = RaterState(Rater.objects.values_list("state", flat=True).get(pk=rater.pk))
    if state not in MAY_LEAVE:
        raise RaterNotActive(state)
    return state == RaterState.PAUSED
