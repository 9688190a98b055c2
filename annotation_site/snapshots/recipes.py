"""From what a person asks for to the recipe that is kept: a named one, the campaign's own protocol, what differs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from annotation_site.scoring.models import Campaign
from annotation_site.snapshots.errors import RecipeRefused
from mpd_builder.snapshot import Recipe, RecipeError
from mpd_builder.snapshot import recipe as recipes

CUSTOM = "custom"
"""The name of a recipe that differs from the one it began with."""

FIELDS = tuple(field.name for field in fields(Recipe) if field.name not in ("name", "raters_per_pair"))
"""What can be overridden. The number of raters of a pair is the campaign's, and the name follows from the rest."""


def recipe_for(*, campaign: Campaign, name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    """The named recipe under the campaign's protocol (raters, trim, band, votes), with `overrides`.

    `name` may be `custom` too, which begins where `default` does. What equals no named recipe is called `custom`.
    Raises `RecipeRefused`, which names the field.
    """
    base = _under_protocol(campaign, name)
    unknown = sorted(set(overrides or {}) - set(FIELDS))
    if unknown:
        raise RecipeRefused(
            f"There is no setting {unknown[0]!r} of a recipe. There are: {', '.join(FIELDS)}.", field=unknown[0]
        )
    try:
        changed = Recipe.from_dict(base.to_dict() | dict(overrides or {}))
    except RecipeError as error:
        raise RecipeRefused(_words(error), field=_field(error)) from None
    return replace(changed, name=_name(campaign, changed, begun_as=name))


def _under_protocol(campaign: Campaign, name: str) -> Recipe:
    try:
        named = recipes.get("default") if name == CUSTOM else recipes.get(name)
        return replace(
            named,
            name=name,
            raters_per_pair=campaign.raters_per_pair,
            min_ratings=campaign.raters_per_pair,
            trim=campaign.trim,
            band=(campaign.band_low, campaign.band_high),
            votes_needed=campaign.votes_per_task,
        )
    except RecipeError as error:
        raise RecipeRefused(str(error), field="recipe") from None


def _name(campaign: Campaign, chosen: Recipe, *, begun_as: str) -> str:
    """The name of the named recipe that this is, of the one that it began as rather than of another."""
    names = [begun_as, *recipes.NAMES] if begun_as != CUSTOM else recipes.NAMES
    same = (name for name in names if replace(chosen, name=name) == _under_protocol(campaign, name))
    return next(same, CUSTOM)


def _field(error: RecipeError) -> str:
    """The field that a recipe's error is about: its message begins with it."""
    first = re.match(r"\w+", str(error))
    return first[0] if first and first[0] in FIELDS else ""


def _words(error: RecipeError) -> str:
    """The message without the field's name in front, which stands beside it wherever it is shown."""
    told = re.sub(r"^\w+[^:]*: ", "", str(error), count=1) if _field(error) else str(error)
    return told[:1].upper() + told[1:]
