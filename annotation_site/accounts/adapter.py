"""What allauth asks of us."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class InvitedOnly(DefaultAccountAdapter):
    """Nobody signs up uninvited; `accounts.services.invitation_accept` makes the accounts."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
