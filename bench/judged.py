"""A campaign of any size as rows alone, for measurements: items without media, complete pairs, raters and ratings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection, transaction

from annotation_site.accounts.models import Rater, User
from annotation_site.corpus.models import Clip, Painting, Track
from annotation_site.leases.models import ORDER_KEYS, SlotState
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot
from mpd_builder.pairing import random_pairs

PAINTINGS, CLIPS, RATERS, A_PAIR = 11_085, 6_127, 35, 5
BEGAN = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
EVIDENCE = {
    "clips": {
        "clip": {
            "ranges": [[0.0, 15.0]], "duration_s": 15.0, "played_ms": 15_000, "total_ms": 15_000, "plays": 1,
            "pauses": 0, "replays": 0, "seeks": 0, "rounds": 1, "gain_db": -3.25,
        }
    },
    "first_move_ms": 16_200, "hidden_ms": 0, "idle_ms": 0, "output_latency_ms": 12, "viewport_px": [1512, 862],
    "moves": 3, "scale_px": 720,
}  # fmt: skip
"""What a browser tells with a rating."""


def corpus() -> tuple[dict[str, int], dict[str, int]]:
    """Paintings and clips (three a track) of the paper's number; their rows' numbers by key."""
    texts = {"title": "A painting of something", "artist": "Somebody", "style": "style", "licence": "CC0-1.0"}
    texts |= {"display": "derived/00/d.jpg", "thumbnail": "derived/00/t.jpg"}
    paintings = Painting.objects.bulk_create(
        (
            Painting(key=f"p_{n:016x}", sha256=f"{n:064x}", width=800, height=600, created_at=BEGAN, **texts)
            for n in range(PAINTINGS)
        ),
        batch_size=2_000,
    )
    sound = {"duration_s": 45, "sample_rate": 44_100, "channels": 2, "title": "A piece", "licence": "CC-BY-4.0"}
    tracks = Track.objects.bulk_create(
        Track(key=f"t_{n:016x}", sha256=f"{n:064x}", created_at=BEGAN, **sound) for n in range(-(-CLIPS // 3))
    )
    clips = Clip.objects.bulk_create(
        (
            Clip(
                track=tracks[n // 3],
                index=n % 3,
                key=f"c_{n // 3:016x}_{n % 3:02d}",
                start_frame=661_500 * (n % 3),
                stop_frame=661_500 * (n % 3 + 1),
                audio="derived/00/c.flac",
                peaks=[-64, 64] * 600,
            )
            for n in range(CLIPS)
        ),
        batch_size=2_000,
    )
    return {row.key: row.pk for row in paintings}, {row.key: row.pk for row in clips}


def panel() -> list[Rater]:
    """35 raters, admitted."""
    users = User.objects.bulk_create(User(username=f"rater{n}") for n in range(RATERS))
    steps = {"consented_at": BEGAN, "briefed_at": BEGAN, "admitted_at": BEGAN, "created_at": BEGAN}
    return Rater.objects.bulk_create(
        Rater(user=user, code=f"R{n:03d}", order_seed=n * 61_356_675 % ORDER_KEYS, role="graduate", **steps)
        for n, user in enumerate(users)
    )


@transaction.atomic
def campaign(pairs: int) -> Campaign:
    """So many complete pairs, each scored by five of the raters around a truth of its own."""
    paintings, clips = corpus()
    raters = panel()
    made = Campaign.objects.create(name="Bench", slug="bench", heard_percent=0, created_at=BEGAN)
    rng = np.random.default_rng(1)
    drawn = random_pairs(list(paintings), list(clips), count=pairs, seed=1)
    for start in range(0, pairs, 5_000):
        some = drawn[start : start + 5_000]
        rows = Pair.objects.bulk_create(
            Pair(
                campaign=made,
                painting_id=paintings[pair.painting_id],
                clip_id=clips[pair.clip_id],
                key=pair.id,
                rating_count=A_PAIR,
                score=0.5,
                completed_at=BEGAN,
                created_at=BEGAN,
            )
            for pair in some
        )
        _rate(made, rows, raters, rng)
    return made


def _rate(made: Campaign, pairs: list[Pair], raters: list[Rater], rng: np.random.Generator) -> None:
    truth_P = rng.beta(1.6, 1.6, len(pairs))
    value_P5 = np.clip(np.round(truth_P[:, None] + rng.normal(0, 0.08, (len(pairs), A_PAIR)), 2), 0, 1)
    held = [
        Slot(
            pair=pair,
            campaign=made,
            index=n,
            quota=A_PAIR,
            order_key=int(rng.integers(ORDER_KEYS)),
            state=SlotState.FILLED,
            rater=raters[(pair.pk + 7 * n) % RATERS],
            token=UUID(int=pair.pk * A_PAIR + n),
            leased_at=BEGAN,
        )
        for pair in pairs
        for n in range(A_PAIR)
    ]
    slots = Slot.objects.bulk_create(held, batch_size=5_000)
    Rating.objects.bulk_create(
        (
            Rating(
                slot=slot,
                pair_id=slot.pair_id,
                rater_id=slot.rater_id,
                value=float(value_P5.flat[number]),
                key=slot.token,
                played_ms=15_000,
                active_ms=21_000,
                input_method="keyboard",
                evidence=EVIDENCE,
                created_at=BEGAN + timedelta(minutes=slot.pair_id % 80_000),
            )
            for number, slot in enumerate(slots)
        ),
        batch_size=5_000,
    )


def settled() -> None:
    """Have the database look at its rows once, as one that runs for long has done."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
