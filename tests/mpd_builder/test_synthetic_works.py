"""Paintings and music: the latent qualities can be seen and heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from mpd_builder.synthetic import composer, free, ordered, painter
from mpd_builder.synthetic.harmony import MODES, key_for
from mpd_builder.synthetic.latents import Latents, spread
from mpd_builder.synthetic.palettes import palette
from mpd_builder.synthetic.score import Note, Voice, compose, metre_for

PLAIN = Latents(energy=0.5, brightness=0.5, warmth=0.5, tension=0.5, density=0.5, regularity=0.5)


def _picture(latents: Latents, seed: int = 1) -> np.ndarray:
    return np.asarray(painter.paint(latents, seed=seed)[0], dtype=float)


def _warmth(pixels: np.ndarray) -> float:
    return float((pixels[..., 0] - pixels[..., 2]).mean())


def _height(sound: np.ndarray) -> float:
    """How high a sound lies between 80 Hz and 4 kHz: its amplitude's mean place, in octaves above 1 Hz."""
    spectrum = np.abs(np.fft.rfft(sound.mean(axis=1)))
    frequency = np.fft.rfftfreq(len(sound), 1 / composer.SAMPLE_RATE)
    inside = (frequency > 80) & (frequency < 4000)
    return float((spectrum[inside] * np.log2(frequency[inside])).sum() / spectrum[inside].sum())


def test_the_same_seed_paints_the_same_picture_and_another_does_not() -> None:
    assert (_picture(PLAIN) == _picture(PLAIN)).all()
    assert _picture(PLAIN).tobytes() != _picture(PLAIN, seed=2).tobytes()


def test_a_painting_is_900_pixels_on_its_longer_side_and_no_flat_surface() -> None:
    picture, name = painter.paint(PLAIN, seed=4)
    assert max(picture.size) == painter.LONGEST_SIDE
    assert picture.mode == "RGB"
    assert name in {item.name for item in painter.COMPOSITIONS}
    assert np.asarray(picture).std() > 8


def test_brightness_and_warmth_can_be_measured_on_the_canvas() -> None:
    dark, light = (_picture(replace(PLAIN, brightness=value)).mean() for value in (0.1, 0.9))
    cool, warm = (_warmth(_picture(replace(PLAIN, warmth=value))) for value in (0.0, 1.0))
    assert light > dark + 60
    assert warm > 20 > -5 > cool


def test_every_composition_has_a_home_where_it_is_chosen() -> None:
    for item in painter.COMPOSITIONS:
        energy, tension, density, regularity = item.home
        home = Latents(energy, 0.5, 0.5, tension, density, regularity)
        chosen = [painter.composition_of(home, np.random.default_rng(seed)).name for seed in range(20)]
        assert max(set(chosen), key=chosen.count) == item.name


@pytest.mark.slow
@pytest.mark.parametrize(
    "compose_picture",
    [
        *(ordered.colour_field, ordered.quilt, ordered.strata, ordered.orbits, ordered.ribbons, ordered.lattice),
        *(ordered.facets, ordered.construction, free.current, free.action, free.bloom, free.gesture, free.thicket),
        *(free.fissure, free.pebbles),
    ],
)
@pytest.mark.parametrize("extreme", [0.0, 1.0])
def test_every_composition_bears_every_extreme(
    monkeypatch: pytest.MonkeyPatch, compose_picture: Callable[..., None], extreme: float
) -> None:
    only = painter.Composition("only", compose_picture, (0.5, 0.5, 0.5, 0.5))
    monkeypatch.setattr(painter, "COMPOSITIONS", (only,))
    picture, _ = painter.paint(Latents(*[extreme] * 6), seed=1)
    assert np.asarray(picture.resize((64, 64), Image.Resampling.BOX)).std() > 4


def test_palettes_stay_inside_what_a_screen_can_show() -> None:
    for index, latents in enumerate(spread(60, np.random.default_rng(8))):
        colours = palette(latents, np.random.default_rng(index))
        for group in (colours.ground, colours.masses, colours.marks, colours.accent, colours.dark, colours.light):
            assert group.min() >= 0
            assert group.max() <= 255


def test_the_same_seed_makes_the_same_music_of_the_length_asked_for() -> None:
    first, again = (composer.render([PLAIN], seconds=3.5, seed=2) for _ in range(2))
    assert first.shape == (112_000, 2)
    assert first.dtype == np.float32
    assert (first == again).all()
    assert first.tobytes() != composer.render([PLAIN], seconds=3.5, seed=3).tobytes()


@pytest.mark.parametrize("extreme", [0.0, 1.0])
def test_music_never_clips_nor_falls_silent(extreme: float) -> None:
    sound = composer.render([Latents(*[extreme] * 6)], seconds=15.0, seed=1)
    assert np.isfinite(sound).all()
    assert 0.05 < np.abs(sound).max() < 0.9
    seconds = sound[: 13 * composer.SAMPLE_RATE].reshape(13, -1)
    assert (20 * np.log10(seconds.std(axis=1)) > -60).all()


