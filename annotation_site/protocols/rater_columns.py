"""How a rater came to be admitted, in the admin panel: their steps, their practice, and who still waits."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import date as date_words
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import PracticeRound, StepTaken


class AdmittedFilter(admin.SimpleListFilter):
    """Who may work, and who has a step before them."""

    title = "admitted"
    parameter_name = "admitted"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [("yes", "Admitted"), ("no", "With a step before them")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Rater]) -> QuerySet[Rater]:
        if self.value() is None:
            return queryset
        return queryset.filter(admitted_at__isnull=self.value() == "no")


def steps_in_full(rater: Rater) -> SafeString | str:
    steps = StepTaken.objects.filter(rater=rater).select_related("waived_by").order_by("pk")
    return format_html_join("", "<div>{}</div>", ((_step_words(step),) for step in steps)) or "none yet"


def _step_words(step: StepTaken) -> str:
    by = f", let through by {step.waived_by}" if step.waived_by else ""
    return f"{step.get_step_display()}, version {step.version_id}: {_day(step.taken_at)}{by}"


def practice_in_full(rater: Rater) -> SafeString | str:
    rounds = PracticeRound.objects.filter(rater=rater).select_related("version").order_by("pk")
    return format_html_join("", "<div>{}</div>", ((_round_words(practice),) for practice in rounds)) or "none yet"


def _round_words(practice: PracticeRound) -> str:
    which = f"Round {practice.number}, version {practice.version_id}"
    if practice.finished_at is None:
        return f"{which}: begun {_day(practice.started_at)}"
    limit = practice.version.qualifies_within
    asked = "" if limit is None else f" ({limit:.2f} asked for)"
    outcome = "passed" if practice.has_passed else "forgiven" if practice.is_forgiven else "not passed"
    far = f"{practice.distance:.3f} from the references on average{asked}"
    return f"{which}: {far}, {outcome}, {_day(practice.finished_at)}"


def _day(moment: Any) -> str:
    return date_words(timezone.localtime(moment), "j M Y, H:i")
