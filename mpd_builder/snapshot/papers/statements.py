"""What can be said of a snapshot from its facts and its recipe alone: whole sentences, each written in one place.

Card, data sheet and `croissant.json` are put together from these. A sentence whose facts are not there is not said.
Names of columns and files stand between backticks, which JSON leaves out. Words from outside (styles, labels, answers)
go through `clean`: `about.cell` for Markdown, `about.plain` for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from mpd_builder.playback import PEAK_CEILING_DBTP
from mpd_builder.rules import Aggregator, VoteRule
from mpd_builder.sides import Regime
from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.papers.about import About, alpha_words, counted, listed, number, share
from mpd_builder.snapshot.recipe import MediaChoice, Recipe

Clean = Callable[[str], str]

BACKGROUNDS = {"role": "role", "discipline": "discipline", "training_years": "years of training"}


def task() -> str:
    """What a rater was asked."""
    return (
        "How well does a painting go with a piece of music? Raters heard a 15-second clip, saw a painting and gave one "
        "score from 0 to 1."
    )


def holdings(facts: Facts) -> str:
    return (
        f"This snapshot holds {counted(facts.n_pairs, 'scored pair')} of {counted(facts.paintings, 'painting')} and "
        f"{counted(facts.clips, 'clip')} from {counted(facts.tracks, 'track')}, {counted(facts.ratings, 'rating')} by "
        f"{counted(facts.raters, 'rater')}."
    )


def synthesis(about: About) -> str:
    """What a program made, "" where nothing."""
    facts = about.facts
    if facts.synthetic == "everything":
        return (
            "Everything here is synthetic. The pictures were painted and the music composed by a program, and the "
            "raters are simulated. It serves to try tools on; it says nothing about what people perceive."
        )
    if facts.synthetic == "nothing":
        return ""
    which = "The columns `is_synthetic` of paintings and clips"
    if about.has_raters:
        which += " and `simulated` of raters"
    return f"Partly synthetic: {facts.synthetic} were made by a program. {which} say which."


def scoring(recipe: Recipe) -> str:
    """How ratings become a score."""
    if recipe.aggregator is Aggregator.MEDIAN:
        rule = "is their median"
    elif recipe.aggregator is Aggregator.TRIMMED_MEAN and recipe.trim:
        rule = f"leaves out the {recipe.trim} lowest and the {recipe.trim} highest and averages the rest"
    else:
        rule = "is the mean of all of them"
    return f"A pair is taken from {recipe.min_ratings} ratings on, each by another rater; its score {rule}."


def preference_rule(recipe: Recipe) -> str:
    low, high = recipe.band
    votes = counted(recipe.votes_needed, "vote")
    if recipe.vote_rule is VoteRule.UNANIMOUS:
        rule = f"A winner needs at least {votes}, all of them for it"
    else:
        rule = f"A winner needs a strict majority of at least {votes}"
    return (
        f"Two-alternative forced choice (2AFC) between two ambiguous pairs (scores from {low:g} to {high:g}) that "
        f"share their music or their painting. {rule}; without one, `winner` is null."
    )


def split_rule(recipe: Recipe) -> str:
    """How pairs came into their splits, and what that keeps apart."""
    train, validation, test = recipe.shares
    return _SPLIT_RULES[recipe.split].format(aim=f"{train:.0%} train, {validation:.0%} validation, {test:.0%} test")


_SPLIT_RULES = {
    Regime.PAIR: (
        "Every combination of a painting and a track has a side, by a hash of their ids: {aim}. A pair belongs where "
        "its combination does. What is seen or heard in `test` may occur in `train` too, with another partner; to test "
        "with what no training pair has shown, filter by `split_painting` and `split_track`."
    ),
    Regime.UNSEEN_PAINTING: (
        "Every painting has a side, by a hash of its id: {aim}. A pair belongs where its painting does. So no painting "
        "of `test` occurs in `train`; the music may. To keep both apart, filter by `split_track` too."
    ),
    Regime.UNSEEN_TRACK: (
        "Every track, with all its clips, has a side, by a hash of its id: {aim}. A pair belongs where its track does. "
        "So no music of `test` occurs in `train`; the paintings may. To keep both apart, filter by `split_painting` "
        "too."
    ),
    Regime.UNSEEN_BOTH: (
        "Every painting and every track, with all its clips, has a side, by a hash of its id: {aim}. A pair belongs to "
        "a split only if its painting and its track are on the same side; otherwise it is `cross`. So nothing that is "
        "seen or heard in `train` occurs in `test`. To test with unseen paintings alone, or unseen tracks alone, "
        "filter by `split_painting` and `split_track`."
    ),
}


def repeated_works(facts: Facts) -> list[str]:
    """Works that are here more than once, by the word of a person or by their likeness."""
    lines = []
    if found := _groups(facts.same_works, "work"):
        lines.append(
            f"A person found {found} to be here more than once, in other pictures or recordings. The splits keep the "
            "items of a work together; `facts.same_works` in `manifest.json` lists them."
        )
    if found := _groups(facts.alike, "group"):
        lines.append(
            f"Alike, and not decided by a person: {found} (`facts.alike`). The splits keep the items of a group "
            "together too."
        )
    return lines


def _groups(groups: Mapping[str, Sequence[Sequence[str]]], noun: str) -> str:
    return listed([f"{counted(len(each), noun)} among the {kind}" for kind, each in sorted(groups.items()) if each])


def playback(facts: Facts) -> str:
    """How loud clips were played."""
    if facts.playback_lufs is None:
        return "Clips were played as they were mastered, without loudness normalisation."
    words = (
        f"Loudness: clips were played at {facts.playback_lufs:g} LUFS (integrated loudness, EBU R 128), by a gain that "
        f"keeps true peaks at or below {PEAK_CEILING_DBTP:g} dBTP; the sound files are as they were mastered."
    )
    if facts.held_back_clips:
        words += f" {facts.held_back_clips:,} of {facts.clips:,} clips stayed softer, since their peaks leave no room."
    if facts.unmeasured_clips:
        words += f" The loudness of {facts.unmeasured_clips:,} clips is not known: they were played as they are."
    return words


def media(about: About) -> str:
    """Which media files are here."""
    words = {
        MediaChoice.NONE: "Pictures and sound are not included.",
        MediaChoice.PREVIEWS: "`media/` holds the pictures as raters saw them; sound is not included.",
        MediaChoice.FULL: "`media/` holds the pictures and the sound as raters saw and heard them"
        + ("." if about.facts.playback_lufs is None else ", but for the loudness."),
    }
    return words[about.recipe.media]


def who_rated(facts: Facts) -> str:
    words = f"{counted(facts.ratings, 'rating')} by {counted(facts.raters, 'rater')}"
    if facts.simulated_raters == facts.raters:
        return f"{words}, all of them programs."
    if facts.simulated_raters:
        return f"{words}, {facts.simulated_raters:,} of them programs."
    return f"{words}."


def backgrounds(facts: Facts, *, clean: Clean) -> list[str]:
    """Raters by what they said of themselves: one line a question."""
    return [
        f"By {BACKGROUNDS.get(name, clean(name.replace('_', ' ')))}: {ranked(counts, clean=clean)}."
        for name, counts in sorted(facts.backgrounds.items())
        if counts
    ]


def ranked(counts: Mapping[str, int], *, clean: Clean, missing: str = "not stated", most: int = 0) -> str:
    """Names with their counts, the most frequent first; those past `most` (0: none) are counted together."""
    rows = by_count(counts)
    shown = rows if not most or len(rows) <= most else rows[:most]
    words = [f"{clean(name.replace('_', ' ')) or missing} ({count:,})" for name, count in shown]
    if rest := rows[len(shown) :]:
        words.append(f"{len(rest)} others ({sum(count for _, count in rest):,})")
    return ", ".join(words)


def by_count(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Names with their counts, the most frequent first, then by name."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def collected(facts: Facts) -> str:
    """When, "" where that is not known."""
    if not facts.collected_from:
        return ""
    if facts.collected_from == facts.collected_until:
        return f"All ratings were given on {facts.collected_from} (UTC)."
    return f"The first rating is of {facts.collected_from}, the last of {facts.collected_until} (UTC)."


def agreement(facts: Facts) -> list[str]:
    """How far raters agree, and how reliable the score is."""
    dispersion = facts.dispersion
    lines = [f"Krippendorff's alpha (interval): {alpha_words(facts.alpha)}"]
    if facts.score_alpha is not None:
        lines.append(
            "Reliability of the score, alpha stepped up to the mean of a pair's ratings (Spearman-Brown): "
            f"{alpha_words(facts.score_alpha)}"
        )
    return [
        *lines,
        f"Mean dispersion (population standard deviation of a pair's ratings): {number(dispersion.mean)}; "
        f"with the sample standard deviation {number(dispersion.sample_mean)}",
        f"Pairs with a dispersion below 0.09: {share(dispersion.share_below_09)}; "
        f"below 0.11: {share(dispersion.share_below_11)}",
    ]


def vote_agreement(facts: Facts) -> list[str]:
    """Alpha of the votes, where it was computed."""
    return [
        f"Krippendorff's alpha (nominal) of the votes {direction}: {alpha_words(fact.alpha, unit='task', value='vote')}"
        for direction, fact in sorted(facts.preferences.items())
        if fact.alpha is not None and fact.tasks
    ]


def origin(about: About) -> str:
    made_on = f" on {about.created_on.isoformat()}" if about.created_on else ""
    return f"Made{made_on} by MPD Atelier {about.code_version}, recipe `{about.recipe.name}`."


def per_item(about: About) -> str:
    """How many judgments an item has."""
    recipe = about.recipe
    ratings = f"{recipe.min_ratings}"
    if recipe.raters_per_pair > recipe.min_ratings:
        ratings += f" to {recipe.raters_per_pair}"
    words = f"{ratings} ratings a pair, each by another rater"
    if any(fact.tasks for fact in about.facts.preferences.values()):
        words += f"; at least {counted(recipe.votes_needed, 'vote')} a preference task"
    return f"{words}."


def instructions(facts: Facts, *, clean: Clean) -> list[str]:
    """The versions of the instructions, where they are known."""
    lines = []
    for fact in facts.protocol_versions:
        since = f", published on {fact.published_on}" if fact.published_on else ""
        label = clean(fact.label) or "without a label"
        lines.append(f"Instructions {label}{since}: {counted(fact.ratings, 'rating')}.")
    return lines
