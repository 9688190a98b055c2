"""What a new rater fills in."""

from __future__ import annotations

from django import forms

from annotation_site.accounts.models import Rater, Role

HUNDRED = 100


class BackgroundForm(forms.Form):
    """Role, discipline and years of training; the rest in their own words."""

    role = forms.ChoiceField(
        choices=[("", "Please choose"), *Role.choices],
        label="What describes you best?",
        error_messages={"required": "Please choose one."},
    )
    discipline = forms.CharField(
        max_length=Rater._meta.get_field("discipline").max_length,
        label="What did you train in?",
        help_text="For example: painting, art history, violin, composition. Write “none” if nothing.",
        error_messages={"required": "Please say in what; “none” is an answer too."},
    )
    training_years = forms.IntegerField(
        min_value=0,
        max_value=80,
        label="For how many years?",
        help_text="Of lessons, study or teaching, in all. 0 is fine.",
        error_messages={"required": "Please give a number; 0 is fine."},
    )
    background = forms.CharField(
        required=False,
        max_length=Rater._meta.get_field("background").max_length,
        label="Anything else that we should know? (if you like)",
    )


class PracticeForm(forms.Form):
    """A practice mark from a page without scripts, in hundredths."""

    example = forms.IntegerField(widget=forms.HiddenInput)
    value = forms.FloatField(
        min_value=0,
        max_value=HUNDRED,
        label="From 0, does not fit at all, to 100, fits completely",
        widget=forms.NumberInput(attrs={"step": "any", "inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": "Give a number from 0 to 100.", "invalid": "Give a number from 0 to 100."},
    )

    def clean_value(self) -> float:
        return float(self.cleaned_data["value"]) / HUNDRED
