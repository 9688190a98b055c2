"""Filling in the loudness of clips that came in before it was measured."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile
from django.core.files.base import ContentFile
from django.core.management import CommandError, call_command

from annotation_site.corpus.measuring import Measured, loudness_fill
from annotation_site.corpus.models import Clip
from mpd_builder.ingest.loudness import measure
from tests.factories import make_campaign, make_clip, make_pair, make_rater, make_rating

pytestmark = pytest.mark.django_db
RATE = 22_050


def tone(level: float) -> np.ndarray:
    time = np.arange(2 * RATE) / RATE
    return (level * np.sin(2 * np.pi * 1000.0 * time)).astype(np.float32)[:, np.newaxis]


def clip_of(samples: np.ndarray, **fields: Any) -> Clip:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="FLAC", subtype="PCM_16")
    return make_clip(audio=ContentFile(file.getvalue(), f"{len(Clip.objects.all())}.flac"), **fields)


def levels(clip: Clip) -> tuple[float | None, float | None]:
    clip.refresh_from_db()
    return clip.loudness_lufs, clip.true_peak_dbtp


def test_clips_are_measured_from_their_stored_files_as_an_import_measures_them() -> None:
    loud, soft = clip_of(tone(0.5)), clip_of(tone(0.01))
    assert loudness_fill() == Measured(measured=2, quiet=0, kept=0, failed={})
    for clip, level in ((loud, 0.5), (soft, 0.01)):
        found = measure(tone(level), RATE)
        assert found.integrated_lufs is not None
        assert levels(clip) == (
            pytest.approx(found.integrated_lufs, abs=0.03),
            pytest.approx(found.true_peak_dbtp, abs=0.03),
        )
    assert levels(loud)[1] == pytest.approx(-6.02, abs=0.05)  # a sine of amplitude 0.5


def test_doing_it_again_changes_nothing_and_what_was_measured_stays() -> None:
    measured, fresh = clip_of(tone(0.5), loudness_lufs=-12.0, true_peak_dbtp=-1.5), clip_of(tone(0.5))
    loudness_fill()
    before = levels(fresh)
    assert loudness_fill() == Measured(measured=0, quiet=0, kept=0, failed={})
    assert levels(fresh) == before
    assert levels(measured) == (-12.0, -1.5)


def test_silence_has_no_loudness_and_stops_nothing() -> None:
    silent, hushed = clip_of(tone(0.0), is_silent=True), clip_of(tone(0.0001))
    clip_of(tone(0.5))
    assert loudness_fill() == Measured(measured=1, quiet=1, kept=0, failed={})
    assert levels(silent) == levels(hushed) == (None, None)


def test_a_file_that_cannot_be_read_costs_that_clip_alone() -> None:
    lost, broken, good = clip_of(tone(0.5)), make_clip(audio=ContentFile(b"no sound", "x.flac")), clip_of(tone(0.5))
    lost.audio.storage.delete(lost.audio.name)
    found = loudness_fill()
    assert found.measured == 1
    assert set(found.failed) == {lost.key, broken.key}
    assert levels(good)[0] is not None


def test_what_raters_of_a_normalising_campaign_have_heard_stays_as_it_was() -> None:
    heard, other, plain = (clip_of(tone(0.5)) for _ in range(3))
    for clip, campaign in ((heard, make_campaign(loudness_lufs=-23.0)), (plain, make_campaign())):
        make_rating(pair=make_pair(campaign=campaign, clip=clip), rater=make_rater(), value=0.5)
    make_pair(campaign=make_campaign(loudness_lufs=-23.0), clip=other)
    assert loudness_fill() == Measured(measured=2, quiet=0, kept=1, failed={})
    assert levels(heard) == (None, None)


def test_the_command_says_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    clip_of(tone(0.5))
    call_command("measure_loudness")
    assert "Measured 1 clips" in capsys.readouterr().out
    call_command("measure_loudness", "--json")
    assert json.loads(capsys.readouterr().out) == {"failed": {}, "kept": 0, "measured": 0, "quiet": 0}
    broken = make_clip(audio=ContentFile(b"no sound", "x.flac"))
    with pytest.raises(CommandError, match=f"The sound of {broken.key} could not be read"):
        call_command("measure_loudness")
