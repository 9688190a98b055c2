"""Paintings, tracks, clips and their imports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import JOB_FIELDS, JobSerializer, JobViewSet, ReadOnly, read, user_of
from annotation_site.corpus.downloads import issues_response
from annotation_site.corpus.models import Clip, ImportIssue, ImportJob, Painting, Track, Upload
from annotation_site.corpus.options import ImportOptions
from annotation_site.corpus.services import import_start
from annotation_site.corpus.uploads import upload_of

ITEM_FIELDS = (
    "id",
    "key",
    "sha256",
    "file_name",
    "title",
    "artist",
    "source",
    "licence",
    "attribution",
    "collection",
    "may_publish",
    "withdrawn_at",
    "is_synthetic",
    "extras",
    "created_at",
)


class PaintingSerializer(serializers.ModelSerializer[Painting]):
    display = serializers.CharField(source="display.url", read_only=True)
    thumbnail = serializers.CharField(source="thumbnail.url", read_only=True)

    class Meta:
        model = Painting
        fields = (*ITEM_FIELDS, "year", "style", "width", "height", "display", "thumbnail")


class TrackSerializer(serializers.ModelSerializer[Track]):
    class Meta:
        model = Track
        fields = (*ITEM_FIELDS, "genre", "duration_s", "sample_rate", "channels", "valence", "arousal")


class ClipSerializer(serializers.ModelSerializer[Clip]):
    audio = serializers.CharField(source="audio.url", read_only=True)
    track_key = serializers.CharField(source="track.key", read_only=True)

    class Meta:
        model = Clip
        fields = (
            "id",
            "key",
            "track",
            "track_key",
            "index",
            "start_frame",
            "stop_frame",
            "audio",
            "is_silent",
            "loudness_lufs",
            "true_peak_dbtp",
        )


class ImportOptionsSerializer(serializers.Serializer[Any]):
    """What may be asked of an import. All but styles and lists hold for items whose metadata say nothing of it."""

    styles = serializers.ListField(
        child=serializers.CharField(max_length=120),
        required=False,
        help_text="Of WikiArt; without any, the five styles of the paper.",
    )
    lists = serializers.ListField(
        child=serializers.CharField(max_length=1000),
        required=False,
        help_text="CSV files on the server that choose among the source's files.",
    )
    licence = serializers.CharField(max_length=200, required=False, allow_blank=True)
    attribution = serializers.CharField(max_length=600, required=False, allow_blank=True)
    source = serializers.CharField(max_length=600, required=False, allow_blank=True)  # type: ignore[assignment]
    collection = serializers.CharField(max_length=120, required=False, allow_blank=True)
    may_publish = serializers.BooleanField(
        required=False, allow_null=True, help_text="Whether snapshots may carry the media."
    )


class ImportSerializer(JobSerializer):
    upload = serializers.SlugRelatedField[Upload](slug_field="key", read_only=True)
    options = ImportOptionsSerializer(read_only=True)

    class Meta:
        model = ImportJob
        fields = (
            *JOB_FIELDS,
            "source",
            "path",
            "upload",
            "options",
            "n_added",
            "n_skipped",
            "n_failed",
            "rate",
            "seconds_left",
        )


class ImportIssueSerializer(serializers.ModelSerializer[ImportIssue]):
    class Meta:
        model = ImportIssue
        fields = ("id", "file", "level", "code", "reason", "hint")


class ImportWanted(serializers.Serializer[Any]):
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=ImportJob.Source.choices, default=ImportJob.Source.FOLDER
    )
    path = serializers.CharField(
        max_length=1000, required=False, help_text="A folder on the server, or a file where the source is a zip."
    )
    upload = serializers.UUIDField(required=False, help_text="The key of an upload of your own.")
    options = ImportOptionsSerializer(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted, other = ("upload", "path") if attrs["source"] == ImportJob.Source.UPLOAD else ("path", "upload")
        if wanted not in attrs:
            raise serializers.ValidationError({wanted: f"An import from {attrs['source']} needs it."})
        if other in attrs:
            raise serializers.ValidationError({other: f"An import from {attrs['source']} has none."})
        return attrs


class CsvRenderer(BaseRenderer):
    """Lets a client ask for CSV; what it then gets comes from the view itself, or is a refusal in words."""

    media_type = "text/csv"
    format = "csv"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return str(data.get("detail", "") if isinstance(data, dict) else data).encode()


class PaintingViewSet(ReadOnly):
    queryset = Painting.objects.all()
    serializer_class = PaintingSerializer
    filterset_fields = ["key", "sha256", "style", "artist", "licence", "is_synthetic"]


class TrackViewSet(ReadOnly):
    queryset = Track.objects.all()
    serializer_class = TrackSerializer
    filterset_fields = ["key", "sha256", "genre", "artist", "licence", "is_synthetic"]


class ClipViewSet(ReadOnly):
    queryset = Clip.objects.select_related("track")
    serializer_class = ClipSerializer
    filterset_fields = ["key", "track", "is_silent"]


class ImportViewSet(JobViewSet):
    queryset = ImportJob.objects.all()
    serializer_class = ImportSerializer

    @extend_schema(request=ImportWanted, responses={201: ImportSerializer, 400: Refusal, 409: Refusal})
    def create(self, request: Request) -> Response:
        """Queue an import of what lies on the server, or of what was uploaded."""
        wanted = read(ImportWanted, request)
        upload = None
        if "upload" in wanted:
            upload = upload_of(user=user_of(request), key=wanted["upload"])
            if upload is None:
                raise serializers.ValidationError({"upload": "You have no upload with this key."})
        job = import_start(
            source=ImportJob.Source(wanted["source"]),
            path=Path(wanted["path"]) if "path" in wanted else None,
            upload=upload,
            options=ImportOptions.from_json(wanted.get("options", {})),
            user=user_of(request),
            now=timezone.now(),
        )
        return self.started(job)

    @extend_schema(responses=ImportIssueSerializer(many=True))
    @action(detail=True, filter_backends=[])
    def issues(self, request: Request, pk: str) -> Response:
        """What was wrong with which file, and what to do."""
        rows = self.paginate_queryset(ImportIssue.objects.filter(job=self.get_object()))
        return self.get_paginated_response(ImportIssueSerializer(rows, many=True).data)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.STR, 404: Refusal})
    def issues_csv(self, request: Request, pk: int) -> StreamingHttpResponse:
        """The same as a CSV file for spreadsheets: file, level, code, reason, hint."""
        return issues_response(self.get_object())


import_issues_csv = ImportViewSet.as_view(
    {"get": "issues_csv"}, filter_backends=[], pagination_class=None, renderer_classes=[JSONRenderer, CsvRenderer]
)
"""Outside the router: its name ends as a file's does, without a slash."""
