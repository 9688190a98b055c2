"""The form of a new run: its fields are the config's settings, and what is stored is what differs."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from annotation_site.training.recipe_choice import FAMILIES, SIZES, parts_of, recipe_name
from annotation_site.training.run_form import RunForm, initial_like, typed_overrides
from annotation_site.training.services import run_start
from model import fields, recipes
from tests.conftest import NOON
from tests.training.test_services import make_snapshot


def test_every_recipe_is_offered_once_and_every_size() -> None:
    offered = [name for names in FAMILIES.values() for name in names]
    assert sorted([*offered, "small", "tiny"]) == sorted(recipes.NAMES)
    assert set(SIZES) == set(recipes.SIZES)


@pytest.mark.parametrize("name", ["best", "tiny", "small", "paper", "paper@tiny", "l3net@small"])
def test_a_recipe_comes_back_from_its_parts(name: str) -> None:
    assert recipe_name(*parts_of(name)) == name
    assert recipes.get(name).recipe == name


@pytest.mark.parametrize("design", [name for names in FAMILIES.values() for name in names])
@pytest.mark.parametrize("size", SIZES)
def test_every_choice_is_a_recipe_that_there_is(design: str, size: str) -> None:
    assert parts_of(recipes.get(recipe_name(design, size)).recipe) == (design, size)


@pytest.fixture
def asked(db: None) -> dict[str, Any]:
    return {
        "snapshot": make_snapshot().pk,
        "recipe": "best",
        "size": "tiny",
        "seed": 3,
        "device": "cpu",
        "processes": 1,
        "note": "",
        "token": str(uuid4()),
    }


@pytest.mark.django_db
def test_each_setting_has_a_field_with_the_recipes_own_value_in_grey() -> None:
    form = RunForm(initial={"recipe": "paper", "size": "small"})
    for group in fields.settings_of(recipes.get("paper@small")):
        for setting in group.fields:
            assert setting.shown in str(form[setting.name])
            assert form[setting.name].value() is None
    assert 'placeholder="0.001"' in str(form["optim.lr"])
    assert "above 0" in form["optim.batch"].help_text.lower()


def test_only_what_differs_from_the_recipe_is_stored(asked: dict[str, Any]) -> None:
    form = RunForm(asked | {"optim.lr": "2e-3", "optim.batch": " 32 ", "augment.roll": "true", "loss.on": ""})
    assert form.is_valid(), form.errors
    assert form.recipe_name == "tiny"
    assert form.overrides == {"optim.batch": 32, "augment.roll": True}


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("optim.lr", "fast", "fast is not a number"),
        ("optim.warmup", "1.5", "from 0 to below 1"),
        ("optim.batch", "2.5", "2.5 is not a whole number"),
        ("fusion.topology", "postln", "Choose one of paper, preln"),
        ("painting.patch", "7", "must be a multiple of pool x patch"),
        ("painting.heads", "5", "must be a multiple of heads 5"),
    ],
)
def test_what_does_not_fit_is_said_beside_a_field_that_is_shown(
    asked: dict[str, Any], name: str, text: str, words: str
) -> None:
    form = RunForm(asked | {name: text})
    assert not form.is_valid()
    ((field, errors),) = form.errors.items()
    assert words in errors[0]
    assert field.partition(".")[0] == name.partition(".")[0]
    assert [shown.group.name for shown in form.shown_groups if shown.is_open] == [field.partition(".")[0]]


def test_a_recipe_that_there_is_not_is_refused_and_the_rest_is_shown(asked: dict[str, Any]) -> None:
    form = RunForm(asked | {"recipe": "huge"})
    assert not form.is_valid()
    assert "recipe" in form.errors
    assert form.recipe_name == "tiny"


def test_the_same_form_with_the_same_content_has_one_key(asked: dict[str, Any]) -> None:
    def key(**changes: Any) -> Any:
        form = RunForm(asked | changes)
        assert form.is_valid()
        return form.key()

    assert key() == key()
    others = [key(seed=4), key(**{"optim.batch": "32"}), key(size="small"), key(note="x"), key(token=str(uuid4()))]
    assert len({key(), *others}) == 6


@pytest.mark.django_db
def test_a_run_again_begins_as_the_earlier_one_was() -> None:
    overrides = {"optim.lr": 0.005, "music.widths": [8, 16, 32, 48], "augment.roll": True}
    run = run_start(
        snapshot=make_snapshot(), recipe="paper@tiny", seed=7, device="cpu", overrides=overrides, note="x", now=NOON
    )
    first = RunForm(initial=initial_like(run))
    assert [shown.group.name for shown in first.shown_groups if shown.is_open] == ["music", "optim", "augment"]
    sent = {name: first[name].value() for name in first.fields}
    form = RunForm({name: value for name, value in sent.items() if value is not None})
    assert form.is_valid(), form.errors
    assert (form.recipe_name, form.cleaned_data["seed"], form.overrides) == ("paper@tiny", 7, overrides)
    assert typed_overrides({"music.widths": [8, 16]}) == {"music.widths": "8, 16"}
