"""Campaigns, pairs, ratings, preference tasks and votes. People stand here under their pseudonyms only."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.accounts.models import Rater
from annotation_site.api.jobs import ReadOnly
from annotation_site.preferences.models import PreferenceTask, Vote
from annotation_site.preferences.report import keeping, numbers
from annotation_site.preferences.selectors import LEFT_BAND
from annotation_site.reliability.keeping import report_kept
from annotation_site.reliability.numbers import report_as_dict
from annotation_site.scoring.models import Campaign, Pair, Rating


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    class Meta:
        model = Campaign
        fields = (
            "id",
            "slug",
            "name",
            "is_open",
            "is_synthetic",
            "instructions",
            "raters_per_pair",
            "trim",
            "band_low",
            "band_high",
            "votes_per_task",
            "most_votes_per_task",
            "lease_minutes",
            "created_at",
        )


class PairSerializer(serializers.ModelSerializer[Pair]):
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", read_only=True)
    painting = serializers.CharField(source="painting.key", read_only=True)
    clip = serializers.CharField(source="clip.key", read_only=True)

    class Meta:
        model = Pair
        fields = (
            "id",
            "key",
            "campaign",
            "painting",
            "clip",
            "origin",
            "rating_count",
            "score",
            "dispersion",
            "completed_at",
            "created_at",
        )


class RatingSerializer(serializers.ModelSerializer[Rating]):
    pair = serializers.CharField(source="pair.key", read_only=True)
    rater = serializers.CharField(source="rater.code", read_only=True)

    class Meta:
        model = Rating
        fields = (
            "id",
            "pair",
            "rater",
            "value",
            "state",
            "supersedes",
            "played_ms",
            "active_ms",
            "input_method",
            "evidence",
            "protocol",
            "is_simulated",
            "created_at",
        )


class TaskSerializer(serializers.ModelSerializer[PreferenceTask]):
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", read_only=True)
    pair_a = serializers.CharField(source="pair_a.key", read_only=True)
    pair_b = serializers.CharField(source="pair_b.key", read_only=True)
    unanimous = serializers.BooleanField(read_only=True, help_text="Decided without a vote against it.")
    agreement = serializers.FloatField(
        read_only=True, allow_null=True, help_text="The share of its votes that went to the winner; null without one."
    )
    left_band = serializers.BooleanField(
        read_only=True,
        help_text="A pair has left the ambiguous band since: its score changed, or it has none any more.",
    )

    class Meta:
        model = PreferenceTask
        fields = (
            "id",
            "key",
            "campaign",
            "direction",
            "pair_a",
            "pair_b",
            "state",
            "places",
            "votes_a",
            "votes_b",
            "winner",
            "unanimous",
            "agreement",
            "left_band",
            "created_at",
            "decided_at",
        )


class VoteSerializer(serializers.ModelSerializer[Vote]):
    task = serializers.CharField(source="task.key", read_only=True)
    rater = serializers.CharField(source="rater.code", read_only=True)

    class Meta:
        model = Vote
        fields = (
            "id",
            "task",
            "rater",
            "choice",
            "left",
            "first",
            "state",
            "supersedes",
            "active_ms",
            "evidence",
            "protocol",
            "is_simulated",
            "created_at",
        )


class RaterSerializer(serializers.ModelSerializer[Rater]):
    class Meta:
        model = Rater
        fields = (
            *("id", "code", "state", "role", "discipline", "training_years", "background", "is_simulated"),
            *("protocol", "consented_at", "briefed_at", "admitted_at", "created_at"),
        )


class PairFilter(filters.FilterSet):
    campaign = filters.CharFilter(field_name="campaign__slug")
    painting = filters.CharFilter(field_name="painting__key")
    clip = filters.CharFilter(field_name="clip__key")
    is_complete = filters.BooleanFilter(field_name="completed_at", lookup_expr="isnull", exclude=True)
    score_min = filters.NumberFilter(field_name="score", lookup_expr="gte")
    score_max = filters.NumberFilter(field_name="score", lookup_expr="lte")

    class Meta:
        model = Pair
        fields = ("key", "origin")


class RatingFilter(filters.FilterSet):
    campaign = filters.CharFilter(field_name="pair__campaign__slug")
    pair = filters.CharFilter(field_name="pair__key")
    rater = filters.CharFilter(field_name="rater__code")
    since = filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")

    class Meta:
        model = Rating
        fields = ("state", "is_simulated")


class TaskFilter(filters.FilterSet):
    campaign = filters.CharFilter(field_name="campaign__slug")
    unanimous = filters.BooleanFilter()
    agreement_min = filters.NumberFilter(field_name="agreement", lookup_expr="gte")
    left_band = filters.BooleanFilter()

    class Meta:
        model = PreferenceTask
        fields = ("key", "direction", "state", "winner")


class VoteFilter(filters.FilterSet):
    campaign = filters.CharFilter(field_name="task__campaign__slug")
    task = filters.CharFilter(field_name="task__key")
    rater = filters.CharFilter(field_name="rater__code")

    class Meta:
        model = Vote
        fields = ("state", "is_simulated")


class ReportNotReady(exceptions.APIException):
    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = "report_not_ready"
    default_detail = "This report is being worked out for the first time. Ask again in a few seconds."


class CampaignViewSet(ReadOnly):
    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    lookup_field = "slug"
    filterset_fields = ["is_open", "is_synthetic"]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True)
    def reliability(self, request: Request, slug: str) -> Response:
        """Alpha with its interval, dispersion, histograms and each rater; the same numbers as the panel shows."""
        report = report_kept(campaign=self.get_object(), now=timezone.now())
        if report is None:
            raise ReportNotReady
        return Response(report_as_dict(report=report))

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, url_path="preference-report")
    def preference_report(self, request: Request, slug: str) -> Response:
        """Progress by direction, agreement, sides, cycles and Bradley-Terry scales; the panel's own numbers."""
        report = keeping.report_cached(campaign=self.get_object(), now=timezone.now())
        return Response(numbers.report_as_dict(report=report))


class PairViewSet(ReadOnly):
    queryset = Pair.objects.select_related("campaign", "painting", "clip")
    serializer_class = PairSerializer
    filterset_class = PairFilter


class RatingViewSet(ReadOnly):
    queryset = Rating.objects.select_related("pair", "rater")
    serializer_class = RatingSerializer
    filterset_class = RatingFilter


class TaskViewSet(ReadOnly):
    queryset = PreferenceTask.objects.select_related("campaign", "pair_a", "pair_b").annotate(left_band=LEFT_BAND)
    serializer_class = TaskSerializer
    filterset_class = TaskFilter


class VoteViewSet(ReadOnly):
    queryset = Vote.objects.select_related("task", "rater")
    serializer_class = VoteSerializer
    filterset_class = VoteFilter


class RaterViewSet(ReadOnly):
    queryset = Rater.objects.all()
    serializer_class = RaterSerializer
    lookup_field = "code"
    filterset_fields: Any = ["state", "is_simulated"]
