"""What a reader should be warned of, from the facts alone: gaps, uneven spread, uses and misuses, people in the data.

Sentences as in `statements`: each written once, for data sheet and `croissant.json`.
"""

from __future__ import annotations

from collections.abc import Mapping

from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.papers.about import About, counted, listed, of_all
from mpd_builder.snapshot.papers.statements import Clean, by_count
from mpd_builder.snapshot.recipe import RaterIds
from mpd_builder.snapshot.tables import SPLITS

FEW_ITEMS = 10
"""A style or genre with fewer items says little by itself."""
_SIDES = SPLITS[:3]


def gaps(about: About) -> list[str]:
    """What is missing or uncertain, and how much of it."""
    facts, recipe = about.facts, about.recipe
    found = [
        (
            facts.incomplete_pairs,
            f"{counted(facts.incomplete_pairs, 'rated pair')} with fewer than {recipe.min_ratings} ratings "
            f"{'is' if facts.incomplete_pairs == 1 else 'are'} left out.",
        ),
        (facts.is_restricted, _restricted(facts)),
        (facts.ambiguous_pairs, f"Ambiguous scores: {of_all(facts.ambiguous_pairs, facts.n_pairs, 'pairs')}."),
        (
            facts.playback_lufs is not None and facts.unmeasured_clips,
            f"Loudness not measured: {of_all(facts.unmeasured_clips, facts.clips, 'clips')}.",
        ),
        (
            facts.simulated_raters,
            f"Simulated raters: {of_all(facts.simulated_raters, facts.raters, 'raters')}.",
        ),
        (facts.pairs["cross"], f"In no split but `cross`: {of_all(facts.pairs['cross'], facts.n_pairs, 'pairs')}."),
    ]
    empty = [side for side in _SIDES if not facts.pairs[side]]
    return [
        *(words for is_there, words in found if is_there),
        *([f"Without a pair: {listed([f'`{side}`' for side in empty])}."] if empty else []),
        *_thin("style", "painting", facts.styles),
        *_thin("genre", "clip", facts.genres),
    ]


def _restricted(facts: Facts) -> str:
    paintings, tracks = (sum(facts.restricted.get(kind, {}).values()) for kind in ("paintings", "tracks"))
    return (
        f"Without media, because they may not be passed on: {of_all(paintings, facts.paintings, 'paintings')} and "
        f"{of_all(tracks, facts.tracks, 'tracks')}."
    )


def _thin(kind: str, item: str, counts: Mapping[str, int]) -> list[str]:
    """Items that state no style or genre, and styles or genres with few items."""
    named = {name: count for name, count in counts.items() if name}
    few = sum(count < FEW_ITEMS for count in named.values())
    words = []
    if missing := counts.get("", 0):
        words.append(f"No {kind} is stated for {of_all(missing, sum(counts.values()), item + 's')}.")
    if few:
        words.append(f"{few} of {counted(len(named), kind)} have fewer than {FEW_ITEMS} {item}s.")
    return words


def imbalances(facts: Facts, *, clean: Clean) -> list[str]:
    """Where the items and the scores are not spread evenly."""
    words = [
        _most(kind, item, {name: count for name, count in counts.items() if name}, clean=clean)
        for kind, item, counts in (("style", "painting", facts.styles), ("genre", "clip", facts.genres))
    ]
    most = max(facts.score_histogram, default=0)
    if facts.score_histogram.count(most) == 1:
        low = facts.score_histogram.index(most) / len(facts.score_histogram)
        width = 1 / len(facts.score_histogram)
        words.append(
            f"Scores are densest from {low:.1f} to {low + width:.1f}: "
            f"{of_all(most, sum(facts.score_histogram), 'pairs')}."
        )
    if facts.simulated_raters < facts.raters:
        words.append(f"All judgments come from {counted(facts.raters, 'rater')}; others may hear and see differently.")
    return [each for each in words if each]


def _most(kind: str, item: str, named: Mapping[str, int], *, clean: Clean) -> str:
    ranked = by_count(named)
    if len(ranked) < 2 or ranked[0][1] == ranked[1][1]:
        return ""
    name, count = ranked[0]
    stated = of_all(count, sum(named.values()), item + "s")
    return f"The most frequent of {len(named)} {kind}s, {clean(name)}, has {stated} that state one."


def uses(facts: Facts) -> list[str]:
    """What it is made for."""
    if facts.synthetic == "everything":
        return ["To try loaders, models and pipelines out. It says nothing about what people perceive."]
    words = ["To train and test models that predict how well a painting goes with a piece of music."]
    if any(fact.kept for fact in facts.preferences.values()):
        words.append("To learn from preferences between pairs whose scores are close.")
    return [*words, "To study how far raters agree about it: every rating that counts is here, one a row."]


def misuses(facts: Facts) -> list[str]:
    """What it cannot carry."""
    words = [
        "To rank paintings or music by quality: a score is of the two together.",
        "To describe, compare or recognise single raters.",
        "For anything that the licence of an item does not allow.",
    ]
    if facts.synthetic != "everything":
        words.insert(1, f"To speak for people in general: it holds what {counted(facts.raters, 'rater')} said.")
    return words


def personal(about: About) -> list[str]:
    """What is said of people: first of the raters, then of others."""
    facts = about.facts
    words = {
        RaterIds.PSEUDONYMOUS: "Raters are named by pseudonyms only: no names, no addresses.",
        RaterIds.ABSENT: "Who gave a rating is left out, and so is the table of raters.",
    }
    told = [words[about.recipe.rater_ids]]
    if about.has_raters:
        told.append(
            "Ratings of one rater can be told apart by the pseudonym, with the time each took and how it was given."
        )
    if any(facts.backgrounds.values()):
        told.append(
            "What raters said of their training is here as counts only; answers that fewer than three of them gave "
            "are counted together."
        )
    if facts.synthetic != "everything":
        told.append("The artists of paintings and music are named where that was stated (`artist`).")
    return told


def impact(facts: Facts) -> str:
    """What follows for people, "" where no person judged."""
    if facts.simulated_raters == facts.raters:
        return ""
    return (
        f"Scores are judgments of {counted(facts.raters, 'rater')} about works of art. A model that learns from them "
        "repeats the taste of these people, and should not be taken for a measure of art or of artists."
    )


def maintenance() -> list[str]:
    return [
        "A snapshot never changes: whoever corrects or extends it makes another one, with another digest.",
        "The judgments of a rater who withdraws are absent from every later snapshot.",
        "Whatever is added later, an item that was held out never comes back to training, with the same salt.",
    ]
