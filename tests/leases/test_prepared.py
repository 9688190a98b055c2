"""A prepared queryset answers as the queryset itself does, on both databases, whatever the values of a call."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import Count, OuterRef, Subquery
from django.test.utils import CaptureQueriesContext

from annotation_site.accounts.models import Rater
from annotation_site.prepared import Bound, Prepared, PreparedInsert, PreparedUpdate, bound
from annotation_site.scoring.models import Campaign, Pair, Rating, Slot, SlotState
from annotation_site.scoring.services import pairs_make
from tests.factories import NOON, make_campaign, make_painting, make_rater, make_track

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign() -> Campaign:
    for _ in range(4):
        make_painting()
    make_track(clips=3)
    campaign = make_campaign()
    pairs_make(campaign=campaign, count=6, seed=1, balance=False, now=NOON)
    return campaign


def test_it_finds_the_same_instances_with_other_values_each_time(campaign: Campaign) -> None:
    one = Prepared(lambda: Slot.objects.filter(pk=bound(Slot, "id")))
    for slot in Slot.objects.all()[:7]:
        assert one(id=slot.pk) == [slot]
        assert vars(one(id=slot.pk)[0]).keys() == vars(slot).keys()
    assert one(id=0) == []
    assert one.first(id=0) is None


def test_joined_instances_come_with_it_and_ask_nothing_more(campaign: Campaign) -> None:
    whole = Prepared(
        lambda: Slot.objects.select_related("pair__painting", "pair__clip__track").filter(pair=bound(Slot, "pair"))
    )
    pair = Pair.objects.select_related("painting", "clip__track")[2]
    slots = whole(pair=pair.pk)
    with CaptureQueriesContext(connection) as asked:
        assert [(slot.pair.painting, slot.pair.clip.track) for slot in slots] == [(pair.painting, pair.clip.track)] * 5
    assert len(asked) == 0


def test_dates_uuids_and_annotations_keep_their_types(campaign: Campaign) -> None:
    rater, token, slot = make_rater(), uuid4(), Slot.objects.all()[3]
    lease = PreparedUpdate(
        lambda: Slot.objects.filter(pk=bound(Slot, "id")),
        state=SlotState.LEASED,
        rater=bound(Slot, "rater"),
        **{name: bound(Slot, name) for name in ("token", "leased_at", "lease_expires_at")},
    )
    until = NOON + timedelta(minutes=20, microseconds=7)
    assert lease(id=slot.pk, rater=rater.pk, token=token, leased_at=NOON, lease_expires_at=until) == 1
    slots = Slot.objects.filter(pair=OuterRef("pk")).values("pair").annotate(n=Count("pk")).values("n")
    leased = Prepared(lambda: Slot.objects.filter(token=bound(Slot, "token")).values_list("token", "lease_expires_at"))
    counted = Prepared(lambda: Pair.objects.filter(pk=bound(Pair, "id")).annotate(n_slots=Subquery(slots)))
    assert leased(token=token) == [(token, until)]
    assert [pair.n_slots for pair in counted(id=slot.pair_id)] == [5]  # type: ignore[attr-defined]
    assert lease(id=0, rater=rater.pk, token=token, leased_at=None, lease_expires_at=None) == 0


def test_a_row_put_in_is_the_row_that_create_would_make(campaign: Campaign) -> None:
    rater, pair, put = make_rater(), Pair.objects.all()[0], PreparedInsert(Rating)
    told = {"value": 0.25, "played_ms": 15_000, "evidence": {"ranges": [[0, 15]]}, "created_at": NOON}
    for turn in range(3):
        row = put(pair=pair, rater=rater, key=uuid4(), state="surplus", **told)
        found = Rating.objects.get(pk=row.pk)
        assert not row._state.adding
        assert row.evidence == found.evidence == {"ranges": [[0, 15]]}
        assert {name: getattr(found, name) for name in told} == told
        assert Rating.objects.count() == turn + 1
    made = Rating.objects.create(pair=pair, rater=rater, key=uuid4(), state="surplus", **told)
    same = {field.attname for field in Rating._meta.concrete_fields} - {"id", "key"}
    assert all(getattr(made, name) == getattr(found, name) for name in same)


def test_a_lock_is_part_of_the_statement_where_the_database_has_locks() -> None:
    rater = make_rater()
    locked = Prepared(lambda: Rater.objects.select_for_update(no_key=True).filter(pk=bound(Rater, "id")))
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        assert locked(id=rater.pk) == [rater]
        assert locked(id=rater.pk) == [rater]
    has_locks = connection.features.has_select_for_update
    assert all(("FOR NO KEY UPDATE" in query["sql"]) == has_locks for query in asked.captured_queries)


def test_a_value_that_is_not_given_is_an_error_not_a_null(campaign: Campaign) -> None:
    one = Prepared(lambda: Slot.objects.filter(pk=bound(Slot, "id")))
    with pytest.raises(KeyError, match="id"):
        one()
    assert isinstance(bound(Slot, "id"), Bound)
