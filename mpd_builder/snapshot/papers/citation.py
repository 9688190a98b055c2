"""`CITATION.cff`: how to cite a snapshot, in the Citation File Format 1.2.0."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from mpd_builder.snapshot.papers import licences, statements
from mpd_builder.snapshot.papers.about import About

PUBLISHER = "The publisher of this dataset"
"""Stands where only the publisher can say who made it."""
PAPER_TITLE = "MPJudge: Towards Perceptual Assessment of Music-Induced Paintings"
_PAPER_AUTHORS = (("Jiang", "Shiqi"), ("Liang", "Tianyi"), ("Ye", "Huayuan"), ("Wang", "Changbo"), ("Li", "Chenhui"))
_PAPER_ARXIV = "2511.07137"


def version(about: About) -> str:
    """The format version and the content's digest: two snapshots of the same data have the same."""
    return f"{about.format_version}.0.0+{about.content_digest[:16]}"


def bibtex(about: About) -> str:
    """The snapshot as a BibTeX entry."""
    year = f"  year = {{{about.created_on.year}}},\n" if about.created_on else ""
    return (
        f"@misc{{mpd-{about.content_digest[:12]},\n"
        f"  title = {{{about.title}}},\n"
        f"  author = {{{{{PUBLISHER}}}}},\n"
        f"{year}"
        f"  version = {{{version(about)}}},\n"
        f"  note = {{SHA-256 of the content: {about.content_digest}}}\n"
        "}"
    )


def render(about: About) -> str:
    """The whole file."""
    lines = [
        "# The authors are for the publisher to fill in; the SHA-256 of SHA256SUMS names this snapshot exactly.",
        *(line for key, value in _values(about).items() for line in _yaml(key, value)),
    ]
    return "\n".join(lines) + "\n"


def _yaml(key: str, value: Any) -> Iterable[str]:
    """A key with a scalar, or with a list of scalars or of mappings, as lines of YAML; texts are quoted as in JSON."""
    if not isinstance(value, list):
        yield f"{key}: {json.dumps(value, ensure_ascii=False)}"
        return
    yield f"{key}:"
    for each in value:
        inner = each.items() if isinstance(each, dict) else None
        lines = [line for name, one in inner for line in _yaml(name, one)] if inner else [json.dumps(each)]
        yield from (f"{'  - ' if number == 0 else '    '}{line}" for number, line in enumerate(lines))


def _values(about: About) -> dict[str, Any]:
    values: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": "If you use this dataset, please cite it and the paper that it follows.",
        "type": "dataset",
        "title": about.title,
        "abstract": f"{statements.task()} {statements.holdings(about.facts)}",
        "authors": [{"name": PUBLISHER}],
        "version": version(about),
        "identifiers": [
            {
                "type": "other",
                "value": f"sha256:{about.content_digest}",
                "description": "Of tables, media and arrays: content_digest in manifest.json.",
            }
        ],
        "keywords": about.keywords,
    }
    if about.created_on:
        values["date-released"] = about.created_on.isoformat()
    if licence := licences.only_one(about.facts, about.recipe.ratings_licence):
        values["license"] = licence
    return values | {"references": [_paper()]}


def _paper() -> dict[str, Any]:
    return {
        "type": "article",
        "title": PAPER_TITLE,
        "authors": [{"family-names": family, "given-names": given} for family, given in _PAPER_AUTHORS],
        "year": 2025,
        "url": f"https://arxiv.org/abs/{_PAPER_ARXIV}",
        "identifiers": [{"type": "doi", "value": f"10.48550/arXiv.{_PAPER_ARXIV}"}],
    }
