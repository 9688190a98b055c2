"""Finding MPEG frames in whole, dirty and hopeless data."""

from __future__ import annotations

import numpy as np
import pytest

from mpd_builder.ingest import mpeg

# MPEG-1 layer III, 128 kbit/s, 44,100 Hz: 144 * 128000 // 44100 = 417 bytes, one more with the padding bit.
PLAIN = bytes([0xFF, 0xFB, 0x90, 0x00]) + bytes(413)
PADDED = bytes([0xFF, 0xFB, 0x92, 0x00]) + bytes(414)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (b"\xff\xfb\x90\x00", 417),
        (b"\xff\xfb\x92\x00", 418),
        (b"\xff\xf3\x80\x00", 72 * 64_000 // 22_050),
        (b"\xff\xe3\x80\x00", 72 * 64_000 // 11_025),
        (b"\xff\xfd\x80\x00", 144 * 128_000 // 44_100),
        (b"\xff\xff\x90\x00", 12 * 288_000 // 44_100 * 4),
    ],
    ids=["1/III", "1/III padded", "2/III", "2.5/III", "1/II", "1/I"],
)
def test_a_frame_is_as_long_as_the_standard_says(header: bytes, length: int) -> None:
    found = mpeg.frame_length(header, 0)
    assert found is not None
    assert found[0] == length


@pytest.mark.parametrize(
    "header",
    [
        b"\xff\xfb\xf0\x00",
        b"\xff\xfb\x00\x00",
        b"\xff\xfb\x9c\x00",
        b"\xff\xeb\x90\x00",
        b"\xff\xf9\x90\x00",
        b"\xff\xfb",
    ],
    ids=["bit rate 15", "free format", "rate 3", "reserved version", "no layer", "cut off"],
)
def test_what_cannot_be_a_header_is_none(header: bytes) -> None:
    assert mpeg.frame_length(header, 0) is None


def test_a_whole_stream_is_one_run() -> None:
    stream = mpeg.scan(PLAIN * 5 + PADDED * 2)
    assert stream == mpeg.Stream(((0, 5 * 417 + 2 * 418),), n_frames=7, junk_before=0, n_breaks=0)
    assert stream.is_whole


def test_a_tag_in_front_is_no_junk() -> None:
    tag = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 2]) + bytes(130)
    stream = mpeg.scan(tag + PLAIN * 4)
    assert stream is not None
    assert (stream.runs, stream.is_whole) == (((140, 140 + 4 * 417),), True)


def test_junk_in_front_and_a_break_inside_are_counted() -> None:
    stream = mpeg.scan(b"junk" + PLAIN * 4 + bytes(99) + PLAIN * 3 + b"tail")
    assert stream is not None
    assert (stream.n_frames, stream.junk_before, stream.n_breaks) == (7, 4, 1)
    assert not stream.is_whole


def test_two_frames_alone_are_not_believed() -> None:
    assert mpeg.scan(b"xx" + PLAIN * 2) is None


def test_frames_of_another_rate_do_not_join_the_stream() -> None:
    other = bytes([0xFF, 0xFB, 0x94, 0x00]) + bytes(144 * 128_000 // 48_000 - 4)
    stream = mpeg.scan(PLAIN * 4 + other * 4)
    assert stream is not None
    assert stream.n_frames == 4


def test_noise_holds_no_stream_and_costs_little() -> None:
    assert mpeg.scan(np.random.default_rng(2).bytes(200_000)) is None
    assert mpeg.scan(b"\xff" * 200_000) is None


def test_the_search_for_the_first_frame_can_be_bounded() -> None:
    data = bytes(1_000) + PLAIN * 4
    assert mpeg.scan(data, max_search=999) is None
    assert mpeg.scan(data, max_search=1_000) is not None
