"""What an admin fills in to promote a run, or to rescore."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion, TrainingRun
from annotation_site.training.selectors import runs_done, versions


class ActivateForm(forms.Form):
    """Why a version takes over."""

    note = forms.CharField(
        required=False,
        max_length=400,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why this one, for those who come later.",
    )


class PromoteForm(ActivateForm):
    """Make a finished run the active model version."""

    run = forms.ModelChoiceField(queryset=TrainingRun.objects.none())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["run"].queryset = runs_done()  # type: ignore[attr-defined]


class ImportForm(forms.Form):
    """Bring in a version that was taken out as one file."""

    file = forms.FileField(label="File", widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip"}))
    note = forms.CharField(
        required=False,
        max_length=400,
        widget=UnfoldAdminTextInputWidget,
        help_text="Where it comes from, for those who come later.",
    )


class RescoringForm(forms.Form):
    """Let a model version score unrated pairs."""

    version = forms.ModelChoiceField(
        queryset=ModelVersion.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    pool_size = forms.IntegerField(
        label="Pairs to score",
        min_value=1,
        max_value=5_000_000,
        initial=2000,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The campaign's open pairs first, then new random combinations of its paintings and clips.",
    )
    ask_for = forms.IntegerField(
        label="Pairs to ask raters about",
        min_value=1,
        max_value=50_000,
        initial=40,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The ones that the model is least sure of come next for every rater.",
    )
    control_share = forms.FloatField(
        label="Random control share",
        min_value=0,
        max_value=1,
        initial=0.2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.05"}),
        help_text="Drawn at random among them, so that the gain over chance can be measured.",
    )
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0, widget=UnfoldAdminIntegerFieldWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = versions()  # type: ignore[attr-defined]
        self.fields["campaign"].queryset = Campaign.objects.filter(is_open=True).order_by("-pk")  # type: ignore[attr-defined]
