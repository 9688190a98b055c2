"""Shards that end at once, and batches approved at once: over real threads, on both databases, things happen once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import connections

from annotation_site.jobs.models import Job, JobState
from annotation_site.rescoring import services, sharding, tasks, working
from annotation_site.rescoring.errors import RescoringError
from annotation_site.rescoring.models import Proposal, Rescoring, Stage
from annotation_site.rescoring.proposals import pairs_drop, proposal_approve
from annotation_site.rescoring.services import rescoring_follow
from annotation_site.scoring.models import Pair, Slot
from tests.conftest import NOON
from tests.factories import make_admin
from tests.rescoring.makers import FakeModel, proposed, scored, small_campaign, start

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do all of it in threads that begin together; results in order, exceptions as they were raised."""
    barrier = Barrier(len(works))
    results: list[Any] = [None] * len(works)

    def do(number: int, work: Callable[[], Any]) -> None:
        try:
            barrier.wait(timeout=60)
            results[number] = work()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            results[number] = error
        finally:
            connections.close_all()

    threads = [Thread(target=do, args=one) for one in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return results


def test_of_shards_that_end_at_once_the_last_lets_the_scores_be_joined_once(monkeypatch):
    monkeypatch.setattr(sharding, "PAIRS_A_SHARD", 2)
    model, sent = FakeModel(), []
    monkeypatch.setattr(working, "follow", model.follow)
    monkeypatch.setattr(services, "job_enqueue", lambda *, job, now: sent.append(job))
    rescoring = start(small_campaign(), pool_size=11, ask_for=3)
    tasks.run(rescoring.pk)
    shards = list(rescoring.shards.all())
    assert len(shards) == 6
    sent.clear()
    found = at_once([lambda pk=shard.pk: tasks.score_shard(pk) for shard in shards])
    assert found == [JobState.DONE] * 6
    rescoring.refresh_from_db()
    assert (rescoring.state, rescoring.stage, rescoring.done) == (JobState.QUEUED, Stage.JOINING, 11)
    joins: list[Job] = [job for job in sent if isinstance(job, Rescoring)]
    assert len(joins) == 1
    ended = at_once(
        [lambda: tasks.run(rescoring.pk)] * 4 + [lambda: rescoring_follow(rescoring_id=rescoring.pk, now=NOON)]
    )
    assert sorted(map(str, ended[:4])) == ["done", "not ours", "not ours", "not ours"]
    assert Proposal.objects.count() == 1


def test_two_admins_and_their_double_clicks_ask_for_a_batch_once():
    campaign = small_campaign()
    rescoring = scored(campaign)
    proposal = proposed(rescoring, count=9)
    admins = [make_admin() for _ in range(2)]
    clicks = [lambda who=who: proposal_approve(proposal=proposal, user=who, now=NOON) for who in admins * 3]
    assert at_once(clicks) == [9] * 6
    rescoring.refresh_from_db()
    asked = Pair.objects.exclude(origin="random")
    assert (asked.count(), rescoring.n_asked) == (9, 9)
    assert Slot.objects.filter(pair__in=asked).count() == 45
    assert proposal.pairs.filter(pair__isnull=False).count() == 9


def test_what_is_dropped_while_somebody_approves_is_dropped_before_or_refused():
    """Never is a pair asked that the page shows as dropped."""
    proposal = proposed(scored(small_campaign()), count=6)
    first = proposal.pairs.get(rank=0)
    asked, dropped = at_once(
        [
            lambda: proposal_approve(proposal=proposal, user=None, now=NOON),
            lambda: pairs_drop(proposal=proposal, pair_ids=[first.pk]),
        ]
    )
    first.refresh_from_db()
    assert (asked, dropped, first.is_dropped, first.pair_id is None) in [(5, 1, True, True)] or (
        asked == 6 and isinstance(dropped, RescoringError) and not first.is_dropped
    )
