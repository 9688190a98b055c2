"""Titles for synthetic works: two or three words that suit the latent qualities, never twice in a corpus."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mpd_builder.synthetic.latents import Latents

_LIGHT = (  # rows dark to bright, columns cool to warm
    (("Midnight", "Indigo", "Deep Water"), ("Plum", "Dusk", "Slate"), ("Ember", "Umber", "Oxblood")),
    (("Cobalt", "Harbour", "Spruce"), ("Heather", "Sage", "Mauve"), ("Ochre", "Terracotta", "Copper")),
    (("Glacier", "Ice", "Pale Blue"), ("Pearl", "Lichen", "Lilac"), ("Apricot", "Honey", "Coral")),
)
_SHAPES = (  # rows calm to energetic, columns smooth to tense
    (
        ("Stillness", "Rest", "Shore", "Garden"),
        ("Interval", "Margin", "Threshold", "Wall"),
        ("Fracture", "Silence", "Fault", "Winter"),
    ),
    (
        ("Procession", "Tide", "Weave", "Orchard"),
        ("Passage", "Counterpoint", "Market", "Terrace"),
        ("Quarrel", "Splinters", "Thorn", "Edge"),
    ),
    (
        ("Carousel", "Flight", "Cascade", "Dance"),
        ("Chase", "Current", "Festival", "Turn"),
        ("Storm", "Collision", "Alarm", "Blaze"),
    ),
)
_FORMS = (  # of music; rows calm to energetic, columns free to ordered
    ("Nocturne", "Reverie", "Lullaby"),
    ("Fantasia", "Romance", "Pavane"),
    ("Capriccio", "Scherzo", "Toccata"),
)
_NUMERALS = ("", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")


def painting_titles(works: Sequence[Latents], rng: np.random.Generator) -> list[str]:
    """Such as `Cobalt Procession` or `Study in Ember`."""
    return _numbered([_painting_title(latents, rng) for latents in works])


def track_titles(works: Sequence[Latents], rng: np.random.Generator) -> list[str]:
    """Such as `Nocturne in Indigo` or `Toccata of the Blaze`."""
    return _numbered([_track_title(latents, rng) for latents in works])


def mood(latents: Latents) -> str:
    """A few plain words for the column `genre_or_mood`."""
    scales = (
        (latents.energy, "calm", "driving"),
        (latents.brightness, "dark", "bright"),
        (latents.warmth, "cool", "warm"),
        (latents.tension, "relaxed", "tense"),
    )
    words = [low if value < 0.35 else high for value, low, high in scales if not 0.35 <= value <= 0.65]
    return "synthetic; " + (", ".join(words) if words else "even-tempered")


def _painting_title(latents: Latents, rng: np.random.Generator) -> str:
    light, shape = _pick(_light(latents), rng), _pick(_shape(latents), rng)
    patterns = (f"{light} {shape}", f"{light} {shape}", f"Study in {light}", f"{shape}, {light}", f"{shape} in {light}")
    return _pick(patterns, rng)


def _track_title(latents: Latents, rng: np.random.Generator) -> str:
    form = _FORMS[_third(latents.energy)][_third(latents.regularity)]
    light, shape = _pick(_light(latents), rng), _pick(_shape(latents), rng)
    return _pick((f"{form} in {light}", f"{light} {form}", f"{form} of the {shape}", f"{light} {shape}"), rng)


def _light(latents: Latents) -> Sequence[str]:
    return _LIGHT[_third(latents.brightness)][_third(latents.warmth)]


def _shape(latents: Latents) -> Sequence[str]:
    return _SHAPES[_third(latents.energy)][_third(latents.tension)]


def _third(value: float) -> int:
    return min(2, int(3 * value))


def _pick(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _numbered(titles: list[str]) -> list[str]:
    """The second work of a name is its II, and so on."""
    seen: dict[str, int] = {}
    numbered = []
    for title in titles:
        count = seen[title] = seen.get(title, 0) + 1
        numeral = _NUMERALS[count - 1] if count <= len(_NUMERALS) else f"No. {count}"
        numbered.append(f"{title} {numeral}".strip())
    return numbered
