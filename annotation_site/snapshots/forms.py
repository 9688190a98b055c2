"""What an admin fills in to export a snapshot: the recipe, field by field, in a person's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID, uuid4, uuid5

from django import forms
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from annotation_site.scoring.models import Campaign, Pair
from annotation_site.snapshots.errors import RecipeRefused
from annotation_site.snapshots.models import Snapshot
from annotation_site.snapshots.recipes import CUSTOM, recipe_for
from mpd_builder.snapshot import Recipe, recipe

SMALL = 5_000
"""With fewer complete pairs than this the recipe with the larger held-out shares is proposed."""

LICENCES: Final = ("CC-BY-4.0", "CC-BY-SA-4.0", "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "CC0-1.0")
"""What is offered for the ratings; any other SPDX name can be typed."""

_NUMBER: Final = {"inputmode": "numeric", "autocomplete": "off"}


def _number(label: str, help_text: str, *, low: int, high: int, placeholder: str = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=low,
        max_value=high,
        help_text=help_text,
        widget=UnfoldAdminIntegerFieldWidget(attrs=_NUMBER | {"placeholder": placeholder}),
    )


def _real(label: str, *, low: float, high: float, step: str, required: bool, placeholder: str = "") -> forms.FloatField:
    attrs = {"step": step, "inputmode": "decimal", "autocomplete": "off", "placeholder": placeholder}
    return forms.FloatField(
        label=label,
        required=required,
        min_value=low,
        max_value=high,
        widget=UnfoldAdminIntegerFieldWidget(attrs=attrs),
        error_messages={"required": "Give a number; 0 for none."},
    )


def _share(label: str) -> forms.FloatField:
    return _real(label, low=0, high=100, step="any", required=True)


CHOICES: Final[Mapping[str, Mapping[str, tuple[str, str]]]] = {
    "pairs": {
        "complete": ("Complete pairs", "All the ratings that the campaign asks for."),
        "at_least": ("Pairs with at least so many ratings", "More pairs, some of them scored by fewer people."),
    },
    "aggregator": {
        "trimmed mean": ("Trimmed mean", "The mean without the lowest and the highest ratings."),
        "mean": ("Mean", "Of all ratings, however far off one is."),
        "median": ("Median", "The rating in the middle."),
    },
    "vote_rule": {
        "majority": ("The majority", "More than half of those who voted."),
        "unanimous": ("Everybody", "One vote against, and nothing is decided: fewer preferences, and surer ones."),
    },
    "split": {
        "unseen-both": (
            "Both are new",
            "Neither painting nor track of a test pair occurs in training. The hardest test; pairs that fall between "
            "are left out of both.",
        ),
        "unseen-painting": ("The painting is new", "Its music may occur in training."),
        "unseen-track": ("The track is new", "With all its clips. Its painting may occur in training."),
        "pair": ("Only the pair is new", "Painting and music may both occur in training, in other pairs. The easiest."),
    },
    "media_files": {
        "full": ("Pictures and sound", "As raters saw and heard them."),
        "previews": ("Pictures only", "Sound is named by its hash."),
        "none": ("Neither", "Tables alone: small, and free of other people's rights."),
    },
    "rater_ids": {
        "pseudonymous": ("By pseudonym", "Raters stay apart, and no file says who they are."),
        "absent": ("Not said", "The ratings of a pair stand there without any rater."),
    },
}
"""Every choice of the fields that are one of a few: its words, and what it means."""


def _one_of(label: str, name: str) -> forms.ChoiceField:
    choices = [(value, words) for value, (words, _) in CHOICES[name].items()]
    return forms.ChoiceField(label=label, choices=choices, widget=forms.RadioSelect)


class SnapshotForm(forms.Form):
    """A new snapshot. `recipe` is what a valid form asks for, `key` what makes two clicks one export."""

    token = forms.UUIDField(required=False, widget=forms.HiddenInput)
    start = forms.CharField(required=False, widget=forms.HiddenInput)

    campaign = forms.ModelChoiceField(
        queryset=Campaign.objects.order_by("-pk"), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    name = forms.CharField(
        required=False,
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        help_text="How you tell it from others. Left empty, the campaign and today's date.",
    )

    pairs = _one_of("Which pairs", "pairs")
    min_ratings = _number("Ratings a pair, at least", "", low=2, high=100)

    aggregator = _one_of("Score of a pair", "aggregator")
    trim = _number(
        "Dropped at each end",
        "So many of the lowest and of the highest ratings are left out. Empty: as the campaign says.",
        low=0,
        high=49,
        placeholder="as the campaign",
    )
    band_low = _real("Ambiguous from", low=0, high=1, step="0.01", required=False, placeholder="as the campaign")
    band_high = _real("to", low=0, high=1, step="0.01", required=False, placeholder="as the campaign")
    vote_rule = _one_of("Who decides a preference", "vote_rule")
    votes_needed = _number(
        "Votes it needs, at least",
        "With fewer, nothing is decided. Empty: as the campaign says.",
        low=1,
        high=100,
        placeholder="as the campaign",
    )

    split = _one_of("What a test pair has that training never showed", "split")
    train = _share("Training")
    validation = _share("Validation")
    test = _share("Test")
    salt = forms.CharField(
        label="Salt",
        max_length=80,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="The same salt keeps every item on its side from one snapshot to the next. A new one deals all anew.",
        error_messages={"required": "Give any word; the default is mpd-1."},
    )

    media_files = _one_of("Pictures and sound", "media_files")
    arrays = forms.BooleanField(
        label="Arrays for training",
        required=False,
        widget=UnfoldBooleanSwitchWidget,
        help_text="What the model reads: paintings at 256 × 256, clips as log-mel spectrograms. Without them nothing "
        "can be trained on this snapshot here.",
    )

    rater_ids = _one_of("Who gave a rating", "rater_ids")
    ratings_licence = forms.CharField(
        label="Licence of the ratings and votes",
        required=False,
        max_length=80,
        widget=UnfoldAdminTextInputWidget(
            attrs={"list": "licences", "placeholder": "CC-BY-4.0", "autocomplete": "off", "spellcheck": "false"}
        ),
        help_text="Its SPDX name. Empty while it has not been decided: then nobody outside may use them.",
    )

    recipe: Recipe | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if (
            cleaned.get("pairs") == "at_least"
            and cleaned.get("min_ratings") is None
            and "min_ratings" not in self.errors
        ):
            self.add_error("min_ratings", "Say how many ratings a pair needs, at the least.")
        self._check_band(cleaned)
        self._check_shares(cleaned)
        if self.errors:
            return cleaned
        try:
            self.recipe = recipe_for(
                campaign=cleaned["campaign"], name=_start(cleaned["start"]), overrides=_overrides(cleaned)
            )
        except RecipeRefused as error:
            at = _AT.get(error.field, error.field)
            self.add_error(at if at in self.fields else None, str(error))
        return cleaned

    def _check_band(self, cleaned: dict[str, Any]) -> None:
        given = [cleaned.get(name) for name in ("band_low", "band_high")]
        if given.count(None) == 1 and not {"band_low", "band_high"} & set(self.errors):
            self.add_error("band_low", "Give both ends of the band, or neither.")

    def _check_shares(self, cleaned: dict[str, Any]) -> None:
        shares = [cleaned.get(name) for name in ("train", "validation", "test")]
        if None in shares:
            return
        total = sum(share for share in shares if share is not None)
        if abs(total - 100) > 1e-6:
            self.add_error("train", f"The three shares make {total:g} %, not 100 %.")
        elif shares[0] == 0:
            self.add_error("train", "Leave something to train on.")

    def key(self) -> UUID:
        """What a valid form starts is named by it: the same form with the same content is one export."""
        assert self.recipe is not None
        cleaned = self.cleaned_data
        content = [cleaned["campaign"].pk, cleaned["name"], self.recipe.to_dict()]
        return uuid5(cleaned["token"] or uuid4(), json.dumps(content, sort_keys=True))


_AT: Final = {"shares": "train", "band": "band_low", "media": "media_files", "recipe": ""}
"""Where the form shows what is wrong with a field of the recipe that it has no field for."""


SAME_NAME: Final = ("aggregator", "vote_rule", "split", "salt", "arrays", "rater_ids", "ratings_licence")
"""The fields of the recipe that the form has as they are."""


def _start(name: str) -> str:
    return name if name in recipe.NAMES else CUSTOM


def _overrides(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the recipe as the form has them. What is left empty stays the campaign's own."""
    asked: dict[str, Any] = {name: cleaned[name] for name in SAME_NAME}
    asked["media"] = cleaned["media_files"]
    asked["shares"] = [round(cleaned[name] / 100, 10) for name in ("train", "validation", "test")]
    asked |= {name: cleaned[name] for name in ("trim", "votes_needed") if cleaned[name] is not None}
    if cleaned["band_low"] is not None:
        asked["band"] = [cleaned["band_low"], cleaned["band_high"]]
    if cleaned["pairs"] == "at_least":
        asked["min_ratings"] = cleaned["min_ratings"]
    return asked


