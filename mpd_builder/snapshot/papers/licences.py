"""Licences and rights: `LICENSE.md`, and what card, data sheet, `croissant.json` and `CITATION.cff` say of them."""

from __future__ import annotations

from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.papers.about import About, cell

# SPDX names that the Hugging Face Hub knows, by its own spelling.
_HUB_NAMES = {
    "Apache-2.0": "apache-2.0",
    "CC0-1.0": "cc0-1.0",
    "CC-BY-2.0": "cc-by-2.0",
    "CC-BY-3.0": "cc-by-3.0",
    "CC-BY-4.0": "cc-by-4.0",
    "CC-BY-NC-2.0": "cc-by-nc-2.0",
    "CC-BY-NC-3.0": "cc-by-nc-3.0",
    "CC-BY-NC-4.0": "cc-by-nc-4.0",
    "CC-BY-NC-ND-4.0": "cc-by-nc-nd-4.0",
    "CC-BY-NC-SA-4.0": "cc-by-nc-sa-4.0",
    "CC-BY-ND-4.0": "cc-by-nd-4.0",
    "CC-BY-SA-3.0": "cc-by-sa-3.0",
    "CC-BY-SA-4.0": "cc-by-sa-4.0",
    "MIT": "mit",
}
_NOT_STATED = "not stated"


def all_named(facts: Facts, ratings_licence: str) -> list[str]:
    """Every licence that something here has, sorted, with "" where one is not stated."""
    return sorted({licence for counts in facts.licences.values() for licence in counts} | {ratings_licence})


def only_one(facts: Facts, ratings_licence: str) -> str:
    """The one licence of everything here, an SPDX name that is widely known; "" where there are several or none."""
    names = all_named(facts, ratings_licence)
    return names[0] if len(names) == 1 and names[0] in _HUB_NAMES and not facts.is_restricted else ""


def address(licence: str) -> str:
    """Where SPDX keeps the text of a licence that is widely known, else its name as it was stated."""
    return f"https://spdx.org/licenses/{licence}.html" if licence in _HUB_NAMES else licence


def front_matter(facts: Facts, ratings_licence: str) -> list[str]:
    """The card's licence lines: one licence where everything has the same and is free, else `other` with a name."""
    if only := only_one(facts, ratings_licence):
        return [f"license: {_HUB_NAMES[only]}"]
    return ["license: other", "license_name: mixed", "license_link: LICENSE.md"]


def table(facts: Facts) -> list[str]:
    """A Markdown table: kind, licence, number of items, and how many of them may not be passed on."""
    rows = [
        f"| {kind} | {cell(licence) or _NOT_STATED} | {count:,} | {facts.restricted.get(kind, {}).get(licence, 0):,} |"
        for kind, counts in sorted(facts.licences.items())
        for licence, count in sorted(counts.items())
    ]
    return ["| items | licence | number | restricted |", "|---|---|---:|---:|", *rows]


def of_ratings(ratings_licence: str) -> str:
    """The licence of ratings and votes, as a sentence."""
    if ratings_licence:
        return f"Ratings and preference votes: {cell(ratings_licence)}."
    return "Ratings and preference votes: their publisher has not stated a licence. Ask before you pass them on."


def render(about: About) -> str:
    """`LICENSE.md`."""
    lines = [
        "# Licences in this snapshot",
        "",
        "Each painting and each piece of music keeps its own licence: the columns `licence`, `attribution`,",
        "`source` and `may_publish` of `data/paintings.parquet` and `data/clips.parquet` state it item by item.",
        "",
        *table(about.facts),
        "",
        of_ratings(about.recipe.ratings_licence),
        "",
        *rights(about),
    ]
    return "\n".join(lines) + "\n"


def rights(about: About) -> list[str]:
    """What may be passed on, as lines of Markdown."""
    facts, arrays = about.facts, about.arrays.values()
    if not facts.is_restricted:
        return ["No item is restricted: each may be passed on under its own licence."]
    paintings, tracks = (sum(facts.restricted.get(kind, {}).values()) for kind in ("paintings", "tracks"))
    lines = [
        f"**Restricted: {paintings:,} of {facts.paintings:,} paintings and {tracks:,} of {facts.tracks:,} tracks "
        f"({facts.restricted_clips:,} of {facts.clips:,} clips).** Their licence is not stated, or they may be",
        "annotated but not published. Their metadata and SHA-256 are in the tables; they have no file under `media/`.",
        "",
    ]
    counts = [f"`{array.path}` {array.restricted_rows:,} of {array.shape[0]:,} rows" for array in arrays]
    if not any(array.restricted_rows for array in arrays):
        return [
            *lines,
            "Nothing made from restricted items is here: as far as the works go, this folder may be passed on.",
        ]
    return [
        *lines,
        "**Do not pass on `arrays/`.** It holds what a model sees, reduced pictures and log-mels, of restricted items",
        f"too: {', '.join(counts)}. These are derived from the works and fall under the same rights.",
        "To pass this snapshot on, use its public form: `python -m mpd_builder publish PATH --out DIR`",
        "leaves `arrays/` out and seals the rest anew.",
    ]
