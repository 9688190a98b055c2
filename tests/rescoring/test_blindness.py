"""Raters cannot tell pairs that a model asked for from others: all that they can fetch is the same without it."""

from __future__ import annotations

import re
from collections.abc import Callable
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.test import Client
from rest_framework.test import APIClient
from scipy import stats

from annotation_site.accounts.mine.data import own_data
from annotation_site.accounts.models import Rater
from annotation_site.leases.models import Queue
from annotation_site.rescoring.models import Proposal, ProposedPair
from annotation_site.rescoring.proposals import proposal_approve
from annotation_site.scoring.models import Campaign, Pair, Slot
from tests.conftest import NOON
from tests.factories import make_pair, make_rater
from tests.rescoring.makers import make_corpus, proposed, scored

pytestmark = pytest.mark.django_db

Fetch = Callable[[], str]
VARYING = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a token
    r'|name="csrfmiddlewaretoken" value="\w+"|content="\w{64}"|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)'
)


def vera_at_work(campaign: Campaign) -> Rater:
    """She has rated one of the asked pairs, and holds two others."""
    Campaign.objects.filter(pk=campaign.pk).update(heard_percent=0, repeat_percent=0)
    vera = make_rater("vera")
    client = APIClient()
    client.force_login(vera.user)
    work = client.post("/api/v1/scoring/leases/", {"campaign": campaign.slug, "count": 3}, format="json").json()
    token = work["leases"][0]["token"]
    sent = {"token": token, "key": str(uuid4()), "value": 0.5, "evidence": {"clips": {"clip": {"gain_db": 0.0}}}}
    assert client.post("/api/v1/scoring/ratings/", sent, format="json").status_code == 201
    return vera


def all_that_she_can_fetch(vera: Rater, campaign: Campaign) -> dict[str, str]:
    """Every page and endpoint of a rater, with what differs from one request to the next left out."""
    browser, api = Client(), APIClient()
    for client in (browser, api):
        client.force_login(vera.user)
    found = {
        page: browser.get(page).text
        for page in ("/", f"/score/{campaign.slug}/", f"/prefer/{campaign.slug}/", "/me/", "/api/v1/me/")
    }
    for room in ("scoring", "preferences"):
        asked = {"campaign": campaign.slug, "count": 3}
        found[f"leases of {room}"] = api.post(f"/api/v1/{room}/leases/", asked, format="json").content.decode()
    with own_data(rater=vera, now=NOON) as file, ZipFile(file) as archive:
        found |= {name: archive.read(name).decode() for name in archive.namelist()}
    return {name: VARYING.sub("*", text) for name, text in found.items()}


def test_all_that_a_rater_can_fetch_is_the_same_without_the_model(campaign):
    proposal = proposed(scored(campaign), count=9)
    ProposedPair.objects.update(score=0.123456, sd=0.0654321)
    proposal_approve(proposal=proposal, user=None, now=NOON)
    vera = vera_at_work(campaign)
    held = Slot.objects.filter(rater=vera).values_list("pair__origin", flat=True)
    assert set(held) <= {"model", "control"}, "what she holds was asked for"
    with_model = all_that_she_can_fetch(vera, campaign)
    assert len(with_model) > 10
    for name, text in with_model.items():
        assert "0.123" not in text, name
        assert "0.0654" not in text, name
    ProposedPair.objects.all().delete()
    Proposal.objects.all().delete()
    Pair.objects.update(origin=Pair.Origin.RANDOM)
    Slot.objects.filter(queue=Queue.ASKED_BEGUN).update(queue=Queue.BEGUN)
    Slot.objects.filter(queue=Queue.ASKED).update(queue=Queue.FRESH)
    assert all_that_she_can_fetch(vera, campaign) == with_model


def test_a_lease_of_an_asked_pair_has_the_fields_of_any_other(campaign):
    proposal_approve(proposal=proposed(scored(campaign), count=1), user=None, now=NOON)
    make_pair(campaign=campaign)
    vera = make_rater()
    client = APIClient()
    client.force_login(vera.user)
    asked = {"campaign": campaign.slug, "count": 3}
    leases = client.post("/api/v1/scoring/leases/", asked, format="json").json()["leases"]
    origins = set(Slot.objects.filter(rater=vera).values_list("pair__origin", flat=True))
    assert origins == {"random", "model"}
    assert len({(*lease, *lease["painting"], *lease["clip"]) for lease in leases}) == 1
    assert set(leases[0]) == {"token", "issued_at", "expires_at", "painting", "clip"}


def test_rows_and_places_in_the_queue_do_not_follow_the_models_doubt(campaign):
    """Neither the order of the rows nor the ring on which raters walk goes by rank."""
    make_corpus(paintings=8, clips=5)
    proposal = proposed(scored(campaign), count=60)
    proposal_approve(proposal=proposal, user=None, now=NOON)
    rows = list(proposal.pairs.filter(pair__isnull=False).values_list("rank", "pair_id").order_by("rank"))
    assert len(rows) > 50
    ranks, pks = zip(*rows, strict=True)
    assert abs(stats.spearmanr(ranks, pks).statistic) < 0.5
    slots = list(Slot.objects.filter(pair__in=pks, index=0).order_by("pair").values_list("order_key", flat=True))
    of_pair = dict(zip(sorted(pks), slots, strict=True))
    assert abs(stats.spearmanr(ranks, [of_pair[pk] for pk in pks]).statistic) < 0.5
