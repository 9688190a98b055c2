"""When a rater's next hidden repeat falls due, and which pair it is: functions of the rater's seed and of counts.

Asking again changes nothing, so neither a reload nor a second tab draws anew. Between two repeats lie on average
(100 - percent) / percent ratings, each time between half of that and one and a half times that: no rhythm to notice,
and the share holds over a session.
"""

from __future__ import annotations

import hashlib


def due_after(*, seed: int, campaign: int, number: int, since: int, percent: int, distance: int) -> int:
    """After how many ratings in the campaign the rater's repeat `number` (0 is the first) falls due.

    `since`: how many they had given when they got the one before. `percent` is above 0.
    """
    between = (100 - percent) / percent
    first, second = _uniforms(seed, campaign, number, "due")
    if number == 0:
        return distance + 1 + int(first * between)
    return since + max(1, int((0.5 + first) * between + second))


def chosen(*, seed: int, campaign: int, number: int, count: int) -> int:
    """Which of `count` pairs comes back: 0 <= index < count, each as likely."""
    return int(_uniforms(seed, campaign, number, "pair")[0] * count)


def _uniforms(*key: object) -> tuple[float, float]:
    """Two numbers in [0, 1), a function of `key` alone."""
    digest = hashlib.blake2b("\x1f".join(map(str, key)).encode(), digest_size=14).digest()
    return int.from_bytes(digest[:7], "big") / 2**56, int.from_bytes(digest[7:], "big") / 2**56
