import pytest
from hypothesis import given
from hypothesis import strategies as st

from mpd_builder.playback import PEAK_CEILING_DBTP, gain_db, is_held_back

LEVELS = st.floats(-70.0, 0.0)
PEAKS = st.floats(-70.0, 6.0)
TARGETS = st.floats(-36.0, -10.0)


@pytest.mark.parametrize(
    ("target", "loudness", "peak", "gain"),
    [
        (-23.0, -9.4, 0.3, -13.6),  # a loud master, brought down
        (-23.0, -30.0, -12.0, 7.0),  # a soft one, lifted
        (-23.0, -30.0, -4.0, 3.0),  # lifted only as far as its peak allows
        (-23.0, -23.0, -3.0, 0.0),
        (-16.0, -16.0, 0.5, -1.5),  # as loud as wanted, but above the ceiling: brought below it
        (None, -9.4, 0.3, 0.0),  # no normalisation
        (-23.0, None, None, 0.0),  # not measured: as it is
        (-23.0, -30.0, None, 0.0),  # peak not known: never louder
        (-23.0, -9.0, None, -14.0),  # ... but softer
    ],
)
def test_gains_worked_by_hand(target, loudness, peak, gain):
    assert gain_db(target_lufs=target, loudness_lufs=loudness, true_peak_dbtp=peak) == pytest.approx(gain, abs=1e-9)


@given(TARGETS, LEVELS, PEAKS)
def test_no_peak_ends_above_the_ceiling(target, loudness, peak):
    assert peak + gain_db(target_lufs=target, loudness_lufs=loudness, true_peak_dbtp=peak) <= PEAK_CEILING_DBTP + 1e-9


@given(TARGETS, LEVELS, PEAKS)
def test_a_clip_is_at_the_target_or_as_near_below_as_its_peak_allows(target, loudness, peak):
    gain = gain_db(target_lufs=target, loudness_lufs=loudness, true_peak_dbtp=peak)
    assert loudness + gain <= target + 0.005 + 1e-9
    assert abs(loudness + gain - target) <= 0.005 + 1e-9 or abs(peak + gain - PEAK_CEILING_DBTP) <= 0.01 + 1e-9


@given(TARGETS, LEVELS, PEAKS)
def test_a_gain_is_the_same_number_wherever_it_is_computed(target, loudness, peak):
    gain = gain_db(target_lufs=target, loudness_lufs=loudness, true_peak_dbtp=peak)
    assert gain == round(gain, 2)


def test_what_is_held_back_is_said():
    assert is_held_back(target_lufs=-23.0, loudness_lufs=-30.0, true_peak_dbtp=-4.0)
    assert not is_held_back(target_lufs=-23.0, loudness_lufs=-30.0, true_peak_dbtp=-12.0)
    assert not is_held_back(target_lufs=-23.0, loudness_lufs=None, true_peak_dbtp=None)
    assert not is_held_back(target_lufs=None, loudness_lufs=-30.0, true_peak_dbtp=-4.0)
