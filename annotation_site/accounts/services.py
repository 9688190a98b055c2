"""Writes about people: invitations, raters and their states, the ways into an account."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from allauth.mfa.models import Authenticator
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q
from rest_framework.authtoken.models import Token

from annotation_site.accounts.models import Invitation, Rater, RaterState, User

INVITATION_LIFE = timedelta(days=14)
CODE_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without the letters that are read as digits."""
CODE_LENGTH = 6
ORDER_SEEDS = 2**31


class InvitationNotUsable(Exception):
    """The link makes no account; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class NewInvitation:
    """A fresh invitation with its token, which is nowhere else: only its SHA-256 is stored."""

    invitation: Invitation
    token: str


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def invitation_create(
    *,
    created_by: User,
    now: datetime,
    email: str = "",
    is_admin: bool = False,
    note: str = "",
    life: timedelta = INVITATION_LIFE,
) -> NewInvitation:
    """Make a link for one account. The token leaves this function once and is never stored."""
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        token_hash=token_hash(token),
        email=email,
        is_admin=is_admin,
        note=note,
        created_by=created_by,
        created_at=now,
        expires_at=now + life,
    )
    invitation.full_clean()
    invitation.save()
    return NewInvitation(invitation=invitation, token=token)


@transaction.atomic
def invitation_accept(
    *, token: str, username: str, password: str, email: str = "", background: str = "", now: datetime, random: Random
) -> User:
    """Make the account that the link stands for: an admin, or a rater.

    Raises `InvitationNotUsable`, or Django's `ValidationError` keyed by field when the answers need mending; either way
    nothing is written and the link stays as it was.
    """
    won = Invitation.objects.filter(token_hash=token_hash(token), used_at=None, expires_at__gt=now).update(used_at=now)
    if not won:
        raise InvitationNotUsable("This link has been used or has run out. Ask whoever invited you for a new one.")
    invitation = Invitation.objects.get(token_hash=token_hash(token))
    user = _user_create(
        username=username, password=password, email=invitation.email or email, is_admin=invitation.is_admin, now=now
    )
    Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
    if not invitation.is_admin:
        rater_create(user=user, background=background, now=now, random=random)
    return user


def _user_create(*, username: str, password: str, email: str, is_admin: bool, now: datetime) -> User:
    user = User(
        username=User.normalize_username(username),
        email=User.objects.normalize_email(email),
        is_staff=is_admin,
        is_superuser=is_admin,
        date_joined=now,
    )
    if user.email and User.objects.filter(email__iexact=user.email).exists():
        raise ValidationError({"email": "There is an account with this e-mail address already: log in to it instead."})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise ValidationError({"password": error.messages}) from None
    user.set_password(password)
    user.full_clean()
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # another took the name between the check and this line
        raise ValidationError({"username": "A user with that username already exists."}) from None
    return user


def rater_create(
    *, user: User, now: datetime, random: Random, background: str = "", is_simulated: bool = False
) -> Rater:
    """Make a user a rater, with a pseudonym and an order of their own."""
    rater = Rater(
        user=user,
        background=background,
        order_seed=random.randrange(ORDER_SEEDS),
        is_simulated=is_simulated,
        created_at=now,
    )
    while True:
        rater.code = "R-" + "".join(random.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
        if Rater.objects.filter(code=rater.code).exists():
            continue
        rater.full_clean()
        try:
            with transaction.atomic():
                rater.save(force_insert=True)
        except IntegrityError:
            if Rater.objects.filter(user=user).exists():
                raise ValidationError({"user": "This user is a rater already."}) from None
            continue  # someone drew the same code in the same moment
        return rater


def rater_pause(*, rater: Rater, is_own: bool = False) -> bool:
    """Offer this rater no more work for now; what they gave stays counted. False where nothing changed.

    `is_own`: they ask for it themselves. An admin's pause takes the place of a rater's own, never the reverse.
    """
    pausable = Q(state=RaterState.ACTIVE)
    if not is_own:
        pausable |= Q(state=RaterState.PAUSED, is_own_pause=True)
    paused = Rater.objects.filter(pausable, pk=rater.pk).update(state=RaterState.PAUSED, is_own_pause=is_own)
    return bool(paused)


def rater_resume(*, rater: Rater, is_own: bool = False) -> bool:
    """Let a paused rater go on. False when not paused, or when `is_own` and the pause is not."""
    paused = Rater.objects.filter(pk=rater.pk, state=RaterState.PAUSED)
    if is_own:
        paused = paused.filter(is_own_pause=True)
    return bool(paused.update(state=RaterState.ACTIVE, is_own_pause=False))


def access_reset(*, user: User) -> None:
    """Remove second factor and API token, for someone who lost a phone or a laptop. The password stays."""
    Authenticator.objects.filter(user=user).delete()
    Token.objects.filter(user=user).delete()
