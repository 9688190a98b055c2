"""Paintings, tracks, clips and their imports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import JOB_FIELDS, JobSerializer, JobViewSet, ReadOnly, read, user_of
from annotation_site.corpus.models import Clip, ImportIssue, ImportJob, Painting, Track
from annotation_site.corpus.services import import_start

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
        fields = (*ITEM_FIELDS, "genre", "duration_s", "sample_rate", "channels")


class ClipSerializer(serializers.ModelSerializer[Clip]):
    audio = serializers.CharField(source="audio.url", read_only=True)
    track_key = serializers.CharField(source="track.key", read_only=True)

    class Meta:
        model = Clip
        fields = ("id", "key", "track", "track_key", "index", "start_frame", "stop_frame", "audio", "is_silent")


class ImportSerializer(JobSerializer):
    class Meta:
        model = ImportJob
        fields = (*JOB_FIELDS, "source", "path", "n_added", "n_skipped", "n_failed")


class ImportIssueSerializer(serializers.ModelSerializer[ImportIssue]):
    class Meta:
        model = ImportIssue
        fields = ("id", "file", "level", "code", "reason", "hint")


class ImportWanted(serializers.Serializer[Any]):
    path = serializers.CharField(max_length=1000, help_text="A folder on the server.")


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
        """Queue the import of a folder on the server."""
        wanted = read(ImportWanted, request)
        job = import_start(
            source=ImportJob.Source.FOLDER, path=Path(wanted["path"]), user=user_of(request), now=timezone.now()
        )
        return self.started(job)

    @extend_schema(responses=ImportIssueSerializer(many=True))
    @action(detail=True, filter_backends=[])
    def issues(self, request: Request, pk: str) -> Response:
        """What was wrong with which file, and what to do."""
        rows = self.paginate_queryset(ImportIssue.objects.filter(job=self.get_object()))
        return self.get_paginated_response(ImportIssueSerializer(rows, many=True).data)
