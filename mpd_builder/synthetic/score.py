"""Writes the notes of a track: harmony, melody, accompaniment, bass and percussion, from one latent vector a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic.harmony import Chord, Key, key_for, progression
from mpd_builder.synthetic.latents import Latents

_FIGURES = ((0, 1, 2, 3, 4, 3, 2, 1), (0, 2, 1, 2, 3, 2, 1, 2), (0, 3, 1, 3, 2, 3, 1, 3), (4, 3, 2, 1, 0, 1, 2, 3))


class Voice(StrEnum):
    PAD = "pad"
    KEYS = "keys"
    LEAD = "lead"
    BASS = "bass"
    KICK = "kick"
    HAT = "hat"
    RIM = "rim"


@dataclass(frozen=True, slots=True)
class Note:
    """`start` and `seconds` in seconds, `pitch` in MIDI, `velocity` in [0, 1], `pan` in [-1, 1]; `clip` from 0."""

    voice: Voice
    start: float
    seconds: float
    pitch: int
    velocity: float
    pan: float
    clip: int


@dataclass(frozen=True)
class Metre:
    """Whole bars fill a clip exactly, so that every clip starts on a downbeat."""

    beats: int
    bars: int

    @property
    def beat_s(self) -> float:
        return CLIP_SECONDS / (self.beats * self.bars)

    @property
    def tempo(self) -> float:
        """Beats a minute."""
        return 60 / self.beat_s


def metre_for(latents: Latents, rng: np.random.Generator) -> Metre:
    """From 48 to 160 beats a minute by energy, in four or in three."""
    tempo = 50 + 104 * latents.energy
    beats = 3 if rng.random() < 0.25 else 4
    bars = max(3, round(tempo * CLIP_SECONDS / 60 / beats))
    return Metre(beats=beats, bars=bars)


@dataclass(frozen=True)
class Section:
    """One clip in the making. All parts write in beats from its start; `place` turns them into seconds."""

    latents: Latents
    metre: Metre
    key: Key
    chords: Sequence[Chord]
    clip: int
    rng: np.random.Generator
    sway: tuple[float, float]

    def note(self, voice: Voice, beat: float, beats: float, pitch: int, velocity: float, pan: float = 0.0) -> Note:
        """A note on the page becomes one in time: free music sways and scatters, tense music cuts its notes short."""
        free, rng = 1 - self.latents.regularity, self.rng
        start = beat * self.metre.beat_s
        start += 0.4 * free * np.sin(2 * np.pi * self.sway[0] * start / CLIP_SECONDS + self.sway[1])
        start += rng.normal(0, 0.004 + 0.05 * free**2)
        touch = velocity * (1 + rng.normal(0, 0.04 + 0.16 * free))
        return Note(
            voice=voice,
            start=float(np.clip(start, 0.0, CLIP_SECONDS - 0.02)) + self.clip * CLIP_SECONDS,
            seconds=beats * self.metre.beat_s,
            pitch=pitch,
            velocity=float(np.clip(touch, 0.05, 1.0)),
            pan=pan,
            clip=self.clip,
        )

    @property
    def held(self) -> float:
        """How much of its length a melodic note is held."""
        return 1.05 - 0.7 * self.latents.tension


def compose(latents: Sequence[Latents], *, seed: int) -> list[Note]:
    """The notes of a track with one 15-second clip for each of `latents`, in order of time.

    Key, metre and themes are the track's, taken from the first clip; everything else follows each clip's own latents.
    """
    if not latents:
        raise ValueError("a track needs the latents of at least one clip")
    rng = np.random.default_rng(seed)
    key, metre = key_for(latents[0], rng), metre_for(latents[0], rng)
    theme = int(rng.integers(2**32))
    sway = (float(rng.integers(1, 4)), float(rng.random() * 2 * np.pi))
    notes: list[Note] = []
    for clip, here in enumerate(latents):
        own = np.random.default_rng([theme, clip])
        chords = progression(key, here, bars=metre.bars, rng=np.random.default_rng(theme))
        section = Section(latents=here, metre=metre, key=key, chords=chords, clip=clip, rng=own, sway=sway)
        for part in (_pad, _keys, _melody, _bass, _percussion):
            notes += part(section, np.random.default_rng([theme, 1]))
    return sorted(notes, key=lambda note: (note.start, note.voice, note.pitch))


def _pad(s: Section, theme: np.random.Generator) -> list[Note]:
    """Sustained chords; two bars each where it is calm."""
    span = 2 if s.latents.energy < 0.35 and s.metre.bars > 4 else 1
    centre = 50 + 14 * s.latents.brightness
    notes = []
    for bar in range(0, s.metre.bars, span):
        pitches = s.chords[bar].voiced(s.key, centre)
        for index, pitch in enumerate(pitches[: 3 + round(2 * s.latents.density + 2 * s.latents.tension)]):
            pan = 0.5 * (index / max(1, len(pitches) - 1) - 0.5) * 2
            length = min(span, s.metre.bars - bar) * s.metre.beats
            notes.append(s.note(Voice.PAD, bar * s.metre.beats, length, pitch, 0.55 + 0.2 * s.latents.energy, pan))
    return notes


def _keys(s: Section, theme: np.random.Generator) -> list[Note]:
    """Broken chords: a figure that repeats where the music is ordered, scattered tones where it is free."""
    rate = 0.35 * 11.0**s.latents.density  # notes a beat
    if s.metre.tempo > 110:
        rate *= 0.75
    count = max(1, round(rate * s.metre.beats))
    figure = theme.permutation(8) if s.latents.tension > 0.65 else _FIGURES[theme.integers(len(_FIGURES))]
    centre = 58 + 20 * s.latents.brightness
    notes = []
    for bar, chord in enumerate(s.chords):
        pitches = chord.voiced(s.key, centre)
        for index, beat in enumerate(_onsets(s, count)):
            step = figure[index % 8] if s.rng.random() < s.latents.regularity + 0.15 else s.rng.integers(8)
            octave, tone = divmod(int(step), len(pitches))
            pitch = pitches[tone] + 12 * (octave % 2)
            accent = 0.62 if beat % 1 < 0.01 else 0.48
            pan = 0.55 * np.sin(0.7 * index + bar)
            length = max(0.3, 1.4 * s.metre.beats / count) * s.held
            notes.append(s.note(Voice.KEYS, bar * s.metre.beats + beat, length, pitch, accent, float(pan)))
    return notes


def _onsets(s: Section, count: int) -> list[float]:
    """`count` onsets in a bar, in beats: spread evenly over the sixteenths, or thrown on them."""
    slots = s.metre.beats * 4
    count = min(count, slots)
    even = np.floor(np.arange(count) * slots / count)
    thrown = np.sort(s.rng.permutation(slots)[:count])
    chosen = np.where(s.rng.random(count) < s.latents.regularity * 1.15, even, thrown)
    return [float(slot) / 4 for slot in np.unique(chosen)]


def _melody(s: Section, theme: np.random.Generator) -> list[Note]:
    """A theme of two bars, answered, varied and let rest; wide leaps and grace notes under tension."""
    rate = 0.42 * 4.0**s.latents.density
    count = max(1, round(rate * s.metre.beats))
    centre = s.key.degree_near(67 + 13 * s.latents.brightness)
    contour = np.cumsum(
        theme.choice([-2, -1, -1, 1, 1, 2], 16) * (1 + (theme.random(16) < s.latents.tension * 0.5) * 3)
    )
    contour -= round(float(contour.mean()))
    rests = 0.34 - 0.24 * s.latents.density
    notes: list[Note] = []
    degree = centre
    for bar, chord in enumerate(s.chords):
        if bar and s.rng.random() < rests:
            continue
        onsets = _onsets(s, count)
        gaps = np.diff([*onsets, s.metre.beats])
        for index, (beat, gap) in enumerate(zip(onsets, gaps, strict=True)):
            turn = contour[(index + (bar % 2) * count) % 16] if s.rng.random() < s.latents.regularity + 0.2 else None
            degree = centre + int(turn) if turn is not None else degree + int(s.rng.choice([-2, -1, 1, 2]))
            degree = int(np.clip(degree, centre - 7, centre + 8))
            if beat % 1 == 0 and s.rng.random() > 0.55 * s.latents.tension:
                degree = _chord_tone(degree, chord)
            pitch = s.key.pitch(degree)
            if s.rng.random() < 0.4 * (s.latents.tension - 0.55):
                pitch += int(s.rng.choice([-1, 1]))
            velocity = 0.6 + 0.2 * s.latents.energy + (0.1 if beat == 0 else 0.0)
            length = min(float(gap), 4.0) * s.held
            notes.append(s.note(Voice.LEAD, bar * s.metre.beats + beat, length, pitch, velocity, 0.12))
    return notes


def _chord_tone(degree: int, chord: Chord) -> int:
    """The nearest degree that belongs to the chord, in any octave."""
    tones = {tone % 7 for tone in chord.degrees[:3]}
    return min((degree + step for step in range(-3, 4) if (degree + step) % 7 in tones), key=lambda d: abs(d - degree))


def _bass(s: Section, theme: np.random.Generator) -> list[Note]:
    """The root, held when calm, pulsing when driven."""
    if s.latents.density + s.latents.energy < 0.22:
        return []
    pulse = (
        float(theme.choice([0.5, 1.0]))
        if s.latents.energy > 0.72
        else 1.0
        if s.latents.energy > 0.5
        else s.metre.beats / 2
    )
    if s.latents.density < 0.3:
        pulse = max(pulse, s.metre.beats / 2)
    register = 36 + round(6 * s.latents.brightness)
    notes = []
    for bar, chord in enumerate(s.chords):
        root, fifth = (s.key.pitch(chord.degrees[i]) for i in (0, 2))
        for index, beat in enumerate(np.arange(0, s.metre.beats, pulse)):
            if s.rng.random() > s.latents.regularity + 0.45 and beat:
                continue
            base = fifth if index % 4 == 3 and s.latents.energy > 0.4 else root
            pitch = base + 12 * round((register - base) / 12)
            length = pulse * (0.95 - 0.45 * s.latents.tension)
            notes.append(s.note(Voice.BASS, bar * s.metre.beats + float(beat), length, pitch, 0.7 + 0.2 * (beat == 0)))
    return notes


def _percussion(s: Section, theme: np.random.Generator) -> list[Note]:
    """Nothing when still, a brush when calm, a kit when driven."""
    drive = float(np.clip((s.latents.energy - 0.28) / 0.6, 0.0, 1.0))
    if drive == 0.0:
        return []
    notes = []
    hats = min(4.0, 1.0 + round(3 * s.latents.density))
    for bar in range(s.metre.bars):
        origin = bar * s.metre.beats
        kicks = np.arange(0, s.metre.beats, 1 if s.latents.energy > 0.7 else 2).astype(float)
        backbeats = np.arange(1, s.metre.beats, 2).astype(float)
        ticks = np.arange(0, s.metre.beats, 1 / hats)
        for voice, beats, level in ((Voice.KICK, kicks, 0.85), (Voice.RIM, backbeats, 0.6), (Voice.HAT, ticks, 0.55)):
            if voice is Voice.RIM and drive < 0.35:
                continue
            for beat in beats:
                if s.rng.random() > 0.35 + s.latents.regularity:
                    continue
                place = beat if s.rng.random() < s.latents.regularity + 0.3 else s.rng.integers(s.metre.beats * 4) / 4
                accent = level * (0.35 + 0.65 * drive) * (1.0 if place % 1 == 0 else 0.7)
                pan = 0.35 if voice is Voice.HAT else -0.15 if voice is Voice.RIM else 0.0
                notes.append(s.note(voice, origin + float(place), 0.25, 60, accent, pan))
    return notes
