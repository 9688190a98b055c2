"""What an admin fills in to export a snapshot."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from annotation_site.scoring.models import Campaign, Pair
from mpd_builder.snapshot import recipe


def _choices() -> list[tuple[str, str]]:
    return [(name, f"{name}: {_words(recipe.get(name))}") for name in recipe.NAMES]


def _words(chosen: recipe.Recipe) -> str:
    train, validation, test = chosen.shares
    media = {
        recipe.MediaChoice.NONE: "no media",
        recipe.MediaChoice.PREVIEWS: "pictures",
        recipe.MediaChoice.FULL: "pictures and sound",
    }
    arrays = ", arrays for training" if chosen.arrays else ""
    return f"{train:.0%} / {validation:.0%} / {test:.0%} of the items, {media[chosen.media]}{arrays}"


SMALL = 5_000
"""With fewer complete pairs than this the recipe with the larger held-out shares is proposed."""


class SnapshotForm(forms.Form):
    """A new snapshot."""

    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.order_by("-pk"),
        widget=UnfoldAdminSelectWidget,
        empty_label=None,
        help_text="Its complete pairs and decided preferences go in, scored under its own protocol.",
    )
    recipe = forms.ChoiceField(
        choices=_choices,
        widget=UnfoldAdminSelectWidget,
        help_text="Shares of the paintings, and of the tracks, for training, validation and test. A pair is in the "
        "test split only if its painting and its track both are: small data need larger shares.",
    )
    name = forms.CharField(
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
        help_text="Left empty, the campaign and today's date.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        complete = Pair.objects.filter(completed_at__isnull=False)[:SMALL].count()
        self.fields["recipe"].initial = "default" if complete == SMALL else "demo"
