"""Composes and renders a track from latent qualities: notes, instruments, room, master."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mpd_builder.records import CLIP_SECONDS
from mpd_builder.synthetic.arrays import Floats
from mpd_builder.synthetic.latents import Latents
from mpd_builder.synthetic.score import Note, Voice, compose
from mpd_builder.synthetic.voices import Orchestra, Timbre

SAMPLE_RATE = 32_000
_PEAK = 0.89  # -1 dBFS, so that lossy copies do not clip either
_LEVELS = {
    Voice.PAD: 0.10,
    Voice.KEYS: 0.46,
    Voice.LEAD: 0.38,
    Voice.BASS: 0.17,
    Voice.KICK: 0.42,
    Voice.HAT: 0.42,
    Voice.RIM: 0.70,
}
_SENDS = {
    Voice.PAD: 0.5,
    Voice.KEYS: 0.6,
    Voice.LEAD: 0.7,
    Voice.BASS: 0.05,
    Voice.KICK: 0.03,
    Voice.HAT: 0.25,
    Voice.RIM: 0.4,
}


def render(latents: Sequence[Latents], *, seconds: float, seed: int) -> Floats:
    """A track of `seconds`: float32 of shape (frames, 2) at 32 kHz, within +-0.89.

    Takes one latent vector for each 15 s begun; the room is that of the first. Same arguments, same samples.
    Raises `ValueError` if the latents do not cover the length.
    """
    if not 0 < seconds <= len(latents) * CLIP_SECONDS:
        raise ValueError(f"{len(latents)} clips of {CLIP_SECONDS:g} s do not make a track of {seconds:g} s")
    notes = [note for note in compose(latents, seed=seed) if note.start < seconds]
    rng = np.random.default_rng([seed, 1])
    dry, send = _mixed(notes, latents, round(seconds * SAMPLE_RATE), rng)
    return _mastered(_in_a_room(dry, send, latents[0], rng), latents)


def _mixed(
    notes: list[Note], latents: Sequence[Latents], frames: int, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """All notes on a stereo bus (frames, 2), and what goes to the room (frames,)."""
    dry, send = np.zeros((frames, 2), dtype=np.float32), np.zeros(frames, dtype=np.float32)
    orchestra = Orchestra(SAMPLE_RATE, rng)
    timbres = [_timbre(item) for item in latents]
    made: dict[tuple[Voice, int, float, int], Floats] = {}
    for note in notes:
        key = (note.voice, note.pitch, round(note.seconds, 2), note.clip)
        if key not in made:
            made[key] = orchestra.play(note.voice, note.pitch, key[2], timbres[note.clip])
        start = round(note.start * SAMPLE_RATE)
        sound = made[key][: frames - start] * np.float32(_LEVELS[note.voice] * note.velocity**1.5)
        angle = (note.pan + 1) * np.pi / 4
        dry[start : start + len(sound), 0] += np.float32(np.cos(angle)) * sound
        dry[start : start + len(sound), 1] += np.float32(np.sin(angle)) * sound
        send[start : start + len(sound)] += np.float32(_SENDS[note.voice]) * sound
    return dry, send


def _timbre(latents: Latents) -> Timbre:
    values = (latents.energy, latents.brightness, latents.warmth, latents.tension)
    return Timbre(*(round(value * 50) / 50 for value in values))


def _in_a_room(dry: Floats, send: Floats, latents: Latents, rng: np.random.Generator) -> Floats:
    """Reverberation and equalisation in one pass through the spectrum. Sparse, calm music stands in a larger room."""
    frames = len(send)
    length = int((0.9 + 1.8 * (1 - latents.energy)) * SAMPLE_RATE)
    size = _fast_size(frames + length)
    time = np.arange(length) / SAMPLE_RATE
    tail = rng.standard_normal((2, length)) * np.exp(-5.5 * np.arange(length) / length) * np.minimum(1, time / 0.012)
    tail /= np.linalg.norm(tail, axis=1, keepdims=True)
    frequency = np.fft.rfftfreq(size, 1 / SAMPLE_RATE).astype(np.float32)
    damping = 1 / (1 + (frequency / (1400 + 3800 * latents.brightness)) ** 2)
    low_cut = frequency**2 / (frequency**2 + 120.0**2)
    amount = 0.30 + 0.35 * (1 - latents.density)
    room = np.fft.rfft(send, size) * (amount * damping * low_cut)
    colour = _equaliser(frequency, latents)
    out = np.empty_like(dry)
    for side in range(2):
        wet = room * np.fft.rfft(tail[side].astype(np.float32), size)
        out[:, side] = np.fft.irfft((np.fft.rfft(dry[:, side], size) + wet) * colour, size)[:frames]
    return out


def _equaliser(frequency: Floats, latents: Latents) -> Floats:
    """Brightness opens the treble, warmth lifts the low middle; nothing below 28 Hz."""
    rumble = frequency**4 / (frequency**4 + 28.0**4)
    treble = 1 + (10 ** ((14 * latents.brightness - 9) / 20) - 1) * frequency**2 / (frequency**2 + 2600.0**2)
    octaves = np.log2(np.maximum(frequency, 1.0) / 260.0)
    body = 10 ** ((7 * latents.warmth - 3.5) / 20 * np.exp(-0.5 * (octaves / 1.1) ** 2))
    return np.asarray(rumble * treble * body, dtype=np.float32)


def _fast_size(least: int) -> int:
    """The next size that the Fourier transform takes quickly (2, 3 and 5 only)."""
    best = 1 << (least - 1).bit_length()
    for fives in (1, 5, 25, 125):
        for threes in (1, 3, 9, 27, 81):
            twos = 1 << max(0, (-(-least // (fives * threes)) - 1).bit_length())
            best = min(best, fives * threes * twos)
    return best


def _mastered(sound: Floats, latents: Sequence[Latents]) -> Floats:
    """Loudness by energy, peaks rounded off below the limit, a short fade at both ends."""
    frames = len(sound)
    middles = (np.arange(len(latents)) + 0.5) * CLIP_SECONDS * SAMPLE_RATE
    wanted = np.interp(np.arange(frames, dtype=np.float32), middles, [_loudness(item) for item in latents])
    level = float(np.sqrt(np.mean(sound.astype(np.float64) ** 2))) or 1.0
    sound = sound * (wanted / level).astype(np.float32)[:, None]
    sound = _PEAK * np.tanh(sound / _PEAK)
    position = np.arange(frames) / SAMPLE_RATE
    fade = np.minimum(1, position / 0.01) * np.minimum(
        1, (frames / SAMPLE_RATE - position) / min(1.5, frames / SAMPLE_RATE)
    )
    return np.asarray(sound * fade.astype(np.float32)[:, None], dtype=np.float32)


def _loudness(latents: Latents) -> float:
    """Root mean square: -25 dBFS when still, -15 dBFS when driven."""
    return float(10 ** ((-25 + 10 * latents.energy) / 20))
