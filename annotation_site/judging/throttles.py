"""How often the model may be asked: by person and by address, the same counters for the page and the endpoint."""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class PersonThrottle(SimpleRateThrottle):
    """`JUDGE_RATE` for each rater, and for each guest by address. Admins ask as often as they like."""

    scope = "judge"

    def get_rate(self) -> str | None:
        rate: str = settings.JUDGE_RATE
        return rate

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        user = request.user
        if user.is_authenticated and user.is_staff:
            return None
        who = f"user-{user.pk}" if user.is_authenticated else f"address-{self.get_ident(request)}"
        return f"throttle:{self.scope}:{who}"


class AddressThrottle(PersonThrottle):
    """`JUDGE_ADDRESS_RATE` for all who come from one address together."""

    scope = "judge-address"

    def get_rate(self) -> str | None:
        rate: str = settings.JUDGE_ADDRESS_RATE
        return rate

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        if super().get_cache_key(request, view) is None:
            return None
        return f"throttle:{self.scope}:{self.get_ident(request)}"


THROTTLES = (PersonThrottle, AddressThrottle)


def seconds_to_wait(request: HttpRequest) -> int:
    """Count a request of the page; 0 when it may pass, else after how many seconds one may."""
    asked = Request(request)
    asked.user = request.user
    view = APIView()
    waits = [throttle.wait() for throttle in (each() for each in THROTTLES) if not throttle.allow_request(asked, view)]
    return max((max(1, math.ceil(wait or 1)) for wait in waits), default=0)


def in_words(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    return f"{minutes} minutes" if minutes > 1 else f"{seconds} seconds" if seconds > 1 else "a second"
