"""The papers that travel with a snapshot: card, data sheet, licences, citation, Croissant, figures, instructions.

All are functions of the recipe, the facts and the files, so that the same snapshot has the same papers byte for byte.
"""

from collections.abc import Mapping, Sequence

from mpd_builder.snapshot.papers import card, citation, croissant, datasheet, licences, protocols
from mpd_builder.snapshot.papers.about import About
from mpd_builder.snapshot.papers.figures import Figure, figures

__all__ = ["OWN", "About", "own_papers", "papers"]

OWN = ("README.md", "DATASHEET.md", "LICENSE.md", "CITATION.cff", "croissant.json")
"""The papers that speak of arrays or digests, so that a snapshot and its public form have each their own."""


def papers(about: About, *, texts: Mapping[str, str]) -> dict[str, bytes]:
    """All papers by path. `texts` are those of the protocol versions, as Markdown, by label."""
    drawn = figures(about.facts, about.recipe)
    instructions = {path: text.encode() for path, text in protocols.render(texts).items()}
    return own_papers(about, drawn) | instructions | {figure.path: figure.svg for figure in drawn}


def own_papers(about: About, shown: Sequence[Figure]) -> dict[str, bytes]:
    """The papers `OWN`, with the figures that lie beside the card."""
    written = {
        "README.md": card.render(about, shown),
        "DATASHEET.md": datasheet.render(about),
        "LICENSE.md": licences.render(about),
        "CITATION.cff": citation.render(about),
        "croissant.json": croissant.render(about),
    }
    return {path: text.encode() for path, text in written.items()}
