"""Licences and rights: what may be passed on, the notes beside the data, what the card's front matter may say."""

from __future__ import annotations

import re
from collections.abc import Collection

from mpd_builder.snapshot.dataset import Facts
from mpd_builder.snapshot.manifest import ArrayFact

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


def may_pass_on(*, licence: str, may_publish: bool) -> bool:
    """Whether an item's media may be published: only with a stated licence, and where nobody has ruled it out.

    An item of which that is not so is restricted: its metadata and its SHA-256 are in a snapshot, its media are not.
    """
    return may_publish and bool(licence.strip())


def front_matter(facts: Facts, ratings_licence: str) -> list[str]:
    """The card's licence lines: one licence where everything has the same and is free, else `other` with a name."""
    names = {licence for counts in facts.licences.values() for licence in counts} | {ratings_licence}
    if len(names) == 1 and (only := names.pop()) in _HUB_NAMES and not facts.is_restricted:
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


def render(facts: Facts, ratings_licence: str, arrays: Collection[ArrayFact]) -> str:
    """`LICENSE.md`."""
    ratings = (
        f"Ratings and preference votes: {ratings_licence}."
        if ratings_licence
        else "Ratings and preference votes: their publisher has not stated a licence. Ask before you pass them on."
    )
    lines = [
        "# Licences in this snapshot",
        "",
        "Each painting and each piece of music keeps its own licence: the columns `licence`, `attribution`,",
        "`source` and `may_publish` of `data/paintings.parquet` and `data/clips.parquet` state it item by item.",
        "",
        *table(facts),
        "",
        ratings,
        "",
        *rights(facts, arrays),
    ]
    return "\n".join(lines) + "\n"


def rights(facts: Facts, arrays: Collection[ArrayFact]) -> list[str]:
    """What may be passed on, as lines of Markdown."""
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


def cell(text: str) -> str:
    """Text from outside that can neither break out of its table cell nor become markup, a link or a picture."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    escaped = " ".join(plain.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`*_\[\]])", r"\\\1", escaped)
