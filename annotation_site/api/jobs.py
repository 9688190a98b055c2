"""What every long job shows and allows: its state, its progress, and to be stopped."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.accounts.models import User
from annotation_site.api.errors import JobIsOver, Refusal
from annotation_site.jobs.models import Job
from annotation_site.jobs.services import job_cancel

J = TypeVar("J", bound=Job)

JOB_FIELDS = (
    "id",
    "state",
    "done",
    "total",
    "percent",
    "words",
    "error",
    "attempts",
    "created_at",
    "started_at",
    "finished_at",
)


class JobSerializer(serializers.ModelSerializer[Any]):
    """Progress as the worker last wrote it."""

    percent = serializers.IntegerField(read_only=True)


class ReadOnly(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Any]):
    """Lists and single rows, for admins."""


class JobViewSet(ReadOnly):
    """Jobs with a way to stop them. A room's own viewset adds how they start."""

    filterset_fields: Any = {"state": ["exact"], "created_at": ["gte", "lte"]}

    def started(self, job: Job) -> Response:
        """The answer to a job that has just been queued."""
        return Response(self.get_serializer(job).data, status=201)

    @extend_schema(request=None, responses={404: Refusal, 409: Refusal})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ask the job to stop: at once while it waits, at its next report when it runs."""
        job = self.get_object()
        if not job_cancel(job=job, now=timezone.now()):
            raise JobIsOver
        job.refresh_from_db()
        return Response(self.get_serializer(job).data)


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body, checked."""
    incoming = serializer(data=request.data)
    incoming.is_valid(raise_exception=True)
    return dict(incoming.validated_data)


def user_of(request: Request) -> User:
    """The person behind a request that a permission has already let through."""
    return cast(User, request.user)
