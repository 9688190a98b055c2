"""What the raters' REST endpoints of scoring and preferences share: who may ask, how refusals and items look."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import exceptions, serializers, status
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

from annotation_site.accounts.admission import rater_of
from annotation_site.accounts.models import Rater, RaterState
from annotation_site.corpus.models import Clip, Painting
from annotation_site.leases.errors import JudgingError, LeaseUnknown, RaterNotActive
from annotation_site.leases.gate import clip_seconds
from annotation_site.leases.models import Lease
from annotation_site.leases.playback import clip_gain
from annotation_site.leases.skips import SkipReason
from annotation_site.protocols.services import step_due
from annotation_site.scoring.models import Campaign

MOST_LEASES = 3
EVIDENCE_BYTES = 20_000


class NotARater(JudgingError):
    code = "not_a_rater"
    words = "Only raters judge, and this account is not a rater's."


class StepMissing(JudgingError):
    code = "step_missing"
    words = "Something has to be read or tried first: open your home page, it leads there."


class CampaignUnknown(JudgingError):
    code = "campaign_unknown"
    words = "There is no such campaign."


class StaleSecret(exceptions.PermissionDenied):
    """The CSRF check of a session failed; Django REST framework has no code of its own for it."""

    default_code = "csrf_failed"
    default_detail = "This page has been open for too long, or its cookies are gone. Load it again and send once more."


_STATUS: dict[type[JudgingError], int] = {
    NotARater: status.HTTP_403_FORBIDDEN,
    StepMissing: status.HTTP_403_FORBIDDEN,
    RaterNotActive: status.HTTP_403_FORBIDDEN,
    LeaseUnknown: status.HTTP_404_NOT_FOUND,
    CampaignUnknown: status.HTTP_404_NOT_FOUND,
}


def refusal(error: Exception, context: dict[str, Any]) -> Response | None:
    """Any refusal as `{"code", "detail"}`; None for what is not a refusal but a fault."""
    if isinstance(error, JudgingError):
        wait = {"wait_s": round(error.wait_s, 3)} if hasattr(error, "wait_s") else {}
        code = _STATUS.get(type(error), status.HTTP_409_CONFLICT)
        return Response({"code": error.code, "detail": str(error), **wait}, status=code)
    if isinstance(error, exceptions.PermissionDenied) and str(error.detail).startswith("CSRF Failed"):
        error = StaleSecret()
    response = exception_handler(error, context)
    if response is not None:
        if isinstance(error, exceptions.ValidationError):
            response.data = {"code": "invalid", "detail": _sentence(error.detail), "fields": error.detail}
        elif isinstance(error, Http404):
            response.data = {"code": "not_found", "detail": "There is nothing here."}
        elif isinstance(error, exceptions.APIException):
            response.data = {"code": error.default_code, "detail": str(error.detail)}
    return response


def _sentence(detail: Any) -> str:
    if isinstance(detail, dict):
        return " ".join(f"{name}: {_sentence(words)}" for name, words in detail.items())
    return " ".join(_sentence(words) for words in detail) if isinstance(detail, list) else str(detail)


class RaterView(APIView):
    """An endpoint for a rater's own work: logged in, a rater, active and briefed; anyone else learns why not."""

    permission_classes = [IsAuthenticated]
    rater: Rater

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        rater = rater_of(request)
        if rater is None:
            raise NotARater
        if rater.state != RaterState.ACTIVE:
            raise RaterNotActive(RaterState(rater.state))
        if step_due(rater=rater, now=timezone.now()):
            raise StepMissing
        self.rater = rater


def campaign_of(slug: str) -> Campaign:
    campaign = Campaign.objects.filter(slug=slug).first()
    if campaign is None:
        raise CampaignUnknown
    return campaign


# --- What comes in -----------------------------------------------------------------------------------------------
class Wanted(serializers.Serializer[Any]):
    count = serializers.IntegerField(
        min_value=1, max_value=MOST_LEASES, default=2, help_text="How many leases to hold after this."
    )


