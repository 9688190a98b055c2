"""Ask the active model version: `POST /api/v1/judge/` (also at `/api/judge/`), and what became of it."""

from __future__ import annotations

import math
import threading
import time
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import exceptions, serializers
from rest_framework.parsers import JSONParser, MultiPartParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from annotation_site.api.errors import Refusal
from annotation_site.jobs.models import JobState
from annotation_site.judging import selectors, services
from annotation_site.judging.access import may_judge, person
from annotation_site.judging.forms import QuestionForm
from annotation_site.judging.limits import body_check
from annotation_site.judging.models import Judging
from annotation_site.judging.showing import Result, result_of
from annotation_site.judging.throttles import THROTTLES

MOST_WAIT_S = 20.0
LOOK_EVERY_S = 0.04
MOST_WAITING = 2
"""So many requests of a server process may wait at a time: its other threads stay for everybody else."""

WAIT_HELP = "Wait so many seconds for the result, at most 20. Where enough others wait already, 202 comes at once."

_waiting = threading.BoundedSemaphore(MOST_WAITING)


class Asked(serializers.Serializer[Any]):
    """Files of one's own, or (admins) keys of the corpus; several paintings, one piece of music."""

    painting_files = serializers.ListField(child=serializers.FileField(), required=False)
    paintings = serializers.ListField(child=serializers.CharField(), required=False, help_text="Keys, `p_...`.")
    music_file = serializers.FileField(required=False)
    track = serializers.CharField(required=False, help_text="A key, `t_...`.")
    start_s = serializers.FloatField(required=False, help_text="Where in the music to start; default 0.")
    span = serializers.ChoiceField(
        choices=["track", "clip"], required=False, help_text="From there to the end (default), or only 15 seconds."
    )


class WindowTold(serializers.Serializer[Any]):
    start_s = serializers.FloatField()
    score = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()


class LayerTold(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    mean = serializers.FloatField(help_text="The layer's modulation intensity (eq. 4).")
    values = serializers.ListField(child=serializers.IntegerField(), help_text="Row by row, 0 to 255 within the layer.")


class PaintingTold(serializers.Serializer[Any]):
    """Scores from 0 to 1. `low` to `high`: 95 %, the model's own; `people_low` to `people_high`: of a pair's score."""

    name = serializers.CharField()
    place = serializers.IntegerField(help_text="1 is the best.")
    score = serializers.FloatField(help_text="The mean over the windows.", source="estimate.score")
    low = serializers.FloatField(source="estimate.low")
    high = serializers.FloatField(source="estimate.high")
    people_low = serializers.FloatField(source="estimate.people_low")
    people_high = serializers.FloatField(source="estimate.people_high")
    windows = WindowTold(many=True)
    layers = LayerTold(
        many=True, help_text="Where the music of one window was at work; empty where the model has no MAN."
    )


class StepTold(serializers.Serializer[Any]):
    """From one place to the next, with the paired 95 % interval of the difference."""

    difference = serializers.FloatField()
    low = serializers.FloatField()
    high = serializers.FloatField()
    is_told_apart = serializers.BooleanField()


class ResultTold(serializers.Serializer[Any]):
    paintings = PaintingTold(many=True, help_text="The best first.")
    steps = StepTold(many=True)
    brackets = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="Runs of places (first, last) within which nobody is told apart from the first.",
    )
    seconds = serializers.FloatField(help_text="What the model took.")


class JudgingTold(serializers.ModelSerializer[Judging]):
    version = serializers.IntegerField(source="version.number", default=None, allow_null=True)
    words = serializers.SerializerMethodField(help_text="What is being done, or why nothing is.")
    before = serializers.SerializerMethodField(help_text="How many others come first, while it is queued.")
    result = serializers.SerializerMethodField(help_text="Null until the state is `done`.")

    class Meta:
        model = Judging
        fields = (
            *("key", "state", "before", "done", "total", "words", "error"),
            *("version", "created_at", "expires_at", "result"),
        )

    def get_words(self, judging: Judging) -> str:
        return selectors.words_of(judging, now=timezone.now())

    def get_before(self, judging: Judging) -> int:
        return selectors.n_before(judging)

    @extend_schema_field(ResultTold(allow_null=True))
    def get_result(self, judging: Judging) -> Any:
        if judging.state != JobState.DONE:
            return None
        found: Result = result_of(judging)
        return ResultTold(found).data


