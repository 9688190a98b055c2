"""Rating over HTTP: gunicorn with the whole site, raters at once. Usage: python -m bench.rating PAIRS RATERS...

A loop is one submission, whose answer carries the next pair. Every count of raters is measured twice: as fast as they
can (loops a second, processor time a loop), and each pausing a second between answers, which is still twenty times
faster than 15 seconds of music allow (latency by the server's own clock, from the first byte read to the last written).
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from annotation_site.accounts.models import Rater, User  # noqa: E402
from annotation_site.corpus.models import Clip, Painting, Track  # noqa: E402
from annotation_site.leases.models import ORDER_KEYS  # noqa: E402
from annotation_site.scoring.models import Campaign, Rating  # noqa: E402
from annotation_site.scoring.services import pairs_make  # noqa: E402
from bench.crew import Load, ask_who, crowd  # noqa: E402
from bench.serving import Server, database_pid, processor_seconds  # noqa: E402
from bench.table import percentile, timed  # noqa: E402

PAINTINGS, TRACKS = 2_000, 300
SECONDS = 6.0


def corpus() -> None:
    """Rows only, no media. The clips have no length, so that nobody has to listen."""
    now = timezone.now()
    media = {"display": "derived/00/d.jpg", "thumbnail": "derived/00/t.jpg"}
    Painting.objects.bulk_create(
        Painting(key=f"p_{n:016x}", sha256=f"{n:064x}", width=800, height=600, created_at=now, **media)
        for n in range(PAINTINGS)
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
            stop_frame=n,
            audio="derived/00/c.flac",
            peaks=[-64, 64] * 600,
        )
        for track in tracks
        for n in range(4)
    )


def sessions(count: int) -> list[str]:
    """So many raters, consented and briefed, each logged in; their session keys."""
    now, found = timezone.now(), []
    for n in range(count):
        user = User.objects.create(username=f"bench{n}")
        Rater.objects.create(
            user=user,
            code=f"b{n}",
            order_seed=n * 61_356_675 % ORDER_KEYS,
            consented_at=now,
            briefed_at=now,
            admitted_at=now,
            created_at=now,
        )
        client = Client()
        client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
        found.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return found


def floor() -> float:
    """One committed UPDATE of one row: what the least that a rating could do costs here, in milliseconds."""
    rater = Rater.objects.all()[0]

    def touch() -> None:
        with transaction.atomic():
            Rater.objects.filter(pk=rater.pk).update(background="bench")

    return percentile([timed(touch) for _ in range(200)], 0.5)


@dataclass(frozen=True, slots=True)
class Site:
    """What is measured: a running server over a database with so many pairs."""

    server: Server
    pairs: int
    least: float

    def where(self, raters: int) -> str:
        return f"{self.pairs:,} pairs, {raters} rater{'s' * (raters > 1)}, {connection.vendor}"

    def at_full_speed(self, keys: list[str]) -> None:
        before, stored = self._processor(), Rating.objects.count()
        load = crowd(self.server.port, keys, seconds=SECONDS, pause=0.0, apart=False)
        site, database = (now - then for now, then in zip(self._processor(), before, strict=True))
        loops = Rating.objects.count() - stored
        _check(load, loops)
        figure = f"{loops / load.seconds:.0f} a second, {1000 * site / loops:.1f} ms of processor each"
        in_database = f"; the database {1000 * database / loops:.1f} ms" if database else ""
        least = self.least_request(keys)
        beside = (
            f"{1000 * site / loops / least:.1f} x\tthe least request of someone logged in, {least:.1f} ms of processor"
        )
        print(f"rating loops\t{self.where(len(keys))}\t{figure}{in_database}\t{beside}")

    def least_request(self, keys: list[str]) -> float:
        """Milliseconds of the site's processor that a request costs which only says who is logged in."""
        before = self._processor()
        count = ask_who(self.server.port, keys, seconds=SECONDS / 3)
        return 1000 * (self._processor()[0] - before[0]) / count

    def warm_up(self, keys: list[str]) -> None:
        """Until every worker has imported what its first request needs."""
        for _ in range(3):
            ask_who(self.server.port, keys, seconds=1.0)
            crowd(self.server.port, keys, seconds=1.0, pause=0.0, apart=True)
        self.server.times()

    def at_a_steady_pace(self, keys: list[str]) -> None:
        self.server.times()
        _check(crowd(self.server.port, keys, seconds=SECONDS, pause=1.0, apart=False), 1)
        submits = self.server.times()["/api/v1/scoring/ratings/"]
        _check(crowd(self.server.port, keys, seconds=SECONDS, pause=1.0, apart=True), 1)
        claims = self.server.times()["/api/v1/scoring/leases/"]
        for what, times in (("next pair", claims), ("submit and next pair", submits)):
            p50, p95, p99 = (percentile(times, share) for share in (0.5, 0.95, 0.99))
            figure = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, p99 {p99:.1f} ms"
            beside = f"{p50 / self.least:.1f} x\tone committed UPDATE, {self.least:.2f} ms"
            print(f"{what}\t{self.where(len(keys))}\t{figure}\t{beside}")

    def _processor(self) -> tuple[float, float]:
        pid = database_pid()
        return processor_seconds(self.server.pid), processor_seconds(pid) if pid else 0.0


def _check(load: Load, loops: int) -> None:
    if load.refused or loops < 1:
        raise SystemExit(f"the server refused: {load.refused[:3]}")


def main(pairs: int, crews: list[int]) -> None:
    call_command("migrate", verbosity=0)
    corpus()
    campaign = Campaign.objects.create(name="Bench", slug="bench", created_at=timezone.now())
    seconds = (
        timed(lambda: pairs_make(campaign=campaign, count=pairs, seed=1, balance=False, now=timezone.now())) / 1000
    )
    print(f"make pairs\t{pairs:,} pairs with 5 slots, {connection.vendor}\t{seconds:.1f} s\t\t")
    keys = sessions(max(crews))
    if connection.vendor == "postgresql":
        connection.cursor().execute("ANALYZE")
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        site = Site(server, pairs, floor())
        site.warm_up(keys[:8])
        for raters in crews:
            site.at_a_steady_pace(keys[:raters])
            site.at_full_speed(keys[:raters])


if __name__ == "__main__":
    main(int(sys.argv[1]), [int(count) for count in sys.argv[2:]])
