"""Exports while raters go on rating: neither waits for the other, and the snapshot is of one moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.db.utils import DatabaseError

from annotation_site.accounts.models import Rater
from annotation_site.scoring.holding import pairs_hold
from annotation_site.scoring.models import Campaign, Pair, Rating, RatingState
from annotation_site.scoring.services import rating_submit
from annotation_site.snapshots import exporting
from annotation_site.snapshots.exporting import export_campaign
from annotation_site.snapshots.selectors import one_moment
from annotation_site.snapshots.source import CampaignSource
from mpd_builder import snapshot
from mpd_builder.records import Rating as RatingRecord
from mpd_builder.snapshot import MediaChoice, Recipe
from tests.conftest import NOON
from tests.factories import make_campaign, make_clip, make_painting, make_pair, make_rater, make_rating

pytestmark = pytest.mark.django_db(transaction=True)

TABLES = Recipe("tables", media=MediaChoice.NONE, arrays=False)
PATIENCE_S = 30


@pytest.fixture
def campaign() -> Campaign:
    """Two complete pairs, and thirty that nobody has rated."""
    campaign, painting = make_campaign(), make_painting()
    raters = [make_rater() for _ in range(5)]
    for _ in range(2):
        pair = make_pair(campaign=campaign, painting=painting, clip=make_clip())
        for number, rater in enumerate(raters):
            make_rating(pair=pair, rater=rater, value=0.1 * number)
    for _ in range(30):
        make_pair(campaign=campaign, painting=painting, clip=make_clip())
    return campaign


class Crew:
    """Raters in threads, each with a connection of its own, who rate whatever there is. What they told is stored."""

    def __init__(self, campaign: Campaign, count: int) -> None:
        self.campaign = campaign
        self.faults: list[BaseException] = []
        self.stored: list[int] = []
        self.raters = [make_rater(is_simulated=True, order_seed=number * 400_000_000) for number in range(count)]

    def at_work(self, rater: Rater, over: threading.Event, most: int) -> None:
        try:
            for number in range(most):
                now = NOON + timedelta(minutes=number)
                leases = pairs_hold(rater=rater, campaign=self.campaign, count=1, now=now).leases
                if over.is_set() or not leases or leases[0].token is None:
                    return
                told = {"token": leases[0].token, "key": uuid4(), "value": 0.5, "now": now, "waive_gate": True}
                self.stored.append(rating_submit(rater=rater, **told).rating.pk)
        except BaseException as fault:
            self.faults.append(fault)
            raise
        finally:
            connections.close_all()

    def begin(self, over: threading.Event, *, most: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self.at_work, args=(rater, over, most)) for rater in self.raters]
        for thread in threads:
            thread.start()
        return threads

    def rate_once_each(self) -> None:
        """Everybody gives one rating, all at once; this returns when all of them are stored."""
        before = len(self.stored)
        for thread in self.begin(threading.Event(), most=1):
            thread.join(PATIENCE_S)
        assert not self.faults
        assert len(self.stored) == before + len(self.raters)


def exported(campaign: Campaign, folder: Path) -> snapshot.Snapshot:
    export_campaign(
        campaign=campaign, recipe=TABLES, out_dir=folder, created_on=NOON.date(), progress=lambda *told: None
    )
    return snapshot.read(folder)


def test_ratings_are_taken_in_the_middle_of_an_export_and_are_not_in_it(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crew = Crew(campaign, 5)

    class Interrupted(CampaignSource):
        """Between two rows of the ratings, everybody rates."""

        def ratings(self) -> Iterator[RatingRecord]:
            for number, rating in enumerate(super().ratings()):
                if number == 3:
                    crew.rate_once_each()
                yield rating

    monkeypatch.setattr(exporting, "CampaignSource", Interrupted)
    before = Rating.objects.count()
    data = exported(campaign, tmp_path / "s")
    assert (len(data.pairs), len(data.ratings)) == (2, 10)
    assert data.manifest["facts"]["incomplete_pairs"] == 0
    assert Rating.objects.filter(state=RatingState.COUNTED).count() == before + 5
    monkeypatch.undo()
    later = exported(campaign, tmp_path / "later")
    assert len(later.pairs) + later.manifest["facts"]["incomplete_pairs"] > 2


def test_pairs_and_ratings_are_of_the_same_moment(campaign: Campaign) -> None:
    """A pair that completes between the two reads is in neither."""
    crew = Crew(campaign, 5)
    with one_moment():
        source = CampaignSource(campaign)
        pairs = [pair.id for pair in source.pairs()]
        make = threading.Thread(target=_add_a_complete_pair, args=(campaign, crew.raters))
        make.start()
        make.join(PATIENCE_S)
        assert not make.is_alive()
        assert {rating.pair_id for rating in source.ratings()} <= set(pairs)
        assert len(list(source.ratings())) == 10
    assert len(list(CampaignSource(campaign).ratings())) == 15


def _add_a_complete_pair(campaign: Campaign, raters: list[Rater]) -> None:
    try:
        pair = make_pair(campaign=campaign)
        for rater in raters:
            make_rating(pair=pair, rater=rater, value=0.5)
    finally:
        connections.close_all()


@pytest.mark.slow
def test_no_snapshot_is_torn_while_a_crew_rates(campaign: Campaign, tmp_path: Path) -> None:
    """Every pair of every snapshot has exactly its ratings, and the database never had fewer than the one before."""
    crew, over = Crew(campaign, 6), threading.Event()
    threads = crew.begin(over, most=100)
    sizes = []
    try:
        while any(thread.is_alive() for thread in threads) and len(sizes) < 40:
            data = exported(campaign, tmp_path / str(len(sizes)))
            counts = data.ratings.groupby("pair_id").size()
            assert (data.pairs.set_index("pair_id")["n_ratings"] == counts).all()
            assert set(counts) == {5}
            assert len(data.ratings) == data.manifest["facts"]["ratings"] == 5 * len(data.pairs)
            sizes.append(len(data.pairs))
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert not crew.faults
    assert sizes == sorted(sizes)
    assert len(exported(campaign, tmp_path / "end").pairs) == Pair.objects.exclude(completed_at=None).count()


def test_nothing_can_be_written_by_mistake_while_a_moment_is_read(campaign: Campaign) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no read-only transactions: there it is a rule only")
    with pytest.raises(DatabaseError, match="read-only"), one_moment():
        Campaign.objects.update(name="changed")


def test_other_transactions_begin_as_ever_afterwards() -> None:
    with one_moment():
        Campaign.objects.exists()
    if connection.vendor == "sqlite":
        assert connection.transaction_mode == "IMMEDIATE"
    with transaction.atomic():
        make_campaign()
