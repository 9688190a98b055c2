"""Next pair and submit: the site's own work for one rating, without HTTP. Usage: python -m bench.rating PAIRS RATERS"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from uuid import uuid4

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, connections, transaction  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.accounts.models import Rater, User  # noqa: E402
from annotation_site.corpus.models import Clip, Painting, Track  # noqa: E402
from annotation_site.leases.services import lease_hold  # noqa: E402
from annotation_site.scoring.models import Campaign, Slot  # noqa: E402
from annotation_site.scoring.services import pairs_make, rating_submit  # noqa: E402
from bench.table import percentile  # noqa: E402

LOOPS = 300
PAINTINGS, TRACKS = 400, 100


def corpus() -> None:
    """Rows only: no media are touched by what is measured."""
    now = timezone.now()
    Painting.objects.bulk_create(
        Painting(key=f"p_{n:016x}", sha256=f"{n:064x}", width=800, height=600, created_at=now) for n in range(PAINTINGS)
    )
    tracks = Track.objects.bulk_create(
        Track(key=f"t_{n:016x}", sha256=f"{n:064x}", duration_s=60, sample_rate=44_100, channels=2, created_at=now)
        for n in range(TRACKS)
    )
    Clip.objects.bulk_create(
        Clip(
            track=track,
            index=n,
            key=f"c_{track.sha256[-16:]}_{n}",
            start_frame=n,
            stop_frame=n + 661_500,
            peaks=[0] * 1200,
        )
        for track in tracks
        for n in range(4)
    )


def raters(count: int) -> list[Rater]:
    now = timezone.now()
    found = []
    for n in range(count):
        user = User.objects.create(username=f"bench{n}")
        found.append(
            Rater.objects.create(user=user, code=f"b{n}", order_seed=n * 61_356_675, is_simulated=True, created_at=now)
        )
    return found


def timed(work: Callable[[], object], into: list[float]) -> object:
    start = time.perf_counter()
    result = work()
    into.append(1000 * (time.perf_counter() - start))
    return result


def loop(campaign: Campaign, rater: Rater, claims: list[float], submits: list[float], loops: int) -> None:
    for _ in range(loops):
        held = timed(
            lambda: lease_hold(model=Slot, rater=rater, campaign=campaign, count=2, now=timezone.now()), claims
        )
        slot = held[0]  # type: ignore[index]
        timed(
            lambda slot=slot: rating_submit(
                rater=rater, token=slot.token, key=uuid4(), value=0.5, waive_gate=True, now=timezone.now()
            ),
            submits,
        )
    connections.close_all()


def floor(rater: Rater) -> float:
    """One committed UPDATE of one row: what the least that a rating could do costs here, in milliseconds."""
    times: list[float] = []
    for _ in range(200):

        def touch() -> None:
            with transaction.atomic():
                Rater.objects.filter(pk=rater.pk).update(background="bench")

        timed(touch, times)
    return percentile(times, 0.5)


def main(pairs: int, people: int) -> None:
    call_command("migrate", verbosity=0)
    corpus()
    campaign = Campaign.objects.create(name="Bench", slug="bench", created_at=timezone.now())
    pairs_make(campaign=campaign, count=pairs, seed=1, balance=False, now=timezone.now())
    crew = raters(people)
    if connection.vendor == "postgresql":
        connection.cursor().execute("ANALYZE")
    least = floor(crew[0])
    claims: list[float] = []
    submits: list[float] = []
    loops = max(20, LOOPS // people)
    threads = [threading.Thread(target=loop, args=(campaign, rater, claims, submits, loops)) for rater in crew]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    where = f"{pairs:,} pairs, {people} rater{'s' * (people > 1)}, {connection.vendor}"
    for what, times in (("next pair", claims), ("submit", submits)):
        p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
        figure, ratio = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms", f"{p50 / least:.1f} x"
        print("\t".join((what, where, figure, ratio, f"one committed UPDATE, {least:.2f} ms")))
    print(f"rating loops\t{where}\t{len(submits) / seconds:.0f} a second\t\t")


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
