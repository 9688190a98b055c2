"""Who can log in, in the admin panel."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from annotation_site.accounts.models import User
from annotation_site.accounts.services import access_reset

# Nobody signs up, so there are no addresses to verify; permissions are staff or not; tokens would show in clear.
for _model in (Group, EmailAddress, Authenticator, TokenProxy):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    """Who can log in. Accounts are made by invitation; here they are mended."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "kind", "is_active", "last_login")
    list_filter = ("is_staff", "is_active")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Access", {"fields": ("is_active", "is_staff", "is_superuser", "last_login", "date_joined")}),
    )
    actions_detail: ClassVar[list[str]] = ["reset_access"]
    warn_unsaved_form = True

    @display(description="Name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "-"

    @display(description="Kind", label={"Admin": "primary", "Rater": "info", "No role": "warning"})
    def kind(self, user: User) -> str:
        if user.is_staff:
            return "Admin"
        return "Rater" if hasattr(user, "rater") else "No role"

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("rater")

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """A rater's account stays, their ratings need it: deactivate it instead. Nobody deletes themselves."""
        is_kept = obj is not None and (obj == request.user or hasattr(obj, "rater"))
        return super().has_delete_permission(request, obj) and not is_kept

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One at a time only: deleting many would ask no such question."""
        return {name: one for name, one in super().get_actions(request).items() if name != "delete_selected"}

    @action(description="Reset second factor and API token", icon="phonelink_erase", permissions=["change"])
    def reset_access(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user = get_object_or_404(User, pk=object_id)
        back = reverse("admin:accounts_user_change", args=[user.pk])
        if request.method == "POST":
            access_reset(user=user)
            messages.success(request, f"{user} logs in with the password alone now, and has no API token.")
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": "Reset second factor and API token",
            "opts": User._meta,
            "original": user,
            "question": f"Remove the second factor and the API token of {user}?",
            "facts": ["The password stays.", "Programs that use the token are locked out at once."],
            "yes": "Remove both",
            "back": back,
        }
        return TemplateResponse(request, "admin/confirm.html", context)