class LeasesWanted(Wanted):
    campaign = serializers.SlugField()


class Skipped(Wanted):
    reason = serializers.ChoiceField(choices=SkipReason.choices)
    note = serializers.CharField(max_length=400, default="", allow_blank=True)


class Evidence(serializers.JSONField):
    """A JSON object of bounded size."""

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not isinstance(value, dict):
            raise serializers.ValidationError("Evidence is an object of names and values.")
        if len(str(value)) > EVIDENCE_BYTES:
            raise serializers.ValidationError(f"Evidence takes at most {EVIDENCE_BYTES} characters.")
        return value


class Judged(Wanted):
    token = serializers.UUIDField()
    key = serializers.UUIDField(help_text="Made anew for each answer: sent again, it is the same answer.")
    active_ms = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    evidence = Evidence(default=dict)


def read(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The request's body, checked."""
    incoming = serializer(data=request.data)
    incoming.is_valid(raise_exception=True)
    return dict(incoming.validated_data)


# --- What goes out: media and their shape, nothing that tells which painting, clip, pair or task it is ----------------
# The serializers say what an answer looks like; plain functions make it, since it is made for every rating.
class PaintingShown(serializers.Serializer[Any]):
    display = serializers.CharField()
    thumbnail = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


@extend_schema_field({"type": "array", "items": {"type": "integer", "minimum": -128, "maximum": 127}})
class Peaks(serializers.JSONField):
    """Minimum and maximum of each bin of the waveform."""


class ClipPlayed(serializers.Serializer[Any]):
    audio = serializers.CharField()
    duration_s = serializers.FloatField()
    gain_db = serializers.FloatField(
        help_text="Play it with this gain, and tell so in the answer: evidence.clips.<name>.gain_db."
    )
    peaks = Peaks()


class Leased(serializers.Serializer[Any]):
    token = serializers.UUIDField()
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


def painting_shown(painting: Painting) -> dict[str, Any]:
    """As `PaintingShown` says."""
    return {
        "display": painting.display.url,
        "thumbnail": painting.thumbnail.url,
        "width": painting.width,
        "height": painting.height,
    }


def clip_played(clip: Clip, campaign: Campaign) -> dict[str, Any]:
    """As `ClipPlayed` says: the clip as this campaign plays it."""
    return {
        "audio": clip.audio.url,
        "duration_s": round(clip_seconds(clip), 3),
        "gain_db": clip_gain(clip=clip, campaign=campaign),
        "peaks": clip.peaks,
    }


def leased(lease: Lease) -> dict[str, Any]:
    """As `Leased` says."""
    return {"token": lease.token, "issued_at": lease.leased_at, "expires_at": lease.lease_expires_at}


class Progress(serializers.Serializer[Any]):
    mine = serializers.IntegerField()
    session = serializers.IntegerField()


class Renewed(serializers.Serializer[Any]):
    expires_at = serializers.DateTimeField()


class Refusal(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField(help_text="What is wrong, in words for the person.")


# --- Leases: the same three requests for pairs and for tasks ------------------------------------------------------
class RenewView(RaterView):
    """Of one of the rater's own leases: `renew` says of which."""

    def renew(self, *, token: UUID, now: datetime) -> datetime:
        raise NotImplementedError

    @extend_schema(request=None, responses={200: Renewed, 404: Refusal, 409: Refusal})
    def post(self, request: Request, token: UUID) -> Response:
        """Keep a lease alive."""
        return Response(Renewed({"expires_at": self.renew(token=token, now=timezone.now())}).data)


class ReleaseView(RaterView):
    # A page that is being closed can only send a form (`navigator.sendBeacon`), with the CSRF token as a field.
    parser_classes = [JSONParser, FormParser, MultiPartParser]

    def release(self, *, token: UUID, now: datetime) -> None:
        raise NotImplementedError

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request, token: UUID) -> Response:
        """Give a lease back. What was lost or given back already is no error."""
        self.release(token=token, now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)
