"""Raters in the admin panel."""

from __future__ import annotations

from collections.abc import Callable
from random import SystemRandom
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant

from annotation_site.accounts import retirement
from annotation_site.accounts.models import Rater, RaterState
from annotation_site.accounts.selectors import raters_with_work
from annotation_site.accounts.services import rater_create, rater_pause, rater_resume
from annotation_site.protocols.rater_columns import AdmittedFilter, practice_in_full, steps_in_full
from annotation_site.protocols.services import practice_forgive, practice_waive

RATER_STATE_LABELS = {
    RaterState.ACTIVE: "success",
    RaterState.PAUSED: "warning",
    RaterState.EXCLUDED: "danger",
    RaterState.WITHDRAWN: "danger",
}


@admin.register(Rater)
class RaterAdmin(ModelAdmin):
    """Raters with what they have done; their states change by the actions only."""

    list_display = ("code", "user", "state_label", "work", "n_votes", "last_rating", "simulated", "created_at")
    list_filter = ("state", "is_simulated", "role", AdmittedFilter, ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("code", "user__username", "background")
    ordering = ("-created_at", "code")
    fields = (
        ("code", "user"),
        ("state", "is_simulated"),
        ("role", "discipline", "training_years"),
        "background",
        ("protocol", "admitted_at"),
        "steps_told",
        "practice_told",
        ("created_at", "order_seed"),
    )
    actions = ("exclude_raters", "withdraw_raters", "pause_raters", "resume_raters")
    actions_detail: ClassVar[list[str]] = ["exclude_one", "withdraw_one", "let_go_on", "allow_another_try"]
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rater]:
        return raters_with_work()

    def get_fields(self, request: HttpRequest, obj: Rater | None = None) -> Any:
        return super().get_fields(request, obj) if obj else ("user", "background")

    def get_readonly_fields(self, request: HttpRequest, obj: Rater | None = None) -> Any:
        people = ("code", "user", "state", "is_simulated", "created_at", "order_seed")
        return (*people, "protocol", "admitted_at", "steps_told", "practice_told") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Rater | None = None) -> bool:
        """Ratings are never deleted, so neither are raters: withdraw them."""
        return False

    def save_model(self, request: HttpRequest, obj: Rater, form: forms.ModelForm[Any], change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = rater_create(user=obj.user, background=obj.background, now=timezone.now(), random=SystemRandom())
        obj.pk, obj.code = made.pk, made.code

    @display(description="State", ordering="state", label=RATER_STATE_LABELS)
    def state_label(self, rater: Rater) -> tuple[str, str]:
        return rater.state, "Paused by themselves" if rater.is_own_pause else rater.get_state_display()

    @display(description="Ratings", ordering="n_ratings")
    def work(self, rater: Rater) -> str:
        count = f"{rater.n_ratings:,}"  # type: ignore[attr-defined]
        url = reverse("admin:scoring_rating_changelist")
        return format_html('<a href="{}?rater__id__exact={}">{}</a>', url, rater.pk, count)

    @display(description="Votes", ordering="n_votes")
    def n_votes(self, rater: Rater) -> str:
        return f"{rater.n_votes:,}"  # type: ignore[attr-defined]

    @display(description="Last rating", ordering="last_rating_at")
    def last_rating(self, rater: Rater) -> Any:
        return rater.last_rating_at or "-"  # type: ignore[attr-defined]

    @display(description="Simulated", ordering="is_simulated", label={"Simulated": "info"})
    def simulated(self, rater: Rater) -> str | None:
        return "Simulated" if rater.is_simulated else None

    @admin.action(description="Exclude: take all their judgments out", permissions=["change"])
    def exclude_raters(self, request: HttpRequest, queryset: QuerySet[Rater]) -> HttpResponse:
        return self._to_retirement(retirement.Kind.EXCLUDE, queryset)

    @admin.action(description="Withdraw: they asked for their judgments to go", permissions=["change"])
    def withdraw_raters(self, request: HttpRequest, queryset: QuerySet[Rater]) -> HttpResponse:
        return self._to_retirement(retirement.Kind.WITHDRAW, queryset)

    @admin.action(description="Pause: offer them no work for now", permissions=["change"])
    def pause_raters(self, request: HttpRequest, queryset: QuerySet[Rater]) -> None:
        n = sum(rater_pause(rater=rater) for rater in queryset)
        messages.success(request, f"{n} of {len(queryset)} paused. What they gave stays counted.")

    @admin.action(description="Resume: offer them work again", permissions=["change"])
    def resume_raters(self, request: HttpRequest, queryset: QuerySet[Rater]) -> None:
        n = sum(rater_resume(rater=rater) for rater in queryset)
        messages.success(request, f"{n} of {len(queryset)} go on.")

    @action(description="Exclude", icon="person_off", permissions=["change"])
    def exclude_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._to_retirement(retirement.Kind.EXCLUDE, Rater.objects.filter(pk=object_id))

    @action(description="Withdraw", icon="undo", variant=ActionVariant.DANGER, permissions=["change"])
    def withdraw_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._to_retirement(retirement.Kind.WITHDRAW, Rater.objects.filter(pk=object_id))

    @display(description="Steps taken")
    def steps_told(self, rater: Rater) -> SafeString | str:
        return steps_in_full(rater)

    @display(description="Practice")
    def practice_told(self, rater: Rater) -> SafeString | str:
        return practice_in_full(rater)

    @action(description="Let them go on without qualifying", icon="login", permissions=["change"])
    def let_go_on(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rater = get_object_or_404(Rater, pk=object_id)

        def act() -> str:
            if practice_waive(rater=rater, by=request.user, now=timezone.now()):  # type: ignore[arg-type]
                return f"{rater} may go on. That you let them through is on record."
            return f"Practice is not what {rater} lacks, so there was nothing to waive."

        facts = ["Their practice stays as it is.", "The record says who let them through, and when."]
        return self._ask(request, rater, f"Let {rater} go on without qualifying?", facts, "Let them go on", act)

    @action(description="Allow another practice", icon="replay", permissions=["change"])
    def allow_another_try(self, request: HttpRequest, object_id: str) -> HttpResponse:
        rater = get_object_or_404(Rater, pk=object_id)

        def act() -> str:
            n = practice_forgive(rater=rater)
            return f"{rater} has all attempts again." if n else f"{rater} has not failed any practice round."

        facts = ["Rounds that did not pass no longer count against them; they stay on record."]
        return self._ask(request, rater, f"Give {rater} all attempts again?", facts, "Give them", act)

    def _ask(
        self, request: HttpRequest, rater: Rater, question: str, facts: list[str], yes: str, act: Callable[[], str]
    ) -> HttpResponse:
        """A page that asks; what `act` says it did is shown afterwards."""
        back = reverse("admin:accounts_rater_change", args=[rater.pk])
        if request.method == "POST":
            messages.success(request, act())
            return redirect(back)
        asked = {"title": str(rater), "question": question, "facts": facts, "yes": yes, "back": back}
        context = {**self.admin_site.each_context(request), **asked, "opts": Rater._meta, "original": rater}
        return TemplateResponse(request, "admin/confirm.html", context)

    def _to_retirement(self, kind: retirement.Kind, raters: QuerySet[Rater]) -> HttpResponse:
        ids = ",".join(str(pk) for pk in raters.values_list("pk", flat=True))
        return redirect(f"{reverse('admin:accounts_rater_retire', args=[kind])}?ids={ids}")

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("retire/<str:kind>/", "accounts_rater_retire", self.retire),)

    def retire(self, request: HttpRequest, kind: str, model_admin: ModelAdmin) -> HttpResponse:
        """What excluding or withdrawing would change, and the button that does it."""
        if kind not in list(retirement.Kind) or not self.has_change_permission(request):
            raise Http404
        ids = [int(part) for part in request.GET.get("ids", "").split(",") if part.isdecimal()]
        raters = Rater.objects.filter(pk__in=ids).order_by("code")
        back = reverse("admin:accounts_rater_changelist")
        if not raters:
            messages.warning(request, "Choose at least one rater.")
            return redirect(back)
        if request.method == "POST":
            messages.success(request, retirement.retire(kind=retirement.Kind(kind), raters=raters, now=timezone.now()))
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            **retirement.confirmation(kind=retirement.Kind(kind), raters=raters),
            "opts": Rater._meta,
            "back": back,
        }
        return TemplateResponse(request, "admin/confirm.html", context)
