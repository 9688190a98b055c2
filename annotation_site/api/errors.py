"""Every refusal of the API in one shape: `{"code", "detail"}`, the code for programs, the detail for the person."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from rest_framework import exceptions, status
from rest_framework.response import Response

from annotation_site.corpus.services import CorpusError
from annotation_site.corpus.upload_errors import NameRefused, NoRoom, TooMuch, UploadError, WrongOffset
from annotation_site.judging.errors import JudgingRefused
from annotation_site.leases.api import Refusal, refusal
from annotation_site.protocols.services import ProtocolError
from annotation_site.rescoring.errors import RescoringError
from annotation_site.snapshots.errors import RecipeRefused, SnapshotError
from annotation_site.training.services import TrainingError

REFUSED = (CorpusError, ProtocolError, RescoringError, SnapshotError, TrainingError)
"""What the rooms' services raise when they cannot do what was asked, in a person's words."""


UPLOAD_STATUS: dict[type[UploadError], int] = {
    NameRefused: status.HTTP_400_BAD_REQUEST,
    TooMuch: status.HTTP_413_REQUEST_ENTITY_TOO_LARGE,
    NoRoom: status.HTTP_507_INSUFFICIENT_STORAGE,
}


class JobIsOver(exceptions.APIException):
    status_code = status.HTTP_409_CONFLICT
    default_code = "job_is_over"
    default_detail = "This job is over already, so there is nothing to stop."


def handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """The site's DRF exception handler; None for faults, which are not refusals."""
    if isinstance(error, UploadError):
        where = {"received": error.received} if isinstance(error, WrongOffset) else {}
        code = UPLOAD_STATUS.get(type(error), status.HTTP_409_CONFLICT)
        return Response({"code": error.code, "detail": str(error), **where}, status=code)
    if isinstance(error, RecipeRefused) and error.field:
        words = {"code": "invalid", "detail": f"{error.field}: {error}", "fields": {error.field: [str(error)]}}
        return Response(words, status=status.HTTP_400_BAD_REQUEST)
    if isinstance(error, JudgingRefused):
        return Response({"code": error.code, "detail": str(error)}, status=error.status)
    if isinstance(error, REFUSED):
        return Response({"code": "refused", "detail": str(error)}, status=status.HTTP_409_CONFLICT)
    if isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    return refusal(error, context)


__all__ = ["JobIsOver", "Refusal", "handler"]
