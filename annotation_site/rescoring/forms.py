"""What an admin fills in to rescore a pool, and to have a batch proposed."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.corpus.selectors import paintings_for_pairs
from annotation_site.rescoring.models import Device, Method, Pool, Rescoring
from annotation_site.rescoring.pools import MOST_PAIRS
from annotation_site.rescoring.proposals import MOST_CANDIDATES, MOST_PROPOSED
from annotation_site.rescoring.selectors import rescorings_scored, versions
from annotation_site.scoring.models import Campaign
from annotation_site.training.models import ModelVersion
from model.acquisition import DEFAULT_METHOD, SURE_SD

NO_STYLE = "no style stated"


def _whole(label: str, help_text: str, *, low: int, high: int, initial: int | None, required: bool = True) -> Any:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=low,
        max_value=high,
        initial=initial,
        required=required,
        widget=UnfoldAdminIntegerFieldWidget,
    )


def _control() -> forms.FloatField:
    return forms.FloatField(
        label="Random control share",
        min_value=0,
        max_value=1,
        initial=0.2,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "0.05"}),
        help_text="Drawn at random among them: without it nobody can say whether choosing helped.",
    )


def _seed() -> forms.IntegerField:
    field: forms.IntegerField = _whole("Seed", "The same seed draws the same.", low=0, high=2**31 - 1, initial=0)
    return field


class RescoringForm(forms.Form):
    """Let a model version score unrated pairs."""

    version = forms.ModelChoiceField(
        queryset=ModelVersion.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None, label="Model version"
    )
    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    pool = forms.ChoiceField(label="Which pairs", choices=Pool.choices, initial=Pool.RANDOM, widget=forms.RadioSelect)
    pool_size = _whole(
        "Pairs to draw",
        "The campaign's open pairs first, then new random combinations of its paintings and clips.",
        low=1,
        high=MOST_PAIRS,
        initial=2000,
        required=False,
    )
    styles = forms.MultipleChoiceField(required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget)
    ask_for = _whole(
        "Propose a batch of",
        "Once all is scored, so many pairs are proposed for you to look at. 0: only score.",
        low=0,
        high=MOST_PROPOSED,
        initial=40,
    )
    control_share = _control()
    device = forms.ChoiceField(
        choices=Device.choices,
        initial=Device.AUTO,
        widget=UnfoldAdminSelectWidget,
        help_text="Of all its shards. Where only some workers have a GPU, choose one for all.",
    )
    seed = _seed()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"].queryset = versions()  # type: ignore[attr-defined]
        self.fields["campaign"].queryset = Campaign.objects.order_by("-is_open", "-pk")  # type: ignore[attr-defined]
        styles = Counter(paintings_for_pairs().values_list("style", flat=True))
        self.fields["styles"].choices = [  # type: ignore[attr-defined]
            (style, f"{style or NO_STYLE} ({count:,})")
            for style, count in sorted(styles.items(), key=lambda row: (-row[1], row[0]))
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("pool") == Pool.RANDOM and cleaned.get("pool_size") is None and "pool_size" not in self.errors:
            self.add_error("pool_size", "Say how many pairs to draw.")
        if cleaned.get("pool") == Pool.STYLES and not cleaned.get("styles") and "styles" not in self.errors:
            self.add_error("styles", "Choose at least one style.")
        if cleaned.get("pool_size") is None:
            cleaned.pop("pool_size", None)
        return cleaned


class ProposalForm(forms.Form):
    """Have a batch of pairs chosen from a rescoring's scores."""

    rescoring = forms.ModelChoiceField(
        queryset=Rescoring.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    method = forms.ChoiceField(
        choices=Method.choices,
        initial=DEFAULT_METHOD.value,
        widget=UnfoldAdminSelectWidget,
        help_text="How pairs are chosen. What each gains over random is in the results of the documentation.",
    )
    members = forms.ModelMultipleChoiceField(
        label="Model versions of the ensemble",
        queryset=ModelVersion.objects.none(),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="For the method ensemble only: two to five, the rescoring's own among them.",
    )
    count = _whole("Pairs in the batch", "", low=1, high=MOST_PROPOSED, initial=40)
    control_share = _control()
    per_painting = _whole(
        "Most pairs of one painting",
        "Empty: three times the even share.",
        low=1,
        high=5000,
        initial=None,
        required=False,
    )
    per_clip = _whole(
        "Most pairs of one clip", "Empty: three times the even share.", low=1, high=5000, initial=None, required=False
    )
    sure_sd = forms.FloatField(
        label="Sure below a deviation of",
        required=False,
        min_value=0,
        max_value=1,
        widget=UnfoldAdminDecimalFieldWidget(attrs={"step": "any"}),
        help_text=f"Sure and within the band: likely ambiguous. Sure and outside: left alone. Empty: {SURE_SD:g}.",
    )
    n_candidates = _whole(
        "Choose from at most",
        "So many unrated pairs, drawn at random among those that were scored.",
        low=1,
        high=MOST_CANDIDATES,
        initial=100_000,
    )
    seed = _seed()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rescoring"].queryset = rescorings_scored()  # type: ignore[attr-defined]
        self.fields["members"].queryset = versions()  # type: ignore[attr-defined]


class PairForm(forms.Form):
    """A scored pair to be added to a batch by hand."""

    painting = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
    clip = forms.CharField(max_length=40, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
