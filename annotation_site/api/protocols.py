"""What raters are told before they judge, version by version. Writing is done in the panel, where it can be seen."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from annotation_site.api.jobs import ReadOnly
from annotation_site.protocols.models import Example, ProtocolVersion
from annotation_site.protocols.selectors import versions_with_raters


class ExampleSerializer(serializers.ModelSerializer[Example]):
    painting = serializers.CharField(source="painting.key", read_only=True)
    clip = serializers.CharField(source="clip.key", read_only=True)

    class Meta:
        model = Example
        fields = ("kind", "position", "painting", "clip", "reference", "explanation")


class ProtocolSerializer(serializers.ModelSerializer[ProtocolVersion]):
    examples = ExampleSerializer(many=True, read_only=True)
    n_briefed = serializers.IntegerField(read_only=True, help_text="How many people read its briefing.")

    class Meta:
        model = ProtocolVersion
        fields = (
            *("number", "state", "summary", "consent", "briefing", "asks_background"),
            *("practice_attempts", "qualifies_within", "again_consent", "again_briefing", "again_practice"),
            *("digest", "created_at", "published_at", "n_briefed", "examples"),
        )


class ProtocolViewSet(ReadOnly):
    queryset = versions_with_raters().prefetch_related("examples__painting", "examples__clip")
    serializer_class = ProtocolSerializer
    filterset_fields: Any = ["state"]
