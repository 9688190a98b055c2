"""Recipes: everything that decides what a snapshot contains, as one frozen value with one canonical text."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from mpd_builder.rules import AVERAGES, Aggregator, VoteRule
from mpd_builder.sides import Regime


class RecipeError(ValueError):
    """A recipe asks for something that cannot be built; the message says which field and why."""


class MediaChoice(StrEnum):
    """Which media files a snapshot carries: none, the pictures as raters saw them, or pictures and sound."""

    NONE = "none"
    PREVIEWS = "previews"
    FULL = "full"


class RaterIds(StrEnum):
    """Whether ratings say which (pseudonymous) rater gave them."""

    PSEUDONYMOUS = "pseudonymous"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How judgments become a snapshot. Field by field:

    raters_per_pair: the protocol's number of ratings; a pair with more is an error, never trimmed to fit.
    min_ratings: a pair with fewer is left out (and counted as left out).
    aggregator: how a pair's ratings become its score.
    trim: how many of the lowest and of the highest ratings a trimmed mean leaves out; of no meaning to the others.
    band: scores in [low, high] are ambiguous.
    votes_needed, vote_rule: a preference is decided by a strict majority of at least so many votes, or if all agree.
    split: the regime, which says into which file a pair goes. All of them can be had from any snapshot by a filter.
    shares: train, validation and test share of what the regime deals out: paintings, tracks, combinations.
    salt: what the split hash mixes in; the same salt keeps every item on its side for ever.
    ratings_licence: SPDX name of the licence of ratings and votes; empty while their publisher has not stated one.
    """

    name: str
    raters_per_pair: int = 5
    min_ratings: int = 5
    aggregator: Aggregator = Aggregator.TRIMMED_MEAN
    trim: int = 1
    band: tuple[float, float] = (0.4, 0.6)
    votes_needed: int = 3
    vote_rule: VoteRule = VoteRule.MAJORITY
    split: Regime = Regime.UNSEEN_BOTH
    shares: tuple[float, float, float] = (0.70, 0.15, 0.15)
    salt: str = "mpd-1"
    media: MediaChoice = MediaChoice.FULL
    arrays: bool = True
    rater_ids: RaterIds = RaterIds.PSEUDONYMOUS
    ratings_licence: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z0-9][a-z0-9._-]{0,39}", self.name):
            raise RecipeError(
                f"name {self.name!r}: use 1 to 40 small letters, digits, dots, dashes or underscores, "
                "a letter or digit first."
            )
        _check_counts(self)
        _check_aggregator(self)
        _check_band(self.band)
        _check_shares(self.shares)
        if not self.salt or not self.salt.isprintable() or len(self.salt) > 80:
            raise RecipeError("salt: give 1 to 80 printable characters.")
        if len(self.ratings_licence) > 80 or not self.ratings_licence.isprintable():
            raise RecipeError("ratings_licence: give an SPDX name such as CC-BY-4.0, or leave it empty.")

    @property
    def trimmed(self) -> int:
        """How many of the lowest and of the highest of `raters_per_pair` ratings the score leaves out."""
        if self.aggregator is Aggregator.MEDIAN:
            return (self.raters_per_pair - 1) // 2
        return self.trim if self.aggregator is Aggregator.TRIMMED_MEAN else 0

    def to_dict(self) -> dict[str, Any]:
        """The recipe as JSON values."""
        values = asdict(self)
        return values | {"band": list(self.band), "shares": list(self.shares)}

    def to_json(self) -> str:
        """The canonical text: sorted keys, no spaces. Equal recipes have equal texts."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """Read a recipe back; raise RecipeError on an unknown field or a value of the wrong kind."""
        if "name" not in values:
            raise RecipeError("A recipe needs a name.")
        known = {field.name: field for field in fields(cls)}
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise RecipeError(f"Unknown field {', '.join(unknown)}. A recipe has: {', '.join(known)}.")
        return cls(**{name: _READERS[name](name, value) for name, value in values.items()})

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read the canonical text back."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise RecipeError(f"A recipe is a JSON object; this is not JSON ({error}).") from error
        if not isinstance(values, dict):
            raise RecipeError("A recipe is a JSON object.")
        return cls.from_dict(values)


def _check_counts(recipe: Recipe) -> None:
    if not 2 <= recipe.raters_per_pair <= 100:
        raise RecipeError(f"raters_per_pair {recipe.raters_per_pair}: give a number from 2 to 100.")
    if not 2 <= recipe.min_ratings <= recipe.raters_per_pair:
        raise RecipeError(
            f"min_ratings {recipe.min_ratings}: give a number from 2 to raters_per_pair ({recipe.raters_per_pair})."
        )
    if not 1 <= recipe.votes_needed <= 100:
        raise RecipeError(f"votes_needed {recipe.votes_needed}: give a number from 1 to 100.")


def _check_aggregator(recipe: Recipe) -> None:
    if recipe.aggregator not in AVERAGES:
        raise RecipeError(
            f"aggregator: the {recipe.aggregator} belongs into reliability reports, not into snapshots, where a pair's "
            f"score rests on its own ratings alone. Give one of {', '.join(AVERAGES)}."
        )
    if recipe.trim < 0:
        raise RecipeError(f"trim {recipe.trim}: give a number from 0 on.")
    if recipe.aggregator is Aggregator.TRIMMED_MEAN and 2 * recipe.trim >= recipe.min_ratings:
        raise RecipeError(
            f"trim {recipe.trim}: leaving out {recipe.trim} low and {recipe.trim} high of "
            f"{recipe.min_ratings} ratings leaves none to average."
        )


def _check_band(band: tuple[float, float]) -> None:
    if len(band) != 2 or not 0.0 <= band[0] <= band[1] <= 1.0:
        raise RecipeError(f"band {list(band)}: give two numbers, 0 <= low <= high <= 1.")


def _check_shares(shares: tuple[float, float, float]) -> None:
    in_range = len(shares) == 3 and all(0.0 <= share <= 1.0 for share in shares)
    if not in_range or not math.isclose(sum(shares), 1.0, abs_tol=1e-9) or shares[0] == 0.0:
        raise RecipeError(
            f"shares {list(shares)}: give three numbers from 0 to 1 for train, validation and test that add up to 1, "
            "with something left to train on."
        )


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise RecipeError(f"{name}: {value!r} is not a whole number.")
    return value


def _numbers(name: str, value: Any) -> tuple[float, ...]:
    if not isinstance(value, list | tuple):
        raise RecipeError(f"{name}: {value!r} is not a list of numbers.")
    if any(isinstance(item, bool) or not isinstance(item, int | float) for item in value):
        raise RecipeError(f"{name}: {value!r} holds something that is not a number.")
    return tuple(float(item) for item in value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise RecipeError(f"{name}: {value!r} is not text.")
    return value


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise RecipeError(f"{name}: {value!r} is neither true nor false.")
    return value


def _one_of(choices: type[StrEnum]) -> Callable[[str, Any], StrEnum]:
    def read(name: str, value: Any) -> StrEnum:
        if value not in tuple(choices):
            raise RecipeError(f"{name}: {value!r} is not one of {', '.join(choices)}.")
        return choices(value)

    return read


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "name": _text,
    "raters_per_pair": _whole,
    "min_ratings": _whole,
    "aggregator": _one_of(Aggregator),
    "trim": _whole,
    "band": _numbers,
    "votes_needed": _whole,
    "vote_rule": _one_of(VoteRule),
    "split": _one_of(Regime),
    "shares": _numbers,
    "salt": _text,
    "media": _one_of(MediaChoice),
    "arrays": _flag,
    "rater_ids": _one_of(RaterIds),
    "ratings_licence": _text,
}

# A pair is in the test split only if its painting and its track both are: with a quarter of each held out that is about
# one pair in sixteen, against one in forty-four under `default`.
# One more for each regime that `default` is not of, named for it.
_NAMED = {
    recipe.name: recipe
    for recipe in (
        Recipe("default"),
        Recipe("demo", shares=(0.55, 0.20, 0.25)),
        *(Recipe(regime.value, split=regime) for regime in Regime if regime is not Regime.UNSEEN_BOTH),
    )
}

NAMES: tuple[str, ...] = tuple(_NAMED)


def get(name: str) -> Recipe:
    """The named recipe; RecipeError lists the names there are."""
    if name not in _NAMED:
        raise RecipeError(f"There is no recipe {name!r}. There are: {', '.join(NAMES)}.")
    return _NAMED[name]