class MayJudge(BasePermission):
    """Admins; raters and guests where `JUDGE_FOR` says so."""

    message = "This site's judge is not open to you."

    def has_permission(self, request: Request, view: Any) -> bool:
        return may_judge(request.user)


class JudgeView(APIView):
    """The judge. What is sent is decoded, shown to whoever sent it, and deleted when it expires."""

    permission_classes = [MayJudge]
    throttle_classes = list(THROTTLES)
    parser_classes = [MultiPartParser, JSONParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        body_check(request._request)  # before a session's secret is looked for in the body
        super().initial(request, *args, **kwargs)

    @extend_schema(
        request={"multipart/form-data": Asked, "application/json": Asked},
        parameters=[OpenApiParameter("wait", float, description=WAIT_HELP)],
        responses={
            200: JudgingTold,
            202: JudgingTold,
            400: Refusal,
            401: Refusal,
            403: Refusal,
            409: Refusal,
            413: Refusal,
            429: Refusal,
        },
        operation_id="judge_create",
    )
    def post(self, request: Request) -> Response:
        """Ask for a judgement. 200 with the result where `wait` was long enough, else 202 with where to ask again.

        A file that cannot be used is found by the worker: the state is then `failed`, and `error` says why. Also at
        `/api/judge/`.
        """
        wait_s = _seconds(request._request)
        if not isinstance(request.data, dict):
            raise exceptions.ValidationError("Send a form, or one JSON object.")
        form = QuestionForm(request.data, request.FILES)
        if not form.is_valid():
            raise exceptions.ValidationError(
                {field: [str(word) for word in words] for field, words in form.errors.items()}
            )
        judging = services.judging_ask(question=form.question(), user=person(request.user), now=timezone.now())
        return _told(_waited_for(judging, wait_s))


class JudgingView(APIView):
    permission_classes = [MayJudge]

    @extend_schema(responses={200: JudgingTold, 202: JudgingTold, 404: Refusal}, operation_id="judge_retrieve")
    def get(self, request: Request, key: UUID) -> Response:
        """A judging of one's own: 202 while it is waited for, 200 once it is over, until it expires."""
        return _told(_own(request, key))

    @extend_schema(responses={204: None, 404: Refusal, 409: Refusal}, operation_id="judge_destroy")
    def delete(self, request: Request, key: UUID) -> Response:
        """Delete it, with all files."""
        services.judging_forget(judging=_own(request, key), now=timezone.now())
        return Response(status=204)


@extend_schema(exclude=True)
class JudgeAlias(JudgeView):
    """The same at the address without a version."""


def _own(request: Request, key: UUID) -> Judging:
    judging = selectors.judging_of(user=person(request.user), key=key)
    if judging is None:
        raise Http404
    return judging


def _told(judging: Judging) -> Response:
    if judging.is_over:
        return Response(JudgingTold(judging).data)
    where = f"/api/v1/judge/{judging.key}/"
    return Response(JudgingTold(judging).data, status=202, headers={"Location": where, "Retry-After": "1"})


def _waited_for(judging: Judging, seconds: float) -> Judging:
    """The judging once it is over or the time is up; as it is now where enough others wait already."""
    if not _waiting.acquire(blocking=False):
        return judging
    try:
        end = time.monotonic() + seconds
        while not judging.is_over and time.monotonic() < end:
            time.sleep(LOOK_EVERY_S)
            judging.refresh_from_db(fields=["state"])
    finally:
        _waiting.release()
    judging.refresh_from_db()
    return judging


def _seconds(request: HttpRequest) -> float:
    try:
        asked = float(request.GET.get("wait", "0"))
    except ValueError:
        raise exceptions.ValidationError({"wait": ["Give a number of seconds."]}) from None
    return min(max(asked, 0.0), MOST_WAIT_S) if math.isfinite(asked) else 0.0
