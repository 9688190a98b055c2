"""What the papers of a snapshot speak of, and how they write numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from mpd_builder.snapshot.dataset import AlphaFact, Facts
from mpd_builder.snapshot.manifest import FORMAT_VERSION, ArrayFact, FileFact, TableFact, content_digest
from mpd_builder.snapshot.recipe import Recipe


@dataclass(frozen=True)
class About:
    """A snapshot as its papers see it.

    tables: in their order, by name. arrays: by name, none in a public form. files: all that are written before the
    papers (tables, media, arrays), by path. complete_digest: of the snapshot whose public form this is, empty for a
    complete one.
    """

    recipe: Recipe
    facts: Facts
    created_on: date | None
    code_version: str
    tables: Mapping[str, TableFact]
    arrays: Mapping[str, ArrayFact]
    files: Mapping[str, FileFact]
    protocols: frozenset[str] = field(default_factory=frozenset)
    """Labels of the protocol versions whose texts are in the snapshot."""
    complete_digest: str = ""
    format_version: int = FORMAT_VERSION

    @property
    def title(self) -> str:
        kind = {"nothing": "", "everything": "synthetic "}.get(self.facts.synthetic, "partly synthetic ")
        return f"Perceptual coherence of music and painting: {kind}snapshot, recipe {self.recipe.name}"

    @cached_property
    def content_digest(self) -> str:
        """As in the manifest: of tables, media and arrays."""
        return content_digest(self.files)

    @property
    def keywords(self) -> list[str]:
        facts = self.facts
        human = ["human ratings"] if facts.simulated_raters < facts.raters else []
        made = [] if facts.synthetic == "nothing" else ["synthetic"]
        return ["music", "painting", "cross-modal", "perceptual coherence", *human, "preferences", *made]

    @property
    def has_raters(self) -> bool:
        """Whether ratings say who gave them."""
        return self.tables["raters"].rows > 0


def alpha_words(alpha: AlphaFact, *, unit: str = "pair", value: str = "rating") -> str:
    """Alpha with its interval and what it was computed from."""
    if alpha.value is None:
        return f"undefined (too few {value}s, or no variation)"
    interval = f", 95% interval {number(alpha.low)} to {number(alpha.high)} (jackknife over {unit}s)"
    basis = f"; {counted(alpha.n_ratings, value)} of {counted(alpha.n_units, unit)}"
    return number(alpha.value) + (interval if alpha.low is not None else "") + basis


def number(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"


def share(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.1%}"


def of_all(count: int, total: int, noun: str) -> str:
    """A count beside its total, with the share."""
    return f"{count:,} of {total:,} {noun} ({count / total:.1%})" if total else f"{count:,} {noun}"


def counted(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 pair", "2 pairs"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(words: list[str]) -> str:
    """Words as a list in a sentence: "a, b and c"."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def cell(text: str) -> str:
    """Text from outside that can neither break out of its table cell nor become markup, a link or a picture."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\|`*_\[\]])", r"\\\1", escaped)


def plain(text: str) -> str:
    """Text from outside on one line, without control characters or marks that turn its direction."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