def initial_of(chosen: Recipe) -> dict[str, Any]:
    """The form as it is filled in for a recipe, the campaign's own protocol aside."""
    shares = dict(zip(("train", "validation", "test"), (round(100 * share, 8) for share in chosen.shares), strict=True))
    return {
        "token": uuid4(),
        "start": chosen.name,
        "pairs": "complete",
        **{name: f"{share:g}" for name, share in shares.items()},
        "media_files": chosen.media.value,
        **{name: chosen.to_dict()[name] for name in SAME_NAME},
    }


def initial_like(snapshot: Snapshot) -> dict[str, Any]:
    """The form as it was filled in for an earlier snapshot; where it followed its campaign, this one does too."""
    chosen, campaign = Recipe.from_dict(snapshot.recipe), snapshot.campaign
    asked = initial_of(chosen) | {"campaign": campaign.pk}
    if chosen.min_ratings != campaign.raters_per_pair:
        asked |= {"pairs": "at_least", "min_ratings": chosen.min_ratings}
    if chosen.trim != campaign.trim:
        asked["trim"] = chosen.trim
    if chosen.votes_needed != campaign.votes_per_task:
        asked["votes_needed"] = chosen.votes_needed
    if chosen.band != (campaign.band_low, campaign.band_high):
        asked |= {"band_low": chosen.band[0], "band_high": chosen.band[1]}
    return asked


def proposed() -> str:
    """The name of the recipe that a new form begins with."""
    complete = Pair.objects.filter(completed_at__isnull=False)[:SMALL].count()
    return "default" if complete == SMALL else "demo"
