"""The page behind an invitation link: make one account, log in, go on to consent and briefing."""

from __future__ import annotations

from random import SystemRandom

from django import forms
from django.conf import settings
from django.contrib.auth import login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from annotation_site.accounts.models import Invitation, Rater, User
from annotation_site.accounts.selectors import invitation_open
from annotation_site.accounts.services import InvitationNotUsable, invitation_accept

LOGIN_BACKEND = "annotation_site.accounts.backends.AccountBackend"


class JoinForm(forms.Form):
    """What a new person tells. Fields that the invitation settles are left out."""

    username = forms.CharField(
        max_length=User._meta.get_field("username").max_length,
        help_text="Letters, digits and @ . + - _ only. Nobody sees it but the admins.",
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "autofocus": True}),
    )
    email = forms.EmailField(
        required=False,
        label="E-mail (if you like)",
        help_text="Only to help you when you forget your password.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    background = forms.CharField(
        required=False,
        max_length=Rater._meta.get_field("background").max_length,
        label="Your background in art or music (if you like)",
        help_text="In a few words, for example: painter, 10 years; or: plays the piano.",
    )
    password = forms.CharField(
        help_text="At least 10 characters; a few unrelated words are good.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label="The same password again", widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, *args: object, invitation: Invitation, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if invitation.email:
            del self.fields["email"]
        if invitation.is_admin:
            del self.fields["background"]

    def clean(self) -> dict[str, object]:
        data = super().clean() or self.cleaned_data
        if "password" in data and data["password"] != data.get("password_again"):
            self.add_error("password_again", "The two passwords are not the same.")
        return data


@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Show the form, or make the account and log in. A link that cannot be used says why, with status 410."""
    try:
        invitation = invitation_open(token=token, now=timezone.now())
    except InvitationNotUsable as error:
        return _refuse(request, str(error))
    form = JoinForm(request.POST or None, invitation=invitation)
    if request.method == "POST" and form.is_valid():
        answers = {name: value for name, value in form.cleaned_data.items() if name != "password_again"}
        try:
            user = invitation_accept(token=token, now=timezone.now(), random=SystemRandom(), **answers)
        except ValidationError as error:
            _show(form, error)
        except InvitationNotUsable as error:
            return _refuse(request, str(error))
        else:
            login(request, user, backend=LOGIN_BACKEND)
            return redirect(settings.LOGIN_REDIRECT_URL)
    status = 422 if form.errors else 200
    return render(request, "accounts/join.html", {"form": form, "invitation": invitation}, status=status)


def _show(form: JoinForm, error: ValidationError) -> None:
    """Put each message beside its field; what concerns a field that this form does not ask for goes on top."""
    for field, messages in error.message_dict.items():
        form.add_error(field if field in form.fields else None, messages)


def _refuse(request: HttpRequest, reason: str) -> HttpResponse:
    return render(request, "accounts/join.html", {"reason": reason}, status=410)
