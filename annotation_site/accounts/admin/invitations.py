"""Invitations in the admin panel."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from annotation_site.accounts.models import Invitation
from annotation_site.accounts.services import invitation_create


class InvitationForm(forms.ModelForm):
    """What an admin settles about an invitation."""

    days = forms.IntegerField(
        min_value=1, max_value=90, initial=14, label="Good for (days)", widget=UnfoldAdminIntegerFieldWidget
    )

    class Meta:
        model = Invitation
        fields = ("email", "note", "is_admin")
        labels = {"email": "E-mail", "is_admin": "Makes an admin"}
        help_texts = {
            "email": "If you know it. Nothing is sent: you hand over the link yourself.",
            "note": "For your own lists, for example a name. The invited person does not see it.",
            "is_admin": "An admin sees and changes everything. Leave it off for raters.",
        }


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
    """Links that make one account each. Deleting an unused one calls it back."""

    form = InvitationForm
    list_display = ("who", "kind", "state", "created_by", "created_at", "expires_at", "used_by")
    list_filter = ("is_admin",)
    search_fields = ("email", "note")
    ordering = ("-created_at",)

    def get_fields(self, request: HttpRequest, obj: Invitation | None = None) -> Any:
        settled = (("email", "note"), "is_admin", ("created_by", "created_at"), "expires_at", ("used_at", "used_by"))
        return settled if obj else ("email", "note", "days", "is_admin")

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or obj.used_at is None)

    @display(description="For")
    def who(self, invitation: Invitation) -> str:
        return invitation.note or invitation.email or f"Invitation {invitation.pk}"

    @display(description="Makes", label={"Admin": "primary", "Rater": "info"})
    def kind(self, invitation: Invitation) -> str:
        return "Admin" if invitation.is_admin else "Rater"

    @display(description="State", label={"Open": "success", "Used": None, "Run out": "warning"})
    def state(self, invitation: Invitation) -> str:
        if invitation.used_at:
            return "Used"
        return "Open" if invitation.expires_at > timezone.now() else "Run out"

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """One button: the next page shows the link, whatever was pressed."""
        context |= {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Invitation, form: forms.ModelForm[Any], change: bool) -> None:
        made = invitation_create(
            created_by=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            email=obj.email,
            note=obj.note,
            is_admin=obj.is_admin,
            life=timedelta(days=form.cleaned_data["days"]),
        )
        obj.pk, obj.expires_at, obj.created_at = (
            made.invitation.pk,
            made.invitation.expires_at,
            made.invitation.created_at,
        )
        request.invitation_token = made.token  # type: ignore[attr-defined]

    def response_add(self, request: HttpRequest, obj: Invitation, post_url_continue: str | None = None) -> HttpResponse:
        """The one page that ever shows the link; the token is kept nowhere, not even in the session."""
        token = request.invitation_token  # type: ignore[attr-defined]
        context = {
            **self.admin_site.each_context(request),
            "title": "Invitation",
            "opts": Invitation._meta,
            "invitation": obj,
            "link": request.build_absolute_uri(reverse("join", args=[token])),
            "back": reverse("admin:accounts_invitation_changelist"),
        }
        response = TemplateResponse(request, "admin/accounts/invitation/link.html", context)
        response["Cache-Control"] = "no-store"
        return response
