"""What an admin fills in about a campaign, and to make pairs, or preference tasks between ambiguous ones."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldBooleanSwitchWidget

from annotation_site.scoring.models import FEWER_VOTES_THAN_ASKED_FOR

SEEDS = 2**31 - 1
MOST_AT_ONCE = 200_000


class CampaignForm(forms.ModelForm):
    """Checks the limit of votes also where the votes of a task are fixed: Django then skips the constraint of both."""

    def clean(self) -> dict[str, Any] | None:
        told = super().clean() or self.cleaned_data
        asked = told.get("votes_per_task", self.instance.votes_per_task)
        if "votes_per_task" not in self.fields and told.get("most_votes_per_task", asked) < asked:
            self.add_error("most_votes_per_task", FEWER_VOTES_THAN_ASKED_FOR)
        return told


class PairsForm(forms.Form):
    """New random pairs."""

    count = forms.IntegerField(
        label="How many new pairs",
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=500,
        widget=UnfoldAdminIntegerFieldWidget,
    )
    seed = forms.IntegerField(
        min_value=0,
        max_value=SEEDS,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The same corpus and seed give the same pairs.",
    )
    balance = forms.BooleanField(
        required=False,
        label="Evenly",
        widget=UnfoldBooleanSwitchWidget,
        help_text="Each painting and each clip about equally often. Off: drawn at random, as in the paper.",
    )


class TasksForm(forms.Form):
    """New preference tasks."""

    count = forms.IntegerField(
        label="At most so many in each direction",
        required=False,
        min_value=1,
        max_value=MOST_AT_ONCE,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Left empty, all that the ambiguous pairs allow.",
    )
    seed = forms.IntegerField(min_value=0, max_value=SEEDS, initial=1, widget=UnfoldAdminIntegerFieldWidget)
