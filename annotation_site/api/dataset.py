"""Training runs and model versions: to read, to start, to stop."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.api.errors import Refusal
from annotation_site.api.jobs import JOB_FIELDS, JobSerializer, JobViewSet, ReadOnly, read, user_of
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import MOST_PROCESSES, ModelVersion, TrainingRun
from annotation_site.training.services import (
    DEVICES,
    run_resume,
    run_start,
    version_activate,
    version_promote,
)

STARTED = {400: Refusal, 409: Refusal}


def seed_field() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class RunSerializer(JobSerializer):
    digest = serializers.CharField(source="snapshot.digest", read_only=True, help_text="Of the snapshot.")

    class Meta:
        model = TrainingRun
        fields = (
            *JOB_FIELDS,
            "snapshot",
            "digest",
            "recipe",
            "overrides",
            "seed",
            "device",
            "processes",
            "note",
            "code_version",
            "reason",
            "report",
        )


class VersionSerializer(serializers.ModelSerializer[ModelVersion]):
    source = serializers.CharField(  # type: ignore[assignment]
        read_only=True, help_text="`run`: of this site; `import`: brought in as a file."
    )

    class Meta:
        model = ModelVersion
        fields = (
            "id",
            "number",
            "source",
            "run",
            "note",
            "is_active",
            "promoted_at",
            "identity",
            "metrics",
            "file_digest",
        )


class RunWanted(serializers.Serializer[Any]):
    snapshot = serializers.PrimaryKeyRelatedField[Snapshot](queryset=Snapshot.objects.all())
    recipe = serializers.CharField()
    seed = seed_field()
    device = serializers.ChoiceField(choices=DEVICES, default="auto")
    processes = serializers.IntegerField(
        min_value=1,
        max_value=MOST_PROCESSES,
        default=1,
        help_text="How many of the worker's devices share the training.",
    )
    request_key = serializers.UUIDField(default=None, allow_null=True, help_text="The same key again starts nothing.")
    overrides = serializers.DictField(default=dict, help_text="Settings that differ from the recipe, by dotted name.")
    note = serializers.CharField(max_length=200, default="", allow_blank=True)


class Promotion(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=400, default="", allow_blank=True)


class RunViewSet(JobViewSet):
    queryset = TrainingRun.objects.select_related("snapshot")
    serializer_class = RunSerializer
    filterset_fields = {**JobViewSet.filterset_fields, "snapshot": ["exact"], "recipe": ["exact"], "seed": ["exact"]}

    @extend_schema(request=RunWanted, responses={201: RunSerializer, **STARTED})
    def create(self, request: Request) -> Response:
        """Queue a training on a sealed snapshot."""
        return self.started(run_start(**read(RunWanted, request), user=user_of(request), now=timezone.now()))

    @extend_schema(request=None, responses={200: RunSerializer, **STARTED})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Queue a run that failed or was cancelled again, from its last checkpoint."""
        run = self.get_object()
        run_resume(run=run, now=timezone.now())
        return Response(self.get_serializer(run).data)

    @extend_schema(request=Promotion, responses={200: VersionSerializer, **STARTED})
    @action(detail=True, methods=["post"])
    def promote(self, request: Request, pk: str) -> Response:
        """Make a finished run the active model version."""
        told = read(Promotion, request)
        version = version_promote(run=self.get_object(), user=user_of(request), now=timezone.now(), **told)
        return Response(VersionSerializer(version).data)


class VersionViewSet(ReadOnly):
    queryset = ModelVersion.objects.all()
    serializer_class = VersionSerializer
    filterset_fields = ["number", "is_active", "run"]

    @extend_schema(request=Promotion, responses={200: VersionSerializer, **STARTED})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Let a version answer for the site, an earlier one too."""
        told = read(Promotion, request)
        version = version_activate(version=self.get_object(), user=user_of(request), now=timezone.now(), **told)
        return Response(VersionSerializer(version).data)
