from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from model import recipes
from model.config import Config, ConfigError, parse_setting


@pytest.mark.parametrize("name", recipes.NAMES)
def test_a_recipe_survives_the_way_through_json(name: str) -> None:
    config = recipes.get(name)
    assert Config.from_dict(json.loads(config.to_json())) == config
    assert config.recipe == name
    assert recipes.description(name).endswith(".")


@pytest.mark.parametrize("size", recipes.SIZES)
@pytest.mark.parametrize("name", recipes.NAMES)
def test_every_recipe_comes_in_every_size(name: str, size: str) -> None:
    config = recipes.get(f"{name}@{size}")
    assert config.recipe == (name if size == "full" else f"{name}@{size}")
    assert (config.architecture, config.fusion, config.head, config.loss) == (
        recipes.get(name).architecture, recipes.get(name).fusion, recipes.get(name).head, recipes.get(name).loss,
    )  # fmt: skip
    assert recipes.description(f"{name}@{size}") == recipes.description(name)


def test_the_sizes_of_best_are_small_and_tiny() -> None:
    for size in ("small", "tiny"):
        assert replace(recipes.get(f"best@{size}"), recipe=size) == recipes.get(size)


def test_the_rows_of_a_table_differ_in_what_the_table_is_about_alone() -> None:
    """Table 3: the fusion and the second stage; in one size all learn on one schedule."""
    reference = recipes.get("without-dpo@tiny")
    for row in ("painting-only", "concat", "cross-attention"):
        config = recipes.get(f"{row}@tiny")
        assert replace(config, recipe=reference.recipe, fusion=reference.fusion) == reference
    paper = recipes.get("paper@tiny")
    assert replace(reference, recipe=paper.recipe, loss=paper.loss) == paper


def test_an_unknown_size_is_refused_with_the_sizes_there_are() -> None:
    with pytest.raises(ConfigError, match="full, small, tiny"):
        recipes.get("paper@huge")


def test_a_baseline_must_fit_into_the_painting() -> None:
    with pytest.raises(ConfigError, match=r"baseline\.side 224 is more than the painting's 64"):
        recipes.get("tiny").with_overrides({"architecture": "l3net"})


def test_canonical_json_does_not_depend_on_the_order_of_the_settings() -> None:
    config = recipes.get("tiny")
    backwards = {
        name: dict(reversed(group.items())) if isinstance(group, dict) else group
        for name, group in reversed(config.to_dict().items())
    }
    assert Config.from_dict(backwards).to_json() == config.to_json()


def test_settings_are_replaced_by_dotted_name() -> None:
    changed = recipes.get("tiny").with_overrides(
        {"optim.lr": 1, "fusion.topology": "paper", "music.widths": [8, 16], "augment.roll": True}
    )
    assert changed.optim.lr == 1.0
    assert isinstance(changed.optim.lr, float)
    assert changed.fusion.topology == "paper"
    assert changed.music.widths == (8, 16)
    assert changed.augment.roll is True


def test_settings_that_depend_on_each_other_change_together() -> None:
    changed = recipes.get("paper").with_overrides({"painting.heads": 5, "painting.width": 500})
    assert (changed.painting.width, changed.painting.heads) == (500, 5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("optim.learning_rate", 1.0, "no setting is called 'optim.learning_rate'"),
        ("optimiser.lr", 1.0, "the groups are music, painting"),
        ("optim", 1.0, "no setting is called 'optim'"),
        ("optim.lr", "fast", "optim.lr must be a number, not 'fast'"),
        ("optim.lr", -1.0, "optim.lr must be above 0"),
        ("optim.lr", float("nan"), "optim.lr must be a number"),
        ("optim.batch", 2.5, "optim.batch must be a whole number"),
        ("optim.batch", True, "optim.batch must be a whole number"),
        ("augment.roll", 1, "augment.roll must be true or false"),
        ("fusion.topology", "postln", "fusion.topology must be one of paper, preln"),
        ("painting.heads", 7, "must be a multiple of heads 7"),
        ("painting.patch", 7, "must be a multiple of pool x patch"),
        ("music.widths", [], "at least one convolution"),
        ("music.widths", 64, "music.widths must be a list"),
        ("optim.betas", [0.9], "optim.betas must have 2 values"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_wrong(name: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("[", r"\[")):
        recipes.get("paper").with_overrides({name: value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("optim.lr=3e-4", ("optim.lr", 3e-4)),
        ("music.widths=[8, 16]", ("music.widths", [8, 16])),
        ("fusion.topology=paper", ("fusion.topology", "paper")),
        ("augment.roll=true", ("augment.roll", True)),
    ],
)
def test_a_setting_on_the_command_line_is_read_by_its_look(text: str, expected: tuple[str, object]) -> None:
    assert parse_setting(text) == expected


def test_a_setting_without_a_value_is_refused() -> None:
    with pytest.raises(ConfigError, match="name=value"):
        parse_setting("optim.lr")


def test_an_unknown_recipe_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ConfigError, match="paper, best, small, tiny"):
        recipes.get("huge")


@pytest.mark.parametrize(
    "module",
    [
        "coercion",
        "config",
        "recipes",
        "events",
        "failures",
        "files",
        "metrics",
        "acquisition",
        "choicefile",
        "drawing",
        "fields",
        "known_costs",
        "report",
    ],
)
def test_what_the_site_reads_does_not_load_torch(module: str) -> None:
    code = f"import sys, model.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
