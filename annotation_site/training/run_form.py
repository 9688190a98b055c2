"""What an admin fills in to start a run: what to learn from, what to train, and each setting of the model's config."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4, uuid5

from django import forms
from django.forms import BoundField, Widget
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import MOST_PROCESSES, TrainingRun
from annotation_site.training.recipe_choice import SIZES, options, parts_of, recipe_name
from annotation_site.training.selectors import snapshots_ready
from model import fields, recipes
from model.config import Config, ConfigError
from model.fields import Group, Kind, Setting
from model.known_costs import Cost, known_cost

FIRST = {"recipe": "best", "size": "tiny", "seed": 0, "device": "auto", "processes": 1}
DEVICE_WORDS = (
    ("auto", "A GPU if there is one"),
    ("cpu", "CPU"),
    ("cuda", "GPU only"),
)
SWITCH_WORDS = (("true", "yes"), ("false", "no"))


@dataclass(frozen=True, slots=True)
class ShownGroup:
    """A group of settings as the page shows it: folded away unless somebody has something to do there."""

    group: Group
    fields: list[BoundField]
    n_changed: int
    is_open: bool


class SettingField(forms.CharField):
    """One setting of the config. Left empty it is the recipe's own."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        rule = setting.bounds.words
        said = [setting.help, f"{rule[0].upper()}{rule[1:]}." if rule else ""]
        super().__init__(
            label=setting.title,
            required=False,
            max_length=200,
            help_text=" ".join(filter(None, said)),
            widget=_widget(setting),
        )

    def clean(self, value: Any) -> Any:
        """The value as JSON carries it; None where nothing was typed."""
        text = str(super().clean(value) or "").strip()
        try:
            return fields.read(self.setting, text) if text else None
        except ConfigError as error:
            raise forms.ValidationError(str(error)) from None


def _widget(setting: Setting) -> Widget:
    if setting.kind is Kind.CHOICE:
        return _select(setting.shown, [(name, name) for name in setting.choices])
    if setting.kind is Kind.SWITCH:
        return _select(dict(SWITCH_WORDS)[setting.shown], SWITCH_WORDS)
    mode = "decimal" if setting.kind in (Kind.NUMBER, Kind.WHOLE) else "text"
    attrs = {"placeholder": setting.shown, "inputmode": mode, "autocomplete": "off", "spellcheck": "false"}
    widget: Widget = UnfoldAdminTextInputWidget(attrs=attrs)
    return widget


def _select(default: str, choices: Any) -> Widget:
    widget: Widget = UnfoldAdminSelectWidget(choices=[("", f"{default} (the recipe's own)"), *choices])
    return widget


class RunForm(forms.Form):
    """A new training run. `recipe` is the design, `size` its size; what is stored is `recipe_name` and `overrides`."""

    token = forms.UUIDField(widget=forms.HiddenInput, required=False)
    snapshot = forms.ModelChoiceField(
        queryset=Snapshot.objects.none(), widget=UnfoldAdminSelectWidget, empty_label=None
    )
    recipe = forms.ChoiceField(label="Recipe", widget=UnfoldAdminSelectWidget)
    size = forms.ChoiceField(choices=[(name, words[0]) for name, words in SIZES.items()], widget=forms.RadioSelect)
    seed = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="The same seed, snapshot, settings and code give the same model.",
    )
    device = forms.ChoiceField(choices=DEVICE_WORDS, widget=UnfoldAdminSelectWidget)
    processes = forms.IntegerField(
        label="Processes",
        min_value=1,
        max_value=MOST_PROCESSES,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="One a GPU; they share every batch and learn the same.",
    )
    note = forms.CharField(
        required=False,
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text="What you want to find out with it.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"token": uuid4(), **FIRST, **self.initial}
        self.fields["snapshot"].queryset = snapshots_ready()  # type: ignore[attr-defined]
        if not snapshots_ready().exists():
            self.fields["snapshot"].help_text = "There is no sealed snapshot yet: export one first."
        self.fields["recipe"].choices = options()  # type: ignore[attr-defined]
        self.config = self._chosen()
        self.groups_of_settings = fields.settings_of(self.config)
        for group in self.groups_of_settings:
            for setting in group.fields:
                self.fields[setting.name] = SettingField(setting)
        self.overrides: dict[str, Any] = {}

    def _chosen(self) -> Config:
        """The recipe as the form has it now, or the one that a new form begins with."""
        try:
            return recipes.get(recipe_name(str(self["recipe"].value()), str(self["size"].value())))
        except ConfigError:  # the field itself says that there is no such recipe
            return recipes.get(recipe_name(str(FIRST["recipe"]), str(FIRST["size"])))

    @property
    def recipe_name(self) -> str:
        return self.config.recipe

    @property
    def description(self) -> str:
        return recipes.description(self.recipe_name)

    @property
    def cost(self) -> Cost | None:
        return known_cost(self.recipe_name)

    @property
    def shown_groups(self) -> list[ShownGroup]:
        shown = []
        for group in self.groups_of_settings:
            bound = [self[setting.name] for setting in group.fields]
            n_changed = sum(bool(field.value()) for field in bound)
            shown.append(ShownGroup(group, bound, n_changed, n_changed > 0 or any(field.errors for field in bound)))
        return shown

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        typed = {name: cleaned[name] for name in self._setting_names() if cleaned.get(name) is not None}
        self.overrides = fields.changes(self.config, typed)
        if not self.errors:
            try:
                self.config.with_overrides(self.overrides)
            except ConfigError as error:
                self.add_error(fields.at_fault(error) or None, f"The settings do not fit together: {error}.")
        return cleaned

    def _setting_names(self) -> list[str]:
        return [setting.name for group in self.groups_of_settings for setting in group.fields]

    def key(self) -> UUID:
        """What a valid form starts is named by it: the same form with the same content is one run."""
        cleaned = self.cleaned_data
        content = [
            cleaned["snapshot"].pk,
            self.recipe_name,
            self.overrides,
            *(cleaned[name] for name in ("seed", "device", "processes", "note")),
        ]
        return uuid5(cleaned["token"] or uuid4(), json.dumps(content, sort_keys=True))


def initial_like(run: TrainingRun) -> dict[str, Any]:
    """The form as it was filled in for an earlier run."""
    design, size = parts_of(run.recipe)
    return {
        "snapshot": run.snapshot_id,
        "recipe": design,
        "size": size,
        "seed": run.seed,
        "device": run.device,
        "processes": run.processes,
        "note": run.note,
        **typed_overrides(run.overrides),
    }


def typed_overrides(overrides: Mapping[str, Any]) -> dict[str, str]:
    return {name: fields.typed(value) for name, value in overrides.items()}
