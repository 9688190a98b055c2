"""Random pairs at the paper's scale, and a site's campaign of them. Usage: python -m bench.pairing"""

from __future__ import annotations

import time
from collections import Counter

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.corpus.models import Clip, Painting, Track  # noqa: E402
from annotation_site.scoring.models import Campaign, Slot  # noqa: E402
from annotation_site.scoring.services import pairs_make  # noqa: E402
from mpd_builder.pairing import random_pairs  # noqa: E402

PAINTINGS, TRACKS, CLIPS, PAIRS = 11_085, 1_000, 6_127, 50_000


def drawing(*, balance: bool) -> float:
    """Draw the pairs without a site: a row, and the seconds."""
    paintings, clips = [f"p_{n:016x}" for n in range(PAINTINGS)], [f"c_{n:016x}_00" for n in range(CLIPS)]
    start = time.perf_counter()
    pairs = random_pairs(paintings, clips, count=PAIRS, seed=1, balance=balance)
    seconds = time.perf_counter() - start
    if len({pair.id for pair in pairs}) != PAIRS:
        raise SystemExit("a pair was drawn twice")
    uses = Counter(pair.painting_id for pair in pairs)
    spread = f"a painting in {min(uses[key] for key in paintings)} to {max(uses.values())} pairs"
    where = f"{PAIRS:,} of {PAINTINGS:,} x {CLIPS:,}, {'balanced' if balance else 'purely at random'}"
    print(f"pairing\t{where}\t{seconds:.2f} s, {spread}")
    return seconds


def in_a_site(least: float) -> None:
    """The same in a campaign, every pair with its slots."""
    call_command("migrate", verbosity=0)
    now = timezone.now()
    size = {"width": 600, "height": 500}
    Painting.objects.bulk_create(
        [Painting(key=f"p_{n:016x}", sha256=f"{n:064x}", created_at=now, **size) for n in range(PAINTINGS)]
    )
    sound = {"duration_s": 105.0, "sample_rate": 44_100, "channels": 2}
    tracks = Track.objects.bulk_create(
        [Track(key=f"t_{n:016x}", sha256=f"{n:064x}", created_at=now, **sound) for n in range(TRACKS)]
    )
    Clip.objects.bulk_create(
        [
            Clip(track=tracks[n % TRACKS], index=n // TRACKS, key=f"c_{n:016x}", start_frame=0, stop_frame=1)
            for n in range(CLIPS)
        ]
    )
    campaign = Campaign.objects.create(name="Bench", slug="bench", created_at=now)
    start = time.perf_counter()
    pairs_make(campaign=campaign, count=PAIRS, seed=1, balance=True, now=now)
    seconds = time.perf_counter() - start
    slots = Slot.objects.count()
    where, floor = f"{PAIRS:,} pairs, {slots:,} slots", f"drawing them, {least:.2f} s"
    print(f"make_pairs\t{where}\t{seconds:.1f} s\t{seconds / least:.0f} x\t{floor}")


if __name__ == "__main__":
    drawing(balance=False)
    in_a_site(drawing(balance=True))
