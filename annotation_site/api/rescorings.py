"""Rescorings and the batches proposed from them: to read, to start, to pause, to stop; to approve or discard."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from annotation_site.api.errors import JobIsOver, Refusal
from annotation_site.api.jobs import JOB_FIELDS, JobSerializer, JobViewSet, read, user_of
from annotation_site.rescoring.models import Device, Method, Pool, Proposal, ProposedPair, Rescoring
from annotation_site.rescoring.pools import MOST_PAIRS
from annotation_site.rescoring.proposals import (
    MOST_CANDIDATES,
    MOST_PROPOSED,
    proposal_approve,
    proposal_discard,
    proposal_start,
)
from annotation_site.rescoring.services import (
    rescoring_cancel,
    rescoring_pause,
    rescoring_resume,
    rescoring_start,
)
from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion
from model.acquisition import DEFAULT_METHOD

STARTED = {400: Refusal, 409: Refusal}
CHANGED = {404: Refusal, 409: Refusal}


class RescoringSerializer(JobSerializer):
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", read_only=True)
    is_paused = serializers.BooleanField(read_only=True)

    class Meta:
        model = Rescoring
        fields = (
            *JOB_FIELDS,
            "version",
            "campaign",
            "pool",
            "pool_size",
            "styles",
            "device",
            "stage",
            "is_paused",
            "ask_for",
            "control_share",
            "seed",
            "n_asked",
            "summary",
        )


class RescoringWanted(serializers.Serializer[Any]):
    version = serializers.PrimaryKeyRelatedField[ModelVersion](queryset=ModelVersion.objects.all())
    campaign = serializers.SlugRelatedField[Campaign](slug_field="slug", queryset=Campaign.objects.all())
    pool = serializers.ChoiceField(choices=Pool.choices, default=Pool.RANDOM)
    pool_size = serializers.IntegerField(min_value=1, max_value=MOST_PAIRS, default=2000)
    styles = serializers.ListField(
        child=serializers.CharField(allow_blank=True), default=list, help_text='Of the pool "styles".'
    )
    ask_for = serializers.IntegerField(
        min_value=0, max_value=MOST_PROPOSED, default=40, help_text="So many pairs are proposed when all is scored."
    )
    control_share = serializers.FloatField(min_value=0, max_value=1, default=0.2)
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)
    device = serializers.ChoiceField(choices=Device.choices, default=Device.AUTO)


class RescoringViewSet(JobViewSet):
    queryset = Rescoring.objects.select_related("campaign")
    serializer_class = RescoringSerializer
    filterset_fields = {
        **JobViewSet.filterset_fields,
        "version": ["exact"],
        "campaign__slug": ["exact"],
        "pool": ["exact"],
    }

    @extend_schema(request=RescoringWanted, responses={201: RescoringSerializer, **STARTED})
    def create(self, request: Request) -> Response:
        """Queue the scoring of a pool. A batch may be proposed when it is done; nobody is asked before approval."""
        wanted = read(RescoringWanted, request)
        return self.started(rescoring_start(**wanted, user=user_of(request), now=timezone.now()))

    @extend_schema(request=None, responses={200: RescoringSerializer, **CHANGED})
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let the shards at work save and stop, and begin no other."""
        return self._changed(rescoring_pause)

    @extend_schema(request=None, responses={200: RescoringSerializer, **CHANGED})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on from the shards that are done: of one paused, failed or cancelled."""
        return self._changed(rescoring_resume)

    @extend_schema(request=None, responses={200: RescoringSerializer, **CHANGED})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Stop it with all its shards; what is scored stays for a resume."""
        return self._changed(_cancel)

    def _changed(self, service: Any) -> Response:
        rescoring = self.get_object()
        service(rescoring=rescoring, now=timezone.now())
        rescoring.refresh_from_db()
        return Response(self.get_serializer(rescoring).data)


def _cancel(**about: Any) -> None:
    if not rescoring_cancel(**about):
        raise JobIsOver


class ProposalSerializer(JobSerializer):
    class Meta:
        model = Proposal
        fields = (
            *JOB_FIELDS,
            "rescoring",
            "method",
            "count",
            "control_share",
            "per_painting",
            "per_clip",
            "sure_sd",
            "n_candidates",
            "members",
            "seed",
            "facts",
            "standing",
            "settled_at",
            "n_asked",
        )


class ProposedPairSerializer(serializers.ModelSerializer[ProposedPair]):
    painting = serializers.SlugRelatedField[Any](slug_field="key", read_only=True)
    clip = serializers.SlugRelatedField[Any](slug_field="key", read_only=True)

    class Meta:
        model = ProposedPair
        fields = ("id", "rank", "painting", "clip", "score", "sd", "reason", "route", "is_dropped", "pair")


class ProposalWanted(serializers.Serializer[Any]):
    rescoring = serializers.PrimaryKeyRelatedField[Rescoring](queryset=Rescoring.objects.all())
    method = serializers.ChoiceField(choices=Method.choices, default=DEFAULT_METHOD.value)
    count = serializers.IntegerField(min_value=1, max_value=MOST_PROPOSED, default=40)
    control_share = serializers.FloatField(min_value=0, max_value=1, default=0.2)
    per_painting = serializers.IntegerField(min_value=1, default=None, allow_null=True)
    per_clip = serializers.IntegerField(min_value=1, default=None, allow_null=True)
    sure_sd = serializers.FloatField(min_value=0, default=None, allow_null=True)
    n_candidates = serializers.IntegerField(min_value=1, max_value=MOST_CANDIDATES, default=100_000)
    members = serializers.PrimaryKeyRelatedField[ModelVersion](
        many=True,
        queryset=ModelVersion.objects.all(),
        required=False,
        default=list,
        help_text="Of an ensemble: 2 to 5.",
    )
    seed = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class ProposalViewSet(JobViewSet):
    queryset = Proposal.objects.prefetch_related("members")
    serializer_class = ProposalSerializer
    filterset_fields = {**JobViewSet.filterset_fields, "rescoring": ["exact"], "standing": ["exact"]}

    @extend_schema(request=ProposalWanted, responses={201: ProposalSerializer, **STARTED})
    def create(self, request: Request) -> Response:
        """Queue the choosing of a batch from a rescoring's scores."""
        wanted = read(ProposalWanted, request)
        return self.started(proposal_start(**wanted, user=user_of(request), now=timezone.now()))

    @extend_schema(responses={200: ProposedPairSerializer(many=True), 404: Refusal}, filters=False)
    @action(detail=True, methods=["get"], pagination_class=None)
    def pairs(self, request: Request, pk: str) -> Response:
        """Its pairs in the order of asking."""
        found = self.get_object().pairs.select_related("painting", "clip").order_by("rank")
        return Response(ProposedPairSerializer(found, many=True).data)

    @extend_schema(request=None, responses={200: ProposalSerializer, **CHANGED})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Put its pairs before all others of the campaign, once."""
        return self._settled(proposal_approve, request)

    @extend_schema(request=None, responses={200: ProposalSerializer, **CHANGED})
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, pk: str) -> Response:
        """Put the batch aside for good."""
        return self._settled(proposal_discard, request)

    def _settled(self, service: Any, request: Request) -> Response:
        proposal = self.get_object()
        service(proposal=proposal, user=user_of(request), now=timezone.now())
        proposal.refresh_from_db()
        return Response(self.get_serializer(proposal).data)
