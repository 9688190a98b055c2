"""What an admin sets about a campaign's loop. What cannot work is refused here, not in the middle of a night."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from annotation_site.cycles.models import Schedule
from annotation_site.snapshots.errors import RecipeRefused
from annotation_site.snapshots.recipes import recipe_for
from annotation_site.training.recipe_choice import FAMILIES, SIZES, recipe_name
from annotation_site.training.services import DEVICES
from model import recipes
from model.config import ConfigError, parse_setting
from mpd_builder.snapshot import recipe as snapshot_recipes

LABELS = {
    "is_enabled": "On",
    "every_pairs": "New complete pairs",
    "most_per_day": "Cycles a day, at most",
    "snapshot_recipe": "Snapshot recipe",
    "recipe": "Training recipe",
    "promotes": "Promote by itself",
    "least_pairs": "Test pairs, at least",
    "pool": "Which pairs to score",
    "pool_size": "Pairs to draw",
    "ask_for": "Pairs to propose",
    "control_share": "Random control share",
}
HELP = {
    "is_enabled": "Off, nothing begins by itself; a cycle that has begun goes on to its end.",
    "every_pairs": "A cycle begins once so many pairs were completed since the last one began.",
    "most_per_day": "Within any 24 hours.",
    "snapshot_recipe": "It has to have arrays. The same salt keeps every painting and track on its side for ever.",
    "recipe": "The same for every cycle, so that what a new model gains comes from new ratings.",
    "seed": "The same for every cycle: of the training, of the resampling and of what is drawn.",
    "device": "auto takes a GPU where the worker has one.",
    "processes": "Of the training: one a GPU, on the worker's machine.",
    "promotes": "Off, a better run is named to you, and you promote it from its page.",
    "least_pairs": "With fewer held-out pairs that neither model has seen, nothing is promoted.",
    "pool_size": "Of pairs at random: the campaign's open ones first, then new combinations.",
    "ask_for": "So many are proposed, for an admin to look at and approve.",
    "method": "How they are chosen.",
    "control_share": "Drawn at random among them, so that the gain over chance can be measured.",
}


def _training_recipes() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every design in every size, by size."""
    designs = [name for names in FAMILIES.values() for name in names]
    return [
        (title, [(name, name) for name in (recipe_name(design, size) for design in designs)])
        for size, (title, _) in SIZES.items()
    ]


class SettingsField(forms.Field):
    """Settings that differ, one a line as name=value; a dictionary to whoever asks."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(required=False, widget=widget, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        return "\n".join(f"{name}={_written(setting)}" for name, setting in sorted(value.items()))

    def to_python(self, value: Any) -> dict[str, Any]:
        lines = [line.strip() for line in (value or "").splitlines() if line.strip()]
        try:
            return dict(parse_setting(line) for line in lines)
        except ConfigError as error:
            raise forms.ValidationError(str(error)) from None


def _written(value: Any) -> str:
    """As `parse_setting` reads it back."""
    return value if isinstance(value, str) else json.dumps(value)


class ScheduleForm(forms.ModelForm):
    """A campaign's schedule."""

    snapshot_overrides = SettingsField(
        label="Snapshot settings that differ", help_text="One a line, such as split=unseen-painting."
    )
    overrides = SettingsField(
        label="Training settings that differ", help_text="One a line, such as optim.regression_steps=2000."
    )

    class Meta:
        model = Schedule
        fields = (
            "campaign", "is_enabled", "every_pairs", "most_per_day", "snapshot_recipe", "snapshot_overrides", "recipe",
            "overrides", "seed", "device", "processes", "promotes", "least_pairs", "pool", "pool_size",
            "ask_for", "method", "control_share",
        )  # fmt: skip
        labels = LABELS
        help_texts = HELP
        widgets = {
            "snapshot_recipe": UnfoldAdminSelectWidget(choices=[(name, name) for name in snapshot_recipes.NAMES]),
            "recipe": UnfoldAdminSelectWidget(choices=_training_recipes()),
            "device": UnfoldAdminSelectWidget(choices=[(name, name) for name in DEVICES]),
        }

    def clean(self) -> dict[str, Any] | None:
        told = super().clean() or self.cleaned_data
        if not self.errors:
            self._check_snapshot(told)
            self._check_training(told)
        return told

    def _check_snapshot(self, told: dict[str, Any]) -> None:
        campaign = told.get("campaign") or self.instance.campaign
        try:
            recipe = recipe_for(campaign=campaign, name=told["snapshot_recipe"], overrides=told["snapshot_overrides"])
        except RecipeRefused as error:
            words = f"{error.field}: {error}" if error.field else str(error)
            self.add_error("snapshot_overrides", words)
        else:
            if not recipe.arrays:
                self.add_error("snapshot_recipe", "This recipe leaves out the arrays, so nothing can be trained on it.")

    def _check_training(self, told: dict[str, Any]) -> None:
        try:
            config = recipes.get(told["recipe"])
        except ConfigError as error:
            self.add_error("recipe", str(error))
            return
        try:
            config.with_overrides(told["overrides"])
        except ConfigError as error:
            self.add_error("overrides", str(error))
