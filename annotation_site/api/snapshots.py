"""Snapshots: to read, to start, to stop and resume, to verify, to compare, and to take away whole or file by file."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import JOB_FIELDS, JobSerializer, JobViewSet, read, user_of
from annotation_site.jobs.models import JobState
from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.downloads import download, file_download
from annotation_site.snapshots.errors import SnapshotError
from annotation_site.snapshots.files import NoSuchFile, files_of
from annotation_site.snapshots.models import Comparison, Snapshot, Verification
from annotation_site.snapshots.services import (
    Form,
    NoPublicForm,
    comparison_ask,
    snapshot_resume,
    snapshot_start,
    verification_start,
)

STARTED = {400: Refusal, 409: Refusal}


class NotSealed(exceptions.APIException):
    status_code = 409
    default_code = "not_sealed"
    default_detail = "This snapshot is not sealed: there is nothing in it to read yet."


class SnapshotSerializer(JobSerializer):
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", read_only=True)

    class Meta:
        model = Snapshot
        fields = (*JOB_FIELDS, "campaign", "name", "key", "recipe", "digest", "n_files", "n_bytes", "facts")


class SnapshotWanted(serializers.Serializer[Any]):
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", queryset=Campaign.objects.all())
    recipe = serializers.CharField(help_text="The name of the recipe that it begins with: default, demo, ...")
    overrides = serializers.DictField(
        default=dict, help_text='Fields that differ from the named recipe, such as {"min_ratings": 3}.'
    )
    name = serializers.CharField(max_length=120, default="", allow_blank=True)
    key = serializers.UUIDField(
        default=None, allow_null=True, help_text="Made anew for each export: sent again, it is the same export."
    )


class SnapshotFileSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(help_text="Its path in the snapshot.")
    bytes = serializers.IntegerField(source="n_bytes")
    sha256 = serializers.CharField()
    rows = serializers.IntegerField(source="n_rows", allow_null=True, help_text="Of a table; null of anything else.")


class VerificationSerializer(JobSerializer):
    class Meta:
        model = Verification
        fields = (*JOB_FIELDS, "snapshot", "outcome", "n_files", "n_bytes", "n_problems", "problems")


class ComparisonSerializer(JobSerializer):
    found = serializers.DictField(allow_null=True, help_text="`Comparison` of `mpd_builder.comparison`, once done.")

    class Meta:
        model = Comparison
        fields = (*JOB_FIELDS, "before", "after", "found")


class SnapshotViewSet(JobViewSet):
    queryset = Snapshot.objects.select_related("campaign")
    serializer_class = SnapshotSerializer
    filterset_fields = {**JobViewSet.filterset_fields, "digest": ["exact"], "campaign__slug": ["exact"]}

    @extend_schema(request=SnapshotWanted, responses={201: SnapshotSerializer, **STARTED})
    def create(self, request: Request) -> Response:
        """Queue the export of a campaign under a recipe. The same `key` again gives the export that it started."""
        return self.started(snapshot_start(**read(SnapshotWanted, request), user=user_of(request), now=timezone.now()))

    @extend_schema(request=None, responses={200: SnapshotSerializer, 404: Refusal, 409: Refusal})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Queue an export that failed or was cancelled again."""
        snapshot = self.get_object()
        snapshot_resume(snapshot=snapshot, now=timezone.now())
        return Response(self.get_serializer(snapshot).data)

    @extend_schema(responses={200: SnapshotFileSerializer(many=True), 404: Refusal, 409: Refusal}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def files(self, request: Request, pk: str) -> Response:
        """Every file of a sealed snapshot, with size and digest."""
        return Response(SnapshotFileSerializer(_files(_sealed(self.get_object())), many=True).data)

    @extend_schema(request=None, responses={201: VerificationSerializer, 404: Refusal, 409: Refusal})
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, pk: str) -> Response:
        """Have every byte read again; while that is under way, the one that is."""
        verification = verification_start(snapshot=self.get_object(), now=timezone.now(), user=user_of(request))
        return Response(VerificationSerializer(verification).data, status=201)

    @extend_schema(responses={200: VerificationSerializer(many=True), 404: Refusal}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def verifications(self, request: Request, pk: str) -> Response:
        """What verifications found, the newest first."""
        found = self.get_object().verifications.order_by("-pk")[:100]
        return Response(VerificationSerializer(found, many=True).data)

    @extend_schema(
        parameters=[OpenApiParameter("other", OpenApiTypes.INT, OpenApiParameter.PATH, description="The later one.")],
        responses={200: ComparisonSerializer, 202: ComparisonSerializer, 404: Refusal, 409: Refusal},
    )
    @action(detail=True, methods=["get"], url_path=r"compare/(?P<other>\d{1,18})")
    def compare(self, request: Request, pk: str, other: str) -> Response:
        """This snapshot and a later one side by side. 202 while a worker is at it: ask again in a second or two."""
        before, after = self.get_object(), get_object_or_404(Snapshot, pk=int(other))
        comparison = comparison_ask(before=before, after=after, now=timezone.now(), user=user_of(request))
        told = ComparisonSerializer(comparison).data
        if comparison.is_over:
            return Response(told)
        return Response(told, status=202, headers={"Retry-After": "2"})


class ZipView(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter("form", enum=[form.value for form in Form], description="What of it; default complete."),
            OpenApiParameter("Range", location=OpenApiParameter.HEADER, description="To go on where it broke off."),
        ],
        responses={(200, "application/zip"): bytes, (206, "application/zip"): bytes, 404: Refusal, 409: Refusal},
        operation_id="snapshots_download",
    )
    def get(self, request: Request, pk: int) -> HttpResponseBase:
        """A sealed snapshot as one zip. `ETag` is its digest."""
        asked = request.query_params.get("form", Form.COMPLETE)
        if asked not in set(Form):
            raise exceptions.ValidationError({"form": [f"There are: {', '.join(Form)}."]})
        try:
            return download(request._request, _sealed(get_object_or_404(Snapshot, pk=pk)), Form(asked))
        except NoPublicForm as error:
            raise SnapshotError(str(error)) from None


class FileView(APIView):
    @extend_schema(
        parameters=[
            OpenApiParameter("name", location=OpenApiParameter.PATH, description="As `files` lists it."),
            OpenApiParameter("Range", location=OpenApiParameter.HEADER, description="To go on where it broke off."),
        ],
        responses={
            (200, "application/octet-stream"): bytes,
            (206, "application/octet-stream"): bytes,
            404: Refusal,
            409: Refusal,
        },
        operation_id="snapshots_file",
    )
    def get(self, request: Request, pk: int, name: str) -> HttpResponseBase:
        """One file of a sealed snapshot, such as `data/ratings.parquet`. `ETag` is its SHA-256."""
        try:
            return file_download(request._request, _sealed(get_object_or_404(Snapshot, pk=pk)), name)
        except NoSuchFile as error:
            raise exceptions.NotFound(str(error)) from None


def _sealed(snapshot: Snapshot) -> Snapshot:
    if snapshot.state != JobState.DONE:
        raise NotSealed
    return snapshot


def _files(snapshot: Snapshot) -> list[Any]:
    try:
        return files_of(snapshot)
    except NoSuchFile as error:
        raise SnapshotError(str(error)) from None