def test_energy_is_loud_and_brightness_is_high() -> None:
    calm, driven = (composer.render([replace(PLAIN, energy=v)], seconds=15.0, seed=1).std() for v in (0.1, 0.9))
    dark, bright = (_height(composer.render([replace(PLAIN, brightness=v)], seconds=15.0, seed=1)) for v in (0.1, 0.9))
    assert driven > 1.8 * calm
    assert bright > dark + 0.7


def _notes(voice: Voice, **qualities: float) -> list[Note]:
    """The voice's notes in eight clips that differ by seed only."""
    latents = replace(PLAIN, **qualities)
    return [note for seed in range(8) for note in compose([latents], seed=seed) if note.voice is voice]


def test_energy_quickens_the_tempo_and_brings_in_the_drums() -> None:
    tempi = [metre_for(replace(PLAIN, energy=v), np.random.default_rng(1)).tempo for v in (0.0, 0.5, 1.0)]
    assert tempi[0] < 65 < 90 < tempi[1] < 115 < 145 < tempi[2] < 170
    assert not _notes(Voice.KICK, energy=0.1)
    assert len(_notes(Voice.KICK, energy=0.9)) > 8 * 15


def test_density_brings_more_notes() -> None:
    for voice in (Voice.KEYS, Voice.LEAD):
        assert len(_notes(voice, density=0.95)) > 2.5 * len(_notes(voice, density=0.05))


def test_ordered_music_keeps_to_the_beat_and_free_music_does_not() -> None:
    def off_beat(regularity: float) -> float:
        latents = replace(PLAIN, regularity=regularity)
        step = metre_for(latents, np.random.default_rng(0)).beat_s / 4
        pitched = [note for note in compose([latents], seed=0) if note.voice in (Voice.KEYS, Voice.LEAD, Voice.BASS)]
        starts = np.array([note.start for note in pitched]) / step
        return float(np.abs(starts - np.round(starts)).mean())

    metre = metre_for(PLAIN, np.random.default_rng(0))
    assert metre.beats * metre.bars * metre.beat_s == pytest.approx(15.0)
    assert off_beat(1.0) < 0.08
    assert off_beat(0.0) > 0.18


def test_tension_grates_and_cuts_notes_short() -> None:
    def seconds_and_tritones(tension: float) -> int:
        """Minor seconds and tritones in the pad's chords, over all octaves."""
        chords: dict[float, list[int]] = {}
        for note in _notes(Voice.PAD, tension=tension, regularity=1.0):
            chords.setdefault(round(note.start, 0), []).append(note.pitch)
        gaps = [abs(a - b) % 12 for chord in chords.values() for a in chord for b in chord]
        return sum(gap in (1, 6, 11) for gap in gaps)

    assert seconds_and_tritones(0.95) > 1.8 * seconds_and_tritones(0.05)
    smooth, tense = (np.mean([note.seconds for note in _notes(Voice.LEAD, tension=v)]) for v in (0.0, 1.0))
    assert tense < 0.5 * smooth


def test_bright_relaxed_music_is_major_and_dark_music_minor() -> None:
    rng = np.random.default_rng(0)
    assert key_for(replace(PLAIN, brightness=0.95, tension=0.1), rng).is_major
    assert not key_for(replace(PLAIN, brightness=0.05), rng).is_major
    assert key_for(replace(PLAIN, brightness=0.1, tension=0.95), rng).mode == "Hungarian minor"
    assert all(len(scale) == 7 for scale in MODES.values())


def test_each_clip_follows_its_own_latents_in_the_key_of_the_track() -> None:
    sparse, dense = replace(PLAIN, density=0.1), replace(PLAIN, density=0.9)
    notes = compose([sparse, dense], seed=3)
    assert {note.clip for note in notes} == {0, 1}
    assert all(15.0 * note.clip <= note.start < 15.0 * (note.clip + 1) for note in notes)
    assert sum(note.clip == 1 for note in notes) > 1.5 * sum(note.clip == 0 for note in notes)


def test_music_without_enough_latents_is_refused() -> None:
    with pytest.raises(ValueError, match="do not make a track of 20 s"):
        composer.render([PLAIN], seconds=20.0, seed=1)
    with pytest.raises(ValueError, match="at least one clip"):
        compose([], seed=1)


@pytest.mark.slow
def test_what_is_seen_and_what_is_heard_agree() -> None:
    """Plain measurements of each art, made from the same latents, go together; of others, they do not."""
    works = spread(24, np.random.default_rng(6))
    seen, heard = [], []
    for index, latents in enumerate(works):
        picture, _ = painter.paint(latents, seed=index)
        small = np.asarray(picture.resize((48, 48)).convert("L"), dtype=float)
        seen.append([small.mean(), np.abs(np.diff(small, axis=0)).mean()])
        notes = [note for note in compose([latents], seed=index) if note.voice in (Voice.KEYS, Voice.LEAD)]
        heard.append([_height(composer.render([latents], seconds=15.0, seed=index)), np.log(len(notes))])
    light, busy = (np.corrcoef(np.array(seen)[:, k], np.array(heard)[:, k])[0, 1] for k in range(2))
    assert light > 0.6
    assert busy > 0.5
    shuffled = np.corrcoef(np.array(seen)[:, 0], np.roll(np.array(heard)[:, 0], 1))[0, 1]
    assert abs(shuffled) < 0.4
