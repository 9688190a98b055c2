"""The loop in the admin panel: schedules, cycles as timelines, and the contests that decide on promotion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display

from annotation_site.cycles.forms import ScheduleForm
from annotation_site.cycles.intervals import intervals_of, tables_of
from annotation_site.cycles.machine import CycleState
from annotation_site.cycles.models import Contest, Cycle, Schedule
from annotation_site.cycles.plan import Plan, words
from annotation_site.cycles.selectors import trigger_of
from annotation_site.cycles.services import CycleError, cycle_advance, cycle_begin, cycle_cancel, cycle_retry
from annotation_site.cycles.timeline import CYCLE_LABELS, timeline
from annotation_site.jobs.admin import JobAdmin, user_of


@admin.register(Schedule)
class ScheduleAdmin(ModelAdmin):
    """When a campaign's loop goes round, and how. What it will do stands above the form in words."""

    form = ScheduleForm
    list_display = ("campaign", "on_label", "next_cycle", "last_cycle")
    list_select_related = ("campaign",)
    ordering = ("-pk",)
    change_form_outer_before_template = "admin/cycles/schedule.html"
    fieldsets = (
        (None, {"fields": ("campaign", "is_enabled", ("every_pairs", "most_per_day"))}),
        ("Export", {"fields": ("snapshot_recipe", "snapshot_overrides")}),
        ("Train", {"fields": ("recipe", "seed", ("device", "processes"), "overrides")}),
        ("Promote", {"fields": ("promotes", "least_pairs")}),
        ("Rescore and propose", {"fields": (("pool", "pool_size"), ("ask_for", "method"), "control_share")}),
    )

    class Media:
        css = {"all": ["cycles/cycles.css"]}

    @display(description="Schedule", label={"on": "success", "off": "default"})
    def on_label(self, schedule: Schedule) -> str:
        return "on" if schedule.is_enabled else "off"

    @display(description="Next cycle")
    def next_cycle(self, schedule: Schedule) -> str:
        return trigger_of(schedule=schedule, now=timezone.now()).words

    @display(description="Last cycle")
    def last_cycle(self, schedule: Schedule) -> str:
        last = schedule.cycles.order_by("-number").first()
        return f"{last.number}, {last.get_state_display().lower()}" if last else "none yet"

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or not obj.cycles.exists())

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> tuple[str, ...]:
        return ("campaign",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Schedule, form: ModelForm[Any], change: bool) -> None:
        obj.set_by, obj.set_at = user_of(request), timezone.now()
        super().save_model(request, obj, form, change)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        schedule = Schedule.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        shown = self._shown(schedule) if schedule else {}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def _shown(self, schedule: Schedule) -> dict[str, Any]:
        return {
            "schedule": schedule,
            "trigger": trigger_of(schedule=schedule, now=timezone.now()),
            "steps": list(words(Plan.of(schedule)).values()),
            "cycles": [(cycle, CYCLE_LABELS[CycleState(cycle.state)]) for cycle in schedule.cycles.order_by("-pk")[:5]],
            "run_url": reverse("admin:cycles_schedule_run", args=[schedule.pk]),
        }

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.run_view)
        return [path("<int:schedule_id>/run/", view, name="cycles_schedule_run"), *super().get_urls()]

    def run_view(self, request: HttpRequest, schedule_id: int) -> HttpResponse:
        """Begin a cycle now. Two clicks begin one: the second leads to what the first began."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        schedule = get_object_or_404(Schedule, pk=schedule_id)
        try:
            cycle = cycle_begin(schedule=schedule, now=timezone.now(), user=user_of(request))
        except CycleError as error:
            messages.warning(request, str(error))
            going = trigger_of(schedule=schedule, now=timezone.now()).going
            if going is None:
                return redirect("admin:cycles_schedule_change", schedule.pk)
            return redirect("admin:cycles_cycle_change", going.pk)
        cycle_advance(cycle=cycle, now=timezone.now())
        return redirect("admin:cycles_cycle_change", cycle.pk)


@admin.register(Cycle)
class CycleAdmin(ModelAdmin):
    """Cycles, begun by schedules or from their pages. A cycle's page is its timeline, live while it goes round."""

    list_display = ("title", "state_label", "how", "new_pairs", "started_at", "outcome")
    list_select_related = ("schedule__campaign",)
    list_filter = ("state", "schedule__campaign")
    ordering = ("-pk",)

    @display(description="Cycle", ordering="pk")
    def title(self, cycle: Cycle) -> str:
        return str(cycle)

    @display(description="State", label={str(state.label): label for state, label in CYCLE_LABELS.items()})
    def state_label(self, cycle: Cycle) -> str:
        return str(cycle.get_state_display())

    @display(description="Begun")
    def how(self, cycle: Cycle) -> str:
        return "by hand" if cycle.is_asked else "by the schedule"

    @display(description="Outcome")
    def outcome(self, cycle: Cycle) -> str:
        return cycle.words[:120]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Cycle | None = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        cycle = self._cycle(request, int(object_id) if object_id.isdecimal() else 0)
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": str(cycle)}
        return render(request, "admin/cycles/cycle.html", {**context, **self._shown(request, cycle)})

    def panel_view(self, request: HttpRequest, cycle_id: int) -> HttpResponse:
        """The live part of the page; it stops asking once the cycle has ended."""
        cycle = self._cycle(request, cycle_id)
        return render(request, "admin/cycles/timeline.html", self._shown(request, cycle))

    def retry_view(self, request: HttpRequest, cycle_id: int) -> HttpResponse:
        """Try the failed step again."""

        def retry(cycle: Cycle) -> None:
            cycle_retry(cycle=cycle, now=timezone.now())
            cycle_advance(cycle=cycle, now=timezone.now())

        return self._act(request, cycle_id, retry)

    def cancel_view(self, request: HttpRequest, cycle_id: int) -> HttpResponse:
        return self._act(
            request, cycle_id, lambda cycle: cycle_cancel(cycle=cycle, now=timezone.now(), user=user_of(request))
        )

    def _act(self, request: HttpRequest, cycle_id: int, act: Callable[[Cycle], None]) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not self.has_change_permission(request):
            raise PermissionDenied
        cycle = self._cycle(request, cycle_id)
        try:
            act(cycle)
        except CycleError as error:
            messages.warning(request, str(error))
        return redirect("admin:cycles_cycle_change", cycle.pk)

    def _cycle(self, request: HttpRequest, cycle_id: int) -> Cycle:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Cycle.objects.select_related("schedule__campaign", "created_by"), pk=cycle_id)

    def _shown(self, request: HttpRequest, cycle: Cycle) -> dict[str, Any]:
        return {
            "cycle": cycle,
            "label": CYCLE_LABELS[CycleState(cycle.state)],
            "stations": timeline(cycle=cycle, now=timezone.now()),
            "is_live": cycle.state == CycleState.RUNNING,
            "may_act": self.has_change_permission(request),
            **{name: reverse(f"admin:cycles_cycle_{name}", args=[cycle.pk]) for name in ("panel", "retry", "cancel")},
            "schedule_url": reverse("admin:cycles_schedule_change", args=[cycle.schedule_id]),
        }

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:cycle_id>/panel/", wrap(self.panel_view), name="cycles_cycle_panel"),
            path("<int:cycle_id>/retry/", wrap(self.retry_view), name="cycles_cycle_retry"),
            path("<int:cycle_id>/cancel/", wrap(self.cancel_view), name="cycles_cycle_cancel"),
        ]
        return own + super().get_urls()


@admin.register(Contest)
class ContestAdmin(JobAdmin):
    """Contests begin from cycles only; here they are looked at, live while they run."""

    panel_template = "admin/cycles/contest.html"

    class Media:
        css = {"all": ["cycles/cycles.css"]}

    list_select_related = ("run", "against")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def page_context(self, request: HttpRequest, title: str, **extra: Any) -> dict[str, Any]:
        return super().page_context(request, title, media=self.media, **extra)

    def panel_context(self, job: Contest) -> dict[str, Any]:
        return {"found": job.found, "intervals": intervals_of(job.found), "tables": tables_of(job.found)}
