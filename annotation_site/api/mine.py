"""What a rater decides about their own part, and takes away, by program: the same as their own page offers."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation_site.accounts.admission import rater_of
from annotation_site.accounts.mine.downloads import data_response
from annotation_site.accounts.mine.services import WrongCode, own_pause, own_resume, own_withdraw
from annotation_site.accounts.models import Rater
from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import read
from annotation_site.leases.api import NotARater


class Part(serializers.ModelSerializer[Rater]):
    """Where a rater stands."""

    class Meta:
        model = Rater
        fields = ("code", "state", "is_own_pause")
        read_only_fields = fields


class Confirmation(serializers.Serializer[Any]):
    code = serializers.CharField(help_text="The rater's own pseudonym, typed as confirmation: R-XXXXXX.")


class OwnView(APIView):
    """For a rater in any state, about themselves only."""

    permission_classes = [IsAuthenticated]
    rater: Rater

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        rater = rater_of(request._request)
        if rater is None:
            raise NotARater
        self.rater = rater

    def part(self) -> Response:
        self.rater.refresh_from_db(fields=["state", "is_own_pause"])
        return Response(Part(self.rater).data)


class PauseView(OwnView):
    @extend_schema(request=None, responses={200: Part, 401: Refusal, 403: Refusal}, operation_id="me_pause")
    def post(self, request: Request) -> Response:
        """Be offered no work for now. What was given stays and counts."""
        own_pause(rater=self.rater)
        return self.part()


class ResumeView(OwnView):
    @extend_schema(
        request=None, responses={200: Part, 401: Refusal, 403: Refusal, 409: Refusal}, operation_id="me_resume"
    )
    def post(self, request: Request) -> Response:
        """End one's own pause. A pause by an admin is theirs to end: 409."""
        own_resume(rater=self.rater)
        return self.part()


class WithdrawView(OwnView):
    @extend_schema(
        request=Confirmation,
        responses={200: Part, 400: Refusal, 401: Refusal, 403: Refusal},
        operation_id="me_withdraw",
    )
    def post(self, request: Request) -> Response:
        """Withdraw for good, with all that was given. For who is out already nothing changes."""
        try:
            own_withdraw(rater=self.rater, now=timezone.now(), **read(Confirmation, request))
        except WrongCode as error:
            raise serializers.ValidationError({"code": [str(error)]}) from None
        return self.part()


class ZipRenderer(BaseRenderer):
    """Lets a client ask for a zip; what it then gets comes from the view itself, or is a refusal in words."""

    media_type = "application/zip"
    format = "zip"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return str(data.get("detail", "") if isinstance(data, dict) else data).encode()


class DataView(OwnView):
    renderer_classes = [JSONRenderer, ZipRenderer]

    @extend_schema(
        responses={(200, "application/zip"): OpenApiTypes.BINARY, 401: Refusal, 403: Refusal}, operation_id="me_data"
    )
    def get(self, request: Request) -> FileResponse:
        """Everything that is kept about the rater, as a zip of JSON and CSV; its README says what is what."""
        return data_response(rater=self.rater, now=timezone.now())
