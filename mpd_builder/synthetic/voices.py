"""The instruments: band-limited wavetables, a struck glass, a drum kit, all shaped by the latent qualities.

A pitched voice plays two tables, one bright and one dull, and moves from the first to the second while it sounds, as
strings and reeds do. Warmth blends the spectra from hollow and glassy to full and round; brightness tilts them;
tension roughens them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.score import Voice

_TABLE_BITS = 12
_TABLE = 2**_TABLE_BITS
_VIBRATO_HZ = 5.2
_HIGHEST = 11_000.0  # Hz: no partial above it


@dataclass(frozen=True, slots=True)
class Tone:
    """What a pitched voice sounds like. Times in seconds; `cold` and `warm` are amplitudes of the first partials.

    `detune` and `vibrato` are shares of the frequency; `fading` is how long the bright table lasts.
    """

    cold: tuple[float, ...]
    warm: tuple[float, ...]
    attack: float
    decay: float
    sustain: float
    release: float
    detune: float = 0.0
    vibrato: float = 0.0
    fading: float = 1.0


TONES = {
    Voice.PAD: Tone(
        cold=(1, 0.05, 0.45, 0.04, 0.28, 0.03, 0.18), warm=(1, 0.75, 0.5, 0.36, 0.24, 0.16, 0.1, 0.07),
        attack=0.35, decay=2.0, sustain=0.85, release=0.7, detune=0.0035, fading=3.0,
    ),
    Voice.KEYS: Tone(
        cold=(1, 0.06, 0.3, 0.35, 0.05, 0.16, 0.1), warm=(1, 0.55, 0.3, 0.16, 0.08, 0.04),
        attack=0.006, decay=1.1, sustain=0.0, release=0.35, detune=0.0008, fading=0.35,
    ),
    Voice.LEAD: Tone(
        cold=(1, 0.22, 0.1, 0.05, 0.03), warm=(1, 0.7, 0.55, 0.35, 0.25, 0.15, 0.1, 0.06),
        attack=0.05, decay=0.6, sustain=0.75, release=0.22, detune=0.0012, vibrato=0.005, fading=1.2,
    ),
    Voice.BASS: Tone(
        cold=(1, 0.3, 0.12), warm=(1, 0.7, 0.3, 0.18, 0.1, 0.05),
        attack=0.012, decay=1.2, sustain=0.45, release=0.14, fading=0.5,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timbre:
    """The latent qualities that an instrument hears, in steps of 1/50 so that equal notes are made once."""

    energy: float
    brightness: float
    warmth: float
    tension: float


class Orchestra:
    """Makes single notes at `rate` frames a second: float32 mono, peak about 1, release included."""

    def __init__(self, rate: int, rng: np.random.Generator) -> None:
        self.rate = rate
        self._noise = rng.standard_normal(rate * 2).astype(np.float32)

    def play(self, voice: Voice, pitch: int, seconds: float, timbre: Timbre) -> Floats:
        """The sound of one note; `seconds` is how long it is held."""
        if voice is Voice.KICK:
            return self._kick(timbre)
        if voice is Voice.HAT:
            return self._burst(0.035 + 0.04 * (1 - timbre.tension), crisp=0.55 + 0.4 * timbre.brightness)
        if voice is Voice.RIM:
            return self._rim(timbre)
        sound = self._pitched(TONES[voice], pitch, seconds, timbre)
        if voice is Voice.KEYS and timbre.warmth < 0.6:
            sound = sound * (0.4 + timbre.warmth) + self._glass(pitch, len(sound)) * (0.6 - timbre.warmth)
        if voice is Voice.LEAD and timbre.warmth < 0.5:
            breath = self._noise[: len(sound)] if len(sound) <= len(self._noise) else np.resize(self._noise, len(sound))
            sound = sound + 0.035 * (0.5 - timbre.warmth) * breath * np.abs(sound)
        return sound

    def _pitched(self, tone: Tone, pitch: int, seconds: float, timbre: Timbre) -> Floats:
        frequency = 440.0 * 2 ** ((pitch - 69) / 12)
        rough = tone.detune * (1 + 3.5 * max(0.0, timbre.tension - 0.4))
        attack = tone.attack * (1.7 - 1.4 * timbre.energy) * (1.25 - 0.75 * timbre.tension)
        count = np.arange(int((seconds + tone.release) * self.rate), dtype=np.uint32)
        time = count.astype(np.float32) / np.float32(self.rate)
        bright, dull = _tables(tone, pitch, timbre)
        shine, fade = bright - dull, np.exp(-time / np.float32(tone.fading))
        bend = self._vibrato(tone.vibrato * frequency, time)
        sound = np.zeros(len(count), dtype=np.float32)
        turns = (0.0,) if rough == 0 else (-rough, rough)
        for index, turn in enumerate(turns):
            # A phase of 32 bits wraps round by itself; its upper bits are the place in the table.
            step = np.uint32(round(frequency * (1 + turn) / self.rate * 2**32))
            place = (count * step + bend + np.uint32(index * 1_331_439_862)) >> np.uint32(32 - _TABLE_BITS)
            sound += dull[place] + fade * shine[place]
        return sound * (_envelope(time, attack, tone, seconds, pitch) / np.float32(len(turns)))

    def _vibrato(self, depth_hz: float, time: Floats) -> NDArray[np.uint32]:
        """What vibrato adds to a 32-bit phase; it sets in over half a second."""
        if depth_hz == 0:
            return np.zeros(1, dtype=np.uint32)
        cycles = (
            depth_hz * np.sin(2 * np.pi * _VIBRATO_HZ * time) / (2 * np.pi * _VIBRATO_HZ) * np.minimum(1, time / 0.5)
        )
        phase: NDArray[np.uint32] = (cycles.astype(np.float64) * 2**32).astype(np.int64).astype(np.uint32)
        return phase

    def _glass(self, pitch: int, frames: int) -> Floats:
        """A struck glass: three partials that are no multiples of each other."""
        frequency = 440.0 * 2 ** ((pitch - 69) / 12)
        time = np.arange(frames) / self.rate
        sound = np.zeros(frames)
        for ratio, level, decay in ((1.0, 0.6, 1.1), (2.756, 0.35, 0.55), (5.404, 0.18, 0.25)):
            if frequency * ratio < _HIGHEST:
                sound += level * np.sin(2 * np.pi * ((frequency * ratio * time) % 1)) * np.exp(-time / decay)
        release = np.minimum(1, (frames - np.arange(frames)) / (0.08 * self.rate))
        return (sound * np.minimum(1, time / 0.002) * release).astype(np.float32)

    def _kick(self, timbre: Timbre) -> Floats:
        time = np.arange(int(0.32 * self.rate)) / self.rate
        drop = 48 * time + (70 + 50 * timbre.tension) * 0.035 * (1 - np.exp(-time / 0.035))
        body = np.sin(2 * np.pi * drop) * np.exp(-time / (0.13 - 0.05 * timbre.tension)) * np.minimum(1, time / 0.002)
        return (body * np.minimum(1, (0.32 - time) / 0.03)).astype(np.float32)

    def _rim(self, timbre: Timbre) -> Floats:
        noise = self._burst(0.09, crisp=0.25 + 0.3 * timbre.brightness)
        time = np.arange(len(noise)) / self.rate
        wood = (
            np.sin(2 * np.pi * (330 - 130 * timbre.warmth) * time) * np.exp(-time / 0.05) * np.minimum(1, time / 0.001)
        )
        return (0.5 * noise + 0.5 * wood).astype(np.float32)

    def _burst(self, decay: float, *, crisp: float) -> Floats:
        """A puff of noise; crisp (0..1) leaves only its high end."""
        frames = int(5 * decay * self.rate)
        noise = self._noise[:frames]
        high = noise - crisp * np.concatenate([[0.0], noise[:-1]]).astype(np.float32)
        time = np.arange(frames) / self.rate
        return (
            0.4 * high * np.exp(-time / decay) * np.minimum(1, time / 0.001) * np.minimum(1, (5 * decay - time) / 0.01)
        ).astype(np.float32)


def _envelope(time: Floats, attack: float, tone: Tone, seconds: float, pitch: int) -> Floats:
    decay = np.float32(tone.decay * 2 ** ((60 - pitch) / 30))
    level = np.float32(1 - tone.sustain) * np.exp(np.minimum(0, np.float32(attack) - time) / decay) + np.float32(
        tone.sustain
    )
    rising, falling = int(np.searchsorted(time, attack)), int(np.searchsorted(time, seconds))
    level[:rising] *= np.sin(np.float32(0.5 * np.pi / attack) * time[:rising])
    level[falling:] *= 0.5 + 0.5 * np.cos(
        np.minimum(np.pi, np.float32(np.pi / tone.release) * (time[falling:] - seconds))
    )
    return np.asarray(level, dtype=np.float32)


@lru_cache(maxsize=2048)
def _tables(tone: Tone, pitch: int, timbre: Timbre) -> tuple[Floats, Floats]:
    """The bright and the dull wavetable of a tone at a pitch, peak 1."""
    frequency = 440.0 * 2 ** ((pitch - 69) / 12)
    count = max(1, min(24, int(_HIGHEST / frequency)))
    partials = np.arange(1, count + 1)
    cold, warm = (np.pad(np.array(side, dtype=float), (0, 24))[:count] for side in (tone.cold, tone.warm))
    body = (1 - timbre.warmth) * cold + timbre.warmth * warm
    edge = timbre.tension**2 * 0.5 / partials
    bright = (body + edge) * partials ** (0.9 * timbre.brightness - 0.75)
    return _cycle(bright), _cycle(bright * partials**-1.1)


def _cycle(amplitudes: Floats) -> Floats:
    spectrum = np.zeros(_TABLE // 2 + 1, dtype=complex)
    spectrum[1 : len(amplitudes) + 1] = -1j * amplitudes
    table = np.fft.irfft(spectrum, _TABLE)
    return np.asarray(table / np.abs(table).max(), dtype=np.float32)
