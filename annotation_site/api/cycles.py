"""Cycles of the loop: to read. They begin by their schedules, or from the panel or the command line."""

from __future__ import annotations

from django.db.models import Prefetch
from rest_framework import serializers

from annotation_site.api.jobs import ReadOnly
from annotation_site.cycles.models import Contest, Cycle, CycleStep
from annotation_site.scoring.models import Campaign


class ContestSerializer(serializers.ModelSerializer[Contest]):
    found = serializers.DictField(allow_null=True, help_text="As `python -m model contest` writes it, once done.")

    class Meta:
        model = Contest
        fields = ("id", "state", "run", "against", "least_pairs", "seed", "found")


class CycleStepSerializer(serializers.ModelSerializer[CycleStep]):
    contest = ContestSerializer(read_only=True, allow_null=True)
    figures = serializers.DictField(help_text="What the step came to, once done.")

    class Meta:
        model = CycleStep
        fields = (
            "kind",
            "state",
            "attempts",
            "words",
            "figures",
            "started_at",
            "finished_at",
            "snapshot",
            "run",
            "contest",
            "version",
            "rescoring",
            "proposal",
        )


class CycleSerializer(serializers.ModelSerializer[Cycle]):
    campaign = serializers.SlugRelatedField[Campaign](source="schedule.campaign", slug_field="slug", read_only=True)
    plan = serializers.DictField(help_text="The schedule's settings when the cycle began.")
    steps = CycleStepSerializer(many=True, read_only=True)

    class Meta:
        model = Cycle
        fields = (
            "id",
            "number",
            "campaign",
            "state",
            "is_asked",
            "new_pairs",
            "plan",
            "words",
            "started_at",
            "finished_at",
            "steps",
        )


class CycleViewSet(ReadOnly):
    """Cycles, each with the steps that have begun, in their order."""

    queryset = Cycle.objects.select_related("schedule__campaign").prefetch_related(
        Prefetch("steps", CycleStep.objects.select_related("contest").order_by("pk"))
    )
    serializer_class = CycleSerializer
    filterset_fields = {"state": ["exact"], "schedule__campaign__slug": ["exact"], "started_at": ["gte", "lte"]}
