"""The REST endpoint of the practice desk: a mark comes in, the reference goes out."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation_site.accounts.admission import rater_of
from annotation_site.accounts.models import RaterState
from annotation_site.leases import api
from annotation_site.leases.errors import RaterNotActive
from annotation_site.protocols.practice import practice_answer

LONGEST_MS = 3_600_000


class PracticeMark(serializers.Serializer[Any]):
    example = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    value = serializers.FloatField(min_value=0, max_value=1)
    played_ms = serializers.IntegerField(min_value=0, max_value=LONGEST_MS, default=0)


class PracticeTold(serializers.Serializer[Any]):
    value = serializers.FloatField(help_text="The mark that stands: the first one.")
    reference = serializers.FloatField()
    words = serializers.CharField(help_text="How the two lie to each other, without numbers.")
    explanation = serializers.CharField()
    is_last = serializers.BooleanField(help_text="Whether the round is over with it.")


class PracticeView(APIView):
    permission_classes = [IsAuthenticated]

    @extend_schema(request=PracticeMark, responses={200: PracticeTold, 403: api.Refusal, 409: api.Refusal})
    def post(self, request: Request) -> Response:
        """Mark a practice pair; the answer tells where the reference lies. Sent again, the first mark stands."""
        rater = rater_of(request)
        if rater is None:
            raise api.NotARater
        if rater.state != RaterState.ACTIVE:
            raise RaterNotActive(RaterState(rater.state))
        told = practice_answer(rater=rater, now=timezone.now(), **api.read(PracticeMark, request))
        return Response(PracticeTold(told).data)
