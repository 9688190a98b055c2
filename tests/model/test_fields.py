"""Settings as data: nothing is left out, and what a form says is out of bounds a config refuses."""

from __future__ import annotations

import dataclasses

import pytest

from model import fields, recipes
from model.config import Config, ConfigError
from model.fields import Kind, Setting
from model.settings import Bounds

SETTINGS = {each.name: each for group in fields.settings_of(Config()) for each in group.fields}


def test_every_setting_of_a_config_is_there_once_with_a_title() -> None:
    config = Config().to_dict()
    dotted = {f"{name}.{leaf}" for name, group in config.items() if isinstance(group, dict) for leaf in group}
    assert set(SETTINGS) == dotted | {"architecture"}
    assert all(each.title for each in SETTINGS.values())


def test_defaults_are_the_recipes_own_and_kinds_those_of_the_annotations() -> None:
    tiny = {each.name: each for group in fields.settings_of(recipes.get("tiny")) for each in group.fields}
    assert (tiny["optim.lr"].default, tiny["optim.lr"].kind, tiny["optim.lr"].shown) == (2e-3, Kind.NUMBER, "0.002")
    assert (tiny["music.widths"].kind, tiny["music.widths"].shown) == (Kind.NUMBERS, "8, 16, 32, 64")
    assert (tiny["augment.roll"].kind, tiny["augment.roll"].shown) == (Kind.SWITCH, "false")
    assert tiny["fusion.topology"].choices == ("paper", "preln")
    assert tiny["optim.batch"].kind is Kind.WHOLE


@pytest.mark.parametrize("name", [name for name, each in SETTINGS.items() if each.bounds.low is not None])
def test_what_a_form_says_is_out_of_bounds_a_config_refuses(name: str) -> None:
    each = SETTINGS[name]
    low = each.bounds.low
    assert low is not None
    beyond = low - 1 if each.bounds.low_counts else low
    value = type(each.default[0])(beyond) if isinstance(each.default, tuple) else type(each.default)(beyond)
    wrong = [value] * len(each.default) if isinstance(each.default, tuple) else value
    with pytest.raises(ConfigError, match=f"^{name} must be {each.bounds.words}, not") as refused:
        Config().with_overrides({name: wrong})
    assert fields.at_fault(refused.value) == name
    with pytest.raises(ConfigError):
        fields.read(each, fields.typed(wrong))


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_shown_reads_back_as_it_was(name: str) -> None:
    each = SETTINGS[name]
    value = fields.read(each, each.shown)
    assert value == (list(each.default) if isinstance(each.default, tuple) else each.default)
    assert fields.changes(Config(), {name: value}) == {}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("optim.lr", "fast", "fast is not a number"),
        ("optim.lr", "nan", "nan is not a number"),
        ("optim.lr", "NaN", "NaN is not a number"),
        ("optim.batch", "2.5", "2.5 is not a whole number"),
        ("optim.batch", "0", "above 0, not 0"),
        ("optim.warmup", "1", "from 0 to below 1, not 1"),
        ("music.widths", "8, big", "big is not a whole number"),
        ("music.widths", "", "Nothing is not a whole number"),
        ("music.channels", "2", "1 or 3, not 2"),
        ("fusion.topology", "postln", "paper, preln"),
        ("augment.roll", "perhaps", "true or false"),
    ],
)
def test_what_cannot_be_read_is_told_without_the_name(name: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as refused:
        fields.read(SETTINGS[name], text)
    assert name not in str(refused.value)


def test_only_what_differs_from_the_recipe_is_a_change() -> None:
    tiny = recipes.get("tiny")
    typed = {"optim.lr": 2e-3, "optim.batch": 32, "music.widths": [8, 16, 32, 64], "painting.depth": 4}
    assert fields.changes(tiny, typed) == {"optim.batch": 32, "painting.depth": 4}


def test_an_error_between_settings_is_at_the_one_it_begins_with() -> None:
    with pytest.raises(ConfigError) as refused:
        Config().with_overrides({"painting.heads": 7})
    assert fields.at_fault(refused.value) == "painting.width"
    assert fields.at_fault(ConfigError("something else")) == ""


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "words"),
    [
        (Bounds(), (-1e9, 0), (), ""),
        (Bounds(low=0), (0, 5), (-1e-9,), "0 or more"),
        (Bounds(low=0, low_counts=False), (1e-9,), (0, -1), "above 0"),
        (Bounds(low=0, high=1), (0, 1), (-0.1, 1.1), "from 0 to 1"),
        (Bounds(low=0, high=0.5, high_counts=False), (0, 0.49), (0.5,), "from 0 to below 0.5"),
        (Bounds(among=(1, 2, 4)), (1, 4), (0, 3), "1, 2 or 4"),
    ],
)
def test_bounds_hold_and_say_so(
    bounds: Bounds, inside: tuple[float, ...], outside: tuple[float, ...], words: str
) -> None:
    assert all(bounds.holds(value) for value in inside)
    assert not any(bounds.holds(value) for value in outside)
    assert bounds.words == words


def test_a_setting_is_a_plain_frozen_record() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        SETTINGS["optim.lr"].title = "x"  # type: ignore[misc]
    assert isinstance(SETTINGS["optim.lr"], Setting)
