"""The licences of a snapshot: the notes beside the data, and what the card's front matter may say."""

from __future__ import annotations

from collections.abc import Mapping

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


def front_matter(items: Mapping[str, Mapping[str, int]], ratings_licence: str) -> list[str]:
    """The card's licence lines: one licence where everything has the same, else `other` with a name."""
    names = {licence for counts in items.values() for licence in counts} | {ratings_licence}
    if len(names) == 1 and (only := names.pop()) in _HUB_NAMES:
        return [f"license: {_HUB_NAMES[only]}"]
    return ["license: other", "license_name: mixed", "license_link: LICENSE.md"]


def table_rows(items: Mapping[str, Mapping[str, int]]) -> list[str]:
    """One Markdown row a licence: kind, licence, number of items."""
    return [
        f"| {kind} | {cell(licence) or _NOT_STATED} | {count:,} |"
        for kind, counts in sorted(items.items())
        for licence, count in sorted(counts.items())
    ]


def render(items: Mapping[str, Mapping[str, int]], ratings_licence: str) -> str:
    """`LICENSE.md`."""
    ratings = (
        f"Ratings and preference votes: {ratings_licence}."
        if ratings_licence
        else "Ratings and preference votes: their publisher has not stated a licence. Ask before you pass them on."
    )
    lines = [
        "# Licences in this snapshot",
        "",
        "Each painting and each piece of music keeps its own licence: the columns `licence`, `attribution` and",
        "`source` of `data/paintings.parquet` and `data/clips.parquet` state it item by item.",
        "",
        "| items | licence | number |",
        "|---|---|---:|",
        *table_rows(items),
        "",
        ratings,
    ]
    if any("" in counts for counts in items.values()):
        lines += [
            "",
            "Items whose licence is not stated have no file under `media/`. Where `arrays/` is present it still holds",
            "their reduced pictures and log-mels for training: remove it before publishing this folder, or clear their",
            "licence.",
        ]
    return "\n".join(lines) + "\n"


def cell(text: str) -> str:
    """Text that cannot break out of its Markdown table cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
