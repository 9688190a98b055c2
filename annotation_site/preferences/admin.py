"""Preference tasks in the admin panel: looked at here, made from a campaign's page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from unfold.decorators import display

from annotation_site.leases.skip_columns import SkippedFilter, skips_in_full, skips_in_short, with_skips
from annotation_site.preferences.models import PreferenceTask
from annotation_site.preferences.selectors import LEFT_BAND
from annotation_site.scoring.admin import ReadOnlyAdmin

STATE_LABELS = {
    "Open": "info",
    "Kept: a strict majority agrees": "success",
    "Undecided": "warning",
    "Closed: a pair left the ambiguous band": None,
}
LEFT_SINCE = "A pair has left the band since"


class BandFilter(admin.SimpleListFilter):
    """Tasks whose pairs are both ambiguous still, and those of which one is not any more."""

    title = "band"
    parameter_name = "left_band"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("no", "Both pairs are in the band"), ("yes", LEFT_SINCE)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(left_band=self.value() == "yes") if self.value() else queryset


@admin.register(PreferenceTask)
class PreferenceTaskAdmin(ReadOnlyAdmin):
    list_display = (
        "query",
        "direction",
        "candidates",
        "votes",
        "agreement_shown",
        "state_label",
        "band",
        "skips",
        "decided_at",
    )
    list_select_related = (
        "pair_a__painting",
        "pair_a__clip__track",
        "pair_b__painting",
        "pair_b__clip__track",
    )
    list_filter = ("campaign", "direction", "state", BandFilter, SkippedFilter)
    search_fields = ("key",)
    ordering = ("-pk",)
    readonly_fields = ("unanimous", "agreement_shown", "band", "skips_told")

    def get_queryset(self, request: HttpRequest) -> QuerySet[PreferenceTask]:
        return with_skips(super().get_queryset(request)).annotate(left_band=LEFT_BAND)

    @display(description="Skips", ordering="n_skips")
    def skips(self, task: Any) -> str:
        return skips_in_short(task.bars.all())

    @display(description="Skips")
    def skips_told(self, task: Any) -> SafeString | str:
        return skips_in_full(task.bars.all())

    @display(description="Query")
    def query(self, task: PreferenceTask) -> str:
        return str(task.pair_a.clip if task.direction == "music->painting" else task.pair_a.painting)

    @display(description="Candidates")
    def candidates(self, task: PreferenceTask) -> str:
        pairs = (task.pair_a, task.pair_b)
        a, b = (str(pair.painting if task.direction == "music->painting" else pair.clip) for pair in pairs)
        return f"{a} or {b}"

    @display(description="Votes")
    def votes(self, task: PreferenceTask) -> str:
        return f"{task.votes_a} to {task.votes_b}"

    @display(description="Agreement", ordering="agreement")
    def agreement_shown(self, task: PreferenceTask) -> str:
        return "" if task.agreement is None else f"{100 * task.agreement:.0f} %"

    @display(description="Band", ordering="left_band", label={LEFT_SINCE: "warning"})
    def band(self, task: Any) -> str | None:
        return LEFT_SINCE if task.left_band and task.state != PreferenceTask.State.LEFT_BAND else None

    @display(description="State", ordering="state", label=STATE_LABELS)
    def state_label(self, task: PreferenceTask) -> str:
        return str(PreferenceTask.State(task.state).label)
