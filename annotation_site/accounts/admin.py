"""Users, raters and invitations in the admin panel."""

from __future__ import annotations

from datetime import timedelta
from random import SystemRandom
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import action, display
from unfold.enums import ActionVariant
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from annotation_site.accounts import retirement
from annotation_site.accounts.models import Invitation, Rater, RaterState, User
from annotation_site.accounts.selectors import raters_with_work
from annotation_site.accounts.services import (
    access_reset,
    invitation_create,
    rater_create,
    rater_pause,
    rater_resume,
)

# Nobody signs up, so there are no addresses to verify; permissions are staff or not; tokens would show in clear.
for _model in (Group, EmailAddress, Authenticator, TokenProxy):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

RATER_STATE_LABELS = {
    RaterState.ACTIVE: "success",
    RaterState.PAUSED: "warning",
    RaterState.EXCLUDED: "danger",
    RaterState.WITHDRAWN: "danger",
}


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


@admin.register(Rater)
class RaterAdmin(ModelAdmin):
    """Raters with what they have done; their states change by the actions only."""

    list_display = ("code", "user", "state_label", "work", "n_votes", "last_rating", "simulated", "created_at")
    list_filter = ("state", "is_simulated", ("created_at", RangeDateTimeFilter))
    list_filter_submit = True
    search_fields = ("code", "user__username", "background")
    ordering = ("-created_at", "code")
    fields = (
        ("code", "user"),
        ("state", "is_simulated"),
        "background",
        ("consented_at", "briefed_at"),
        ("created_at", "order_seed"),
    )
    actions = ("exclude_raters", "withdraw_raters", "pause_raters", "resume_raters")
    actions_detail: ClassVar[list[str]] = ["exclude_one", "withdraw_one"]
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Rater]:
        return raters_with_work()

    def get_fields(self, request: HttpRequest, obj: Rater | None = None) -> Any:
        return super().get_fields(request, obj) if obj else ("user", "background")

    def get_readonly_fields(self, request: HttpRequest, obj: Rater | None = None) -> Any:
        settled = ("code", "user", "state", "is_simulated", "consented_at", "briefed_at", "created_at", "order_seed")
        return settled if obj else ()

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
