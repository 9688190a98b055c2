"""Finding the frames of an MPEG audio stream (MP3), also behind junk and between damage.

Decoders differ in how far they recover; given only whole frames, they need not. A frame header is 4 bytes: 11 bits of
sync, version, layer, bit rate, sample rate, padding (ISO/IEC 11172-3, 2.4.1.3 and 13818-3 for the lower rates).
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from functools import cache

_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_V1 = {
    3: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    1: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_V2_LAYER_1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_V2 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)

RUN = 3
"""So many frames must follow each other before bytes that look like a header are believed."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The believable frames: byte ranges `runs`, and how many bytes lie before, and how many breaks between them."""

    runs: tuple[tuple[int, int], ...]
    n_frames: int
    junk_before: int
    n_breaks: int

    @property
    def is_whole(self) -> bool:
        return not self.junk_before and not self.n_breaks


def tag_length(data: bytes | mmap.mmap) -> int:
    """The length of the ID3v2 tag that the data begin with; 0 without one."""
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if data[5] & 0x10 else 0)


def frame_length(data: bytes | mmap.mmap, at: int) -> tuple[int, tuple[int, int, int]] | None:
    """The length in bytes of the frame at `at`, and what all frames of its stream share; None when there is none."""
    if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    return _of_header(data[at + 1], data[at + 2])


@cache
def _of_header(second: int, third: int) -> tuple[int, tuple[int, int, int]] | None:
    """What the second and third byte of a header say: a stream has few that differ."""
    version, layer = second >> 3 & 3, second >> 1 & 3
    rate_index, bits_index, padding = third >> 2 & 3, third >> 4, third >> 1 & 1
    if version == 1 or layer == 0 or rate_index == 3 or bits_index in (0, 15):
        return None
    rate = _RATES_HZ[version][rate_index]
    table = _V1[layer] if version == 3 else _V2_LAYER_1 if layer == 3 else _V2
    bits = table[bits_index - 1] * 1000
    if layer == 3:
        length = (12 * bits // rate + padding) * 4
    else:
        length = (72 if layer == 1 and version != 3 else 144) * bits // rate + padding
    return length, (version, layer, rate)


def scan(data: bytes | mmap.mmap, *, max_search: int | None = None) -> Stream | None:
    """Walk the frames. None when no run of frames begins within `max_search` bytes of the start (or at all)."""
    start = min(tag_length(data), len(data))
    runs: list[tuple[int, int]] = []
    shared: tuple[int, int, int] | None = None
    n_frames, at = 0, start
    while (
        found := _next_run(data, at, shared, None if runs or max_search is None else start + max_search)
    ) is not None:
        begin, end, count, shared = found
        runs.append((begin, end))
        n_frames += count
        at = end
    if not runs:
        return None
    return Stream(tuple(runs), n_frames, junk_before=runs[0][0] - start, n_breaks=len(runs) - 1)


def _next_run(
    data: bytes | mmap.mmap, at: int, shared: tuple[int, int, int] | None, last_begin: int | None
) -> tuple[int, int, int, tuple[int, int, int]] | None:
    """The next run of frames: begin, end, count, and what they share."""
    begin = data.find(b"\xff", at)
    while begin != -1 and (last_begin is None or begin <= last_begin):
        end, count, kind = begin, 0, shared
        while (
            (frame := frame_length(data, end)) is not None and kind in (None, frame[1]) and end + frame[0] <= len(data)
        ):
            end, count, kind = end + frame[0], count + 1, frame[1]
        if count >= RUN and kind is not None:
            return begin, end, count, kind
        begin = data.find(b"\xff", begin + 1)
    return None
