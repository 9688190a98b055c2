"""Modes, chords and progressions that the latent qualities call for. Pitches are MIDI numbers (60 = middle C)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mpd_builder.synthetic.latents import Latents

MODES = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "Hungarian minor": (0, 2, 3, 6, 7, 8, 11),
}
_BRIGHT_TO_DARK = ("lydian", "ionian", "mixolydian", "dorian", "aeolian", "phrygian")
_MAJOR_TURNS = ((0, 4, 5, 3), (0, 5, 3, 4), (0, 3, 1, 4), (0, 2, 3, 4), (0, 3, 0, 4))
_MINOR_TURNS = ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 2, 5, 6), (0, 5, 3, 4))


@dataclass(frozen=True)
class Key:
    """A tonic (MIDI, in the octave of middle C) and its mode."""

    tonic: int
    mode: str

    @property
    def is_major(self) -> bool:
        return 4 in MODES[self.mode]

    def pitch(self, degree: int) -> int:
        """The pitch of a scale degree counted from 0; degrees go on through all octaves."""
        scale = MODES[self.mode]
        octave, step = divmod(degree, len(scale))
        return self.tonic + 12 * octave + scale[step]

    def degree_near(self, pitch: float) -> int:
        """The scale degree whose pitch is nearest."""
        return min(range(-28, 29), key=lambda degree: abs(self.pitch(degree) - pitch))


@dataclass(frozen=True)
class Chord:
    """Scale degrees from the root up, and added semitones above the root that grate."""

    degrees: tuple[int, ...]
    clusters: tuple[int, ...] = ()

    def voiced(self, key: Key, centre: float) -> list[int]:
        """The chord's pitches in close position around `centre`, so that common tones stay and others move little."""
        classes = [key.pitch(degree) for degree in self.degrees]
        classes += [key.pitch(self.degrees[0]) + semitones for semitones in self.clusters]
        return sorted({round(pitch + 12 * round((centre - pitch) / 12)) for pitch in classes})


def key_for(latents: Latents, rng: np.random.Generator) -> Key:
    """Bright and relaxed goes towards Lydian, dark and tense towards Phrygian; the tensest have an augmented second."""
    light = 0.68 * latents.brightness + 0.17 * latents.warmth + 0.15 * (1 - latents.tension)
    mode = _BRIGHT_TO_DARK[min(int((1 - light) * len(_BRIGHT_TO_DARK)), len(_BRIGHT_TO_DARK) - 1)]
    if latents.tension > 0.8 and light < 0.6:
        mode = "Hungarian minor"
    return Key(tonic=57 + int(rng.integers(12)), mode=mode)


def progression(key: Key, latents: Latents, *, bars: int, rng: np.random.Generator) -> list[Chord]:
    """One chord a bar: a turn of four that comes round again, or a walk where the music is free."""
    turns = _MAJOR_TURNS if key.is_major else _MINOR_TURNS
    turn = turns[rng.integers(len(turns))]
    chords, root = [], 0
    for bar in range(bars):
        if rng.random() < latents.regularity + 0.25 or bar == 0:
            root = turn[bar % len(turn)]
        else:
            root = (root + int(rng.choice([2, 3, 4, 5]))) % 7
        chords.append(_chord_on(root, latents, rng))
    return chords


def _chord_on(root: int, latents: Latents, rng: np.random.Generator) -> Chord:
    degrees = [root, root + 2, root + 4]
    if latents.tension > 0.3 and rng.random() < 0.75:
        degrees.append(root + 6)
    elif rng.random() < 0.45:
        degrees.append(root + 8)
    clusters: list[int] = []
    if rng.random() < 1.6 * (latents.tension - 0.45):
        clusters.append(int(rng.choice([1, 6, 11])))
    if rng.random() < 1.6 * (latents.tension - 0.7):
        clusters.append(13)
    return Chord(tuple(degrees), tuple(clusters))
