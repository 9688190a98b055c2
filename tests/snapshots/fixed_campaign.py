"""A campaign whose every key is fixed, so that its snapshot's digest can be written down: the same on any database."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from random import Random

from annotation_site.accounts.models import Rater
from annotation_site.corpus.models import Clip, Painting
from annotation_site.scoring.models import Campaign, Pair
from mpd_builder import records
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_rating, make_track
from tests.snapshots.judged_campaign import vote

BEGAN = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
CODES = ("b2", "A1", "a1", "Z-9", "ä7", "B10")
"""Which of two comes first depends on a database's language, unless bytes are compared."""
TITLES = ("Straße", "Ölberg", "été", "zebra", "Zebra")
EVIDENCE = {
    "clips": {"clip": {"total_ms": 16_500, "plays": 2, "replays": 1, "seeks": 0, "ranges": [[0, 15]]}},
    "first_move_ms": 15_400, "hidden_ms": 0, "idle_ms": 12, "moves": 4, "viewport_px": [1512, 862],
}  # fmt: skip


def sha(name: str) -> str:
    return hashlib.sha256(f"fixed {name}".encode()).hexdigest()


def items() -> tuple[list[Painting], list[Clip]]:
    paintings = [
        make_painting(key=records.painting_id(sha(title)), sha256=sha(title), title=title, style="Cubism")
        for title in TITLES
    ]
    clips = []
    for number in range(3):
        digest = sha(f"track {number}")
        track = make_track(
            clips=0, key=records.track_id(digest), sha256=digest, title=f"Stück {number}", duration_s=30, genre="jazz"
        )
        clips.append(make_clip(track=track, index=number % 2))
    return paintings, clips


def panel(order: Random) -> list[Rater]:
    """Six raters, their rows inserted in the order that is drawn."""
    raters = {code: make_rater(code=code, role="graduate") for code in order.sample(CODES, len(CODES))}
    return [raters[code] for code in CODES]


def fixed_campaign(items: tuple[list[Painting], list[Clip]], raters: list[Rater], order: Random) -> Campaign:
    """Fifteen complete pairs and two tasks; rows inserted in the order that is drawn."""
    campaign = make_campaign()
    paintings, clips = items
    cells = [(p, c) for p in range(len(paintings)) for c in range(len(clips))]
    pairs = {cell: _pair(campaign, paintings[cell[0]], clips[cell[1]]) for cell in order.sample(cells, len(cells))}
    work = [(cell, number) for cell in cells for number in range(len(raters)) if number != sum(cell) % len(raters)]
    for (p, c), number in order.sample(work, len(work)):
        make_rating(
            pair=pairs[p, c],
            rater=raters[number],
            value=round(min(1.0, 0.2 * p + 0.05 * c + 0.03 * number), 2),
            now=BEGAN + timedelta(hours=number),
            played_ms=15_000,
            active_ms=20_000 + number,
            input_method="keyboard" if number % 2 else "mouse",
            evidence=EVIDENCE if number else {},
        )
    asked = [
        ("music->painting", (pairs[2, 0], pairs[1, 0]), clips[0].key),
        ("painting->music", (pairs[2, 0], pairs[2, 1]), paintings[2].key),
    ]
    for direction, two, query in order.sample(asked, len(asked)):
        vote(campaign, raters, direction=direction, pairs=two, query=query)
    return campaign


def _pair(campaign: Campaign, painting: Painting, clip: Clip) -> Pair:
    return make_pair(campaign=campaign, painting=painting, clip=clip)
