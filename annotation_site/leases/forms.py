"""The plain forms behind both desks, for browsers without JavaScript."""

from __future__ import annotations

from uuid import uuid4

from django import forms

from annotation_site.leases.models import Lease
from annotation_site.leases.skips import SkipReason

SURPLUS = "Others completed that one before you. Your answer is kept with thanks, but it does not count."


class AnswerForm(forms.Form):
    """What every answer carries: the lease, and the form's own id, so that sending it twice is sending it once."""

    token = forms.UUIDField(widget=forms.HiddenInput)
    key = forms.UUIDField(widget=forms.HiddenInput)


class SkipForm(forms.Form):
    token = forms.UUIDField(widget=forms.HiddenInput)
    reason = forms.ChoiceField(label="Reason", choices=SkipReason.choices)
    note = forms.CharField(max_length=400, required=False)


def form_to_show(refused: forms.Form | None, *, fresh: type[AnswerForm], slot: Lease | None) -> forms.Form | None:
    """The form for the lease at hand: the refused one again while it is about the same lease, else a fresh one."""
    if slot is None:
        return None
    if isinstance(refused, fresh) and refused.data.get("token") == str(slot.token):
        return refused
    return fresh(initial={"token": slot.token, "key": uuid4()})


def problems(refused: forms.Form | None) -> list[str]:
    """Why a form was refused, as sentences."""
    return [str(words) for errors in refused.errors.values() for words in errors] if refused else []
