"""What the judge page draws, by its numbers."""

from __future__ import annotations

import base64
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from annotation_site.judging.drawings import curve, map_address, scale, waveform
from annotation_site.judging.showing import Layer, Music, Window, estimate_of
from annotation_site.judging.words import fit_in_words

# The middle window is silent: nothing was judged there.
MUSIC = Music("song", ("a", "b"), ([-64, 64] * 2, [-128, 127] * 2), (10.0, 40.0), 1)


def test_intervals_are_the_normal_ones_within_the_scale():
    found = estimate_of(0.9, 0.03, noise=0.04)
    assert (found.low, found.high) == (pytest.approx(0.9 - 1.959964 * 0.03), pytest.approx(0.9588, abs=1e-4))
    assert (found.people_low, found.people_high) == (
        pytest.approx(0.9 - 1.959964 * 0.05),
        pytest.approx(0.998, abs=1e-3),
    )
    assert estimate_of(1.2, 0.5, noise=0).high == 1.0  # of a model whose head is linear
    assert estimate_of(-0.1, 0.01, noise=0).score == 0.0


def test_a_score_stands_where_it_is_on_the_scale():
    drawn = scale(estimate_of(0.25, 0.0, noise=0.05))
    assert 'class="mark" d="M250.0 4V36"' in drawn
    assert 'class="model" x="250.0" y="12" width="1.0"' in drawn
    assert 'class="people" d="M152.0 20H348.0"' in drawn


def test_windows_stand_along_the_music_and_silence_is_empty():
    """45 seconds from second 10 on are 1,000 wide: a window is a third of it, the middle third has none."""
    windows = (Window(10.0, 0.75, 0.5, 1.0), Window(40.0, 0.5, 0.5, 0.5))
    steps = re.search(r'class="step" d="([^"]*)"', curve(windows, MUSIC))
    assert steps is not None
    assert steps[1] == "M0.0 40.0H333.33M666.67 80.0H1000.0"
    strokes = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", waveform(MUSIC))
    assert [float(x) for x, _, _ in strokes] == pytest.approx([83.33, 250.0, 750.0, 916.67], abs=0.01)
    assert [float(stop) - float(start) for _, start, stop in strokes] == pytest.approx([24, 24, 48, 48], abs=0.5)


def test_a_map_is_one_pixel_a_patch_dark_for_the_least():
    layer = Layer(1, 0.5, list(range(0, 256, 16)))
    picture = Image.open(BytesIO(base64.b64decode(map_address(layer).removeprefix("data:image/png;base64,"))))
    pixels = np.asarray(picture).astype(int).sum(axis=-1)
    assert pixels.shape == (4, 4)
    assert pixels.argmin() == 0
    assert pixels.argmax() == 15


@pytest.mark.parametrize(
    ("score", "words"),
    [(0.0, "does not fit at all"), (0.5, "is in the middle"), (0.62, "fits rather well"), (1.0, "fits completely")],
)
def test_scores_in_words(score: float, words: str):
    assert fit_in_words(score) == words
