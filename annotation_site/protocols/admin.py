"""Protocol versions in the admin panel: written as a draft, looked at as raters see it, published for good."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, StackedInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextareaWidget

from annotation_site.accounts.models import Rater
from annotation_site.protocols.models import Example, ExampleKind, ProtocolVersion
from annotation_site.protocols.rendering import rendered
from annotation_site.protocols.selectors import (
    draft_open,
    examples_of,
    problems_of,
    version_in_force,
    versions_with_raters,
)
from annotation_site.protocols.services import ProtocolError, draft_make, version_publish
from annotation_site.protocols.shown import example_shown

HELP = {
    "summary": "What is new in this version, in a line: for other admins.",
    "consent": "Markdown. {code} stands for the rater's pseudonym. Raters tick a box under it.",
    "briefing": "Markdown. Below it come the scale to try and the keys, in every version.",
    "asks_background": "Raters tell their role, discipline and years of training before the briefing.",
    "qualifies_within": (
        "The largest mean distance of a practice round's marks from the references, from 0 to 1; experts lie about "
        "0.1 apart. Left empty, everybody may go on after one round."
    ),
    "practice_attempts": "How many rounds somebody may try to qualify in. 0: as many as they like.",
    "again_consent": "Raters of earlier versions have to agree again before their next piece of work.",
    "again_briefing": "They have to read the briefing and the examples again.",
    "again_practice": "They have to go through the practice again.",
}
LABELS = {
    "summary": "What is new",
    "asks_background": "Ask for background",
    "qualifies_within": "Qualify within",
    "practice_attempts": "Practice attempts",
    "again_consent": "Ask for consent again",
    "again_briefing": "Brief again",
    "again_practice": "Practise again",
}


class VersionForm(forms.ModelForm):
    class Meta:
        model = ProtocolVersion
        fields = (*HELP,)
        labels = LABELS
        help_texts = HELP
        widgets: ClassVar[dict[str, Any]] = {
            "consent": UnfoldAdminTextareaWidget(attrs={"rows": 18}),
            "briefing": UnfoldAdminTextareaWidget(attrs={"rows": 18}),
        }


class ExampleInline(StackedInline):
    """Worked examples and practice pairs, by painting and clip."""

    model = Example
    extra = 0
    autocomplete_fields = ("painting", "clip")
    fields = (("kind", "position"), ("painting", "clip"), "reference", "explanation")
    verbose_name = "example"
    verbose_name_plural = "worked examples and practice pairs"

    def has_add_permission(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> bool:
        return _is_draft(obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> bool:
        return _is_draft(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> bool:
        return _is_draft(obj) and super().has_delete_permission(request, obj)


def _is_draft(version: ProtocolVersion | None) -> bool:
    return version is not None and not version.is_published


@admin.register(ProtocolVersion)
class ProtocolVersionAdmin(ModelAdmin):
    """One draft at a time; what is published is only looked at."""

    form = VersionForm
    inlines = (ExampleInline,)
    list_display = ("number", "state_label", "summary", "n_briefed", "published_at")
    ordering = ("-number",)
    fieldsets = (
        (None, {"fields": ("summary",)}),
        ("Consent and background", {"fields": ("consent", "asks_background")}),
        ("Briefing", {"fields": ("briefing",)}),
        (
            "Practice",
            {
                "fields": (("qualifies_within", "practice_attempts"),),
                "description": "Practice pairs stand below. Their items come into no new pairs of a campaign.",
            },
        ),
        (
            "Raters of earlier versions",
            {
                "fields": (("again_consent", "again_briefing", "again_practice"),),
                "description": "What they have to do before their next piece of work. With none, they notice nothing.",
            },
        ),
    )
    actions_list: ClassVar[list[str]] = ["write_draft"]
    actions_detail: ClassVar[list[str]] = ["preview", "publish"]

    def get_fieldsets(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> Any:
        """What is published is shown as it reads."""
        if obj is None or not obj.is_published:
            return self.fieldsets
        shown: dict[Any, str] = {"consent": "consent_shown", "briefing": "briefing_shown"}
        return [
            (title, {**told, "fields": tuple(shown.get(name, name) for name in told["fields"])})
            for title, told in self.fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> tuple[str, ...]:
        return ("consent_shown", "briefing_shown") if obj and obj.is_published else ()

    @display(description="Consent")
    def consent_shown(self, version: ProtocolVersion) -> SafeString:
        return format_html('<div class="prose">{}</div>', rendered(version.consent))

    @display(description="Briefing")
    def briefing_shown(self, version: ProtocolVersion) -> SafeString:
        return format_html('<div class="prose">{}</div>', rendered(version.briefing))

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProtocolVersion]:
        version_in_force()  # a new site's first one is made when it is first asked for
        return versions_with_raters()

    @display(description="State", label={"Draft": "warning", "In force": "success", "Former": None})
    def state_label(self, version: ProtocolVersion) -> str:
        if not version.is_published:
            return "Draft"
        return "In force" if version.number == version_in_force().number else "Former"

    @display(description="Briefed raters", ordering="n_briefed")
    def n_briefed(self, version: ProtocolVersion) -> str:
        return f"{version.n_briefed:,}"  # type: ignore[attr-defined]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """A draft begins as a copy of what is in force."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or not obj.is_published)

    def has_delete_permission(self, request: HttpRequest, obj: ProtocolVersion | None = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @action(description="Write a new version", icon="edit_document")
    def write_draft(self, request: HttpRequest) -> HttpResponse:
        if not super().has_change_permission(request):
            raise PermissionDenied
        is_new = draft_open() is None
        draft = draft_make(now=timezone.now())
        if is_new:
            messages.success(request, f"{draft} is a draft: a copy of what is in force. Raters see nothing of it yet.")
        return redirect(reverse("admin:protocols_protocolversion_change", args=[draft.number]))

    @action(description="As raters see it", icon="visibility")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = get_object_or_404(ProtocolVersion, pk=object_id)
        if not self.has_view_permission(request, version):
            raise PermissionDenied
        context = {
            "version": version,
            "consent": rendered(version.consent, code="R-ABCDEF"),
            "briefing": rendered(version.briefing, code="R-ABCDEF"),
            "examples": [example_shown(one) for one in examples_of(version, ExampleKind.WORKED)],
            "practice": [example_shown(one) for one in examples_of(version, ExampleKind.PRACTICE)],
            "problems": [] if version.is_published else problems_of(version),
        }
        return render(request, "protocols/preview.html", context)

    @action(description="Publish", icon="publish", permissions=["publish"])
    def publish(self, request: HttpRequest, object_id: str) -> HttpResponse:
        version = get_object_or_404(ProtocolVersion, pk=object_id)
        back = reverse("admin:protocols_protocolversion_change", args=[version.number])
        if version.is_published:
            messages.warning(request, f"{version} is published already.")
            return redirect(back)
        if request.method == "POST":
            try:
                version_publish(version=version, by=request.user, now=timezone.now())  # type: ignore[arg-type]
            except ProtocolError as error:
                messages.error(request, str(error))
            else:
                messages.success(request, f"{version} is in force from now on.")
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": ProtocolVersion._meta,
            "original": version,
            "title": f"Publish {version}",
            "question": f"Put {version} in force?",
            "facts": consequences(version),
            "yes": "Publish it",
            "back": back,
        }
        return TemplateResponse(request, "admin/confirm.html", context)

    def has_publish_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        draft = draft_open()
        is_this = draft is not None and str(draft.number) == str(object_id)
        return is_this and super().has_change_permission(request)


def consequences(version: ProtocolVersion) -> list[str]:
    """What publishing a draft does and what is wrong with it, in sentences."""
    facts = [problem.words for problem in problems_of(version)]
    asked = [
        words
        for flag, words in (
            (version.again_consent, "agree"),
            (version.again_briefing, "read the briefing"),
            (version.again_practice, "practise"),
        )
        if flag
    ]
    admitted = Rater.objects.filter(is_simulated=False).exclude(admitted_at=None).count()
    if asked:
        facts.append(f"{admitted:,} raters have to {' and '.join(asked)} again before their next piece of work.")
    else:
        facts.append(f"{admitted:,} raters go on as they were; their ratings keep the version that they read.")
    facts.append(
        "From then on it cannot be changed, because ratings carry its number. The next change is a new version."
    )
    return facts
