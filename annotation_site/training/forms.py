"""What an admin fills in to promote a run, or to bring a version in."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.training.models import TrainingRun
from annotation_site.training.selectors import runs_done


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
