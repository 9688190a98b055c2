"""A recipe in a person's words. Recipes of earlier code, which lack a field or two, are told as far as they go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEDIA = {
    "full": "Pictures and sound, of what may be passed on",
    "previews": "Pictures, of what may be passed on; no sound",
    "none": "Neither pictures nor sound",
}
REGIMES = {
    "unseen-both": "Painting and track",
    "unseen-painting": "The painting",
    "unseen-track": "The track, with all its clips",
    "pair": "Only the combination",
}
SPLITS = {
    "unseen-both": (
        "Paintings and tracks are dealt out, each by its own id. A pair whose two sides fall apart is cross: "
        "it is neither trained on nor tested with unless you ask for it."
    ),
    "unseen-painting": (
        "Paintings are dealt out, each by its own id. A pair goes with its painting; its music may be anywhere."
    ),
    "unseen-track": (
        "Tracks are dealt out, each by its own id. A pair goes with its track; its painting may be anywhere."
    ),
    "pair": "Pairs are dealt out, each by its own id. A test pair's painting and music may both occur in training.",
}
RATER_IDS = {"pseudonymous": "Ratings name their rater by a pseudonym", "absent": "Ratings do not say who gave them"}


def recipe_rows(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what, how) of everything that a recipe decides, in the order of the form."""
    rows = [
        ("Pairs", _pairs(values)),
        ("Score", _score(values)),
        ("Ambiguous", _band(values)),
        ("Preferences", _preferences(values)),
        ("New in the test", _regime(values)),
        ("Shares", _shares(values)),
        ("Salt", values.get("salt", "")),
        ("Media", MEDIA.get(values.get("media", ""), "")),
        ("Arrays", _arrays(values)),
        ("Raters", RATER_IDS.get(values.get("rater_ids", ""), "")),
        ("Licence of the ratings", values.get("ratings_licence") or "not stated yet"),
    ]
    return [(name, words) for name, words in rows if words]


def _pairs(values: Mapping[str, Any]) -> str:
    least, all_of_them = values.get("min_ratings"), values.get("raters_per_pair")
    if least is None:
        return ""
    return f"Complete, with {least} ratings each" if least == all_of_them else f"With {least} ratings or more"


def _score(values: Mapping[str, Any]) -> str:
    if "trim" not in values:
        return ""
    aggregator, trim = values.get("aggregator", "trimmed mean"), values["trim"]
    if aggregator == "median":
        return "The median of the ratings"
    if aggregator == "mean" or not trim:
        return "The mean of all ratings"
    dropped = "the lowest and the highest" if trim == 1 else f"the {trim} lowest and the {trim} highest"
    return f"The mean of the ratings without {dropped}"


def _band(values: Mapping[str, Any]) -> str:
    return "from {:g} to {:g}".format(*values["band"]) if "band" in values else ""


def _preferences(values: Mapping[str, Any]) -> str:
    if "votes_needed" not in values:
        return ""
    votes = values["votes_needed"]
    if values.get("vote_rule") == "unanimous":
        return f"Decided where all agree, of at least {votes} vote{'' if votes == 1 else 's'}"
    return f"Decided by the majority of at least {votes} vote{'' if votes == 1 else 's'}"


def _regime(values: Mapping[str, Any]) -> str:
    """There was one regime before recipes named it."""
    return REGIMES.get(values.get("split", "unseen-both"), "") if "shares" in values else ""


def _shares(values: Mapping[str, Any]) -> str:
    if "shares" not in values:
        return ""
    train, validation, test = (f"{100 * share:.6g} %" for share in values["shares"])
    return f"{train} for training, {validation} for validation, {test} for the test"


def _arrays(values: Mapping[str, Any]) -> str:
    if "arrays" not in values:
        return ""
    return "What a model reads is inside" if values["arrays"] else "None: nothing can be trained on it here"


def split_words(values: Mapping[str, Any]) -> str:
    """What decides the side of a pair."""
    return SPLITS.get(values.get("split", "unseen-both"), "")


def score_label(values: Mapping[str, Any]) -> str:
    """What stands below the scores' histogram."""
    return f"Score ({values.get('aggregator', 'trimmed mean')}); the ambiguous band stands out"
