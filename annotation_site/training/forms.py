"""What an admin fills in to start a run or promote one."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import TrainingRun
from annotation_site.training.selectors import snapshots_ready
from annotation_site.training.services import DEVICES
from model import recipes
from model.config import ConfigError, parse_setting


class RunForm(forms.Form):
    """A new training run."""

    snapshot = forms.ModelChoiceField(
        queryset=Snapshot.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    recipe = forms.ChoiceField(widget=UnfoldAdminSelectWidget, initial="tiny")
    seed = forms.IntegerField(min_value=0, max_value=2**31 - 1, initial=0, widget=UnfoldAdminIntegerFieldWidget)
    device = forms.ChoiceField(
        choices=[(name, name) for name in DEVICES],
        widget=UnfoldAdminSelectWidget,
        help_text="auto takes a GPU where the worker has one.",
    )
    overrides = forms.CharField(
        required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text="Settings that differ from the recipe, one a line, such as optim.lr=0.001.",
    )
    note = forms.CharField(required=False, max_length=200, widget=UnfoldAdminTextInputWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["snapshot"].queryset = snapshots_ready()  # type: ignore[attr-defined]
        if not snapshots_ready().exists():
            self.fields["snapshot"].help_text = "There is no sealed snapshot yet: export one first."
        self.fields["recipe"].choices = [  # type: ignore[attr-defined]
            (name, f"{name}: {recipes.description(name)}") for name in recipes.NAMES
        ]

    def clean_overrides(self) -> dict[str, Any]:
        lines = [line.strip() for line in self.cleaned_data["overrides"].splitlines() if line.strip()]
        try:
            return dict(parse_setting(line) for line in lines)
        except ConfigError as error:
            raise forms.ValidationError(str(error)) from None


class PromoteForm(forms.Form):
    """Make a finished run the active model version."""

    run = forms.ModelChoiceField(queryset=TrainingRun.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None)
    note = forms.CharField(
        required=False,
        max_length=400,
        widget=UnfoldAdminTextInputWidget,
        help_text="Why this one, for those who come later.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        done = TrainingRun.objects.filter(state=JobState.DONE).order_by("-pk")
        self.fields["run"].queryset = done  # type: ignore[attr-defined]
